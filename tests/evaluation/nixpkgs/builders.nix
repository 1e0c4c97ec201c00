# nixpkgs' builders, as far as we use them: each takes the arguments that nixpkgs takes, and refuses others. What comes
# out is a derivation of them all, so that evaluating it evaluates every script.
{
  lib,
  pkgs,
  made,
}:
let
  # With what nixpkgs adds: meta, passthru, and overrideAttrs.
  package =
    name: attributes: extra:
    made name attributes
    // extra.passthru or { }
    // {
      meta = extra.meta or { };
      passthru = extra.passthru or { };
      overrideAttrs =
        change:
        let
          new = change extra;
        in
        package (new.name or name) attributes (extra // new);
    };
  commonMeta = lib.filterAttrs (name: _value: name == "meta" || name == "passthru");
in
{
  inherit package;

  runCommand =
    name: attributes: script:
    package name (
      removeAttrs attributes [
        "meta"
        "passthru"
      ]
      // {
        inherit script;
      }
    ) (commonMeta attributes);

  writeShellScript = name: text: made name { inherit text; };

  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      meta ? { },
    }:
    package name { inherit text runtimeInputs; } {
      meta = {
        mainProgram = name;
      }
      // meta;
    };

  mkShell =
    {
      name,
      packages,
      shellHook,
      meta,
    }:
    package name { inherit packages shellHook; } { inherit meta; };

  buildEnv =
    {
      name,
      paths,
      pathsToLink,
      ignoreCollisions,
    }:
    made name { inherit paths pathsToLink ignoreCollisions; };

  dockerTools.streamLayeredImage =
    {
      name,
      tag,
      maxLayers,
      contents,
      config,
      extraCommands,
    }:
    package "stream-${name}" {
      inherit
        tag
        maxLayers
        contents
        extraCommands
        ;
      config = builtins.toJSON config;
    } { };

  # Its machines are evaluated as those of the examples are.
  testers.runNixOSTest =
    {
      imports,
      globalTimeout,
      extraBaseModules,
    }:
    let
      test = import (builtins.head imports);
      machine =
        node:
        (lib.evalModules {
          specialArgs = { inherit pkgs; };
          modules = [
            ../modules/nixos.nix
            extraBaseModules
            node
          ];
        }).config.system.build.toplevel;
    in
    package "vm-test-run-${test.name}" {
      inherit globalTimeout;
      inherit (test) testScript;
      machines = map machine (lib.attrValues test.nodes);
    } { };
}
