# A Python that stands in for nixpkgs': what poetry2nix asks of an interpreter and its packages, and no more.
{
  lib,
  pkgs,
  # As ./builders.nix has them.
  builders,
  # nixpkgs took this attribute away in June 2026.
  isPy27,
}:
let
  # nixpkgs takes lists within lists since 26.05 only with a warning.
  flat =
    name: attribute: inputs:
    if builtins.any builtins.isList inputs then
      builtins.trace "evaluation warning: nested list in ${attribute} of ${name}" (lib.flatten inputs)
    else
      inputs;

  # A package is the derivation of all that it was given, so that two of one path were given the same.
  build =
    arguments:
    let
      name = "${arguments.pname or arguments.name}-${arguments.version or "0"}";
      given = builtins.removeAttrs arguments [
        "meta"
        "passthru"
        "pos"
        "python"
        "pyProject"
      ];
      inputs = lib.mapAttrs (attribute: flat name attribute) (
        lib.filterAttrs (attribute: _value: lib.hasSuffix "nputs" attribute) given
      );
    in
    derivation (
      given
      // inputs
      // {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
      }
    )
    // {
      inherit (arguments) pname version;
      meta = arguments.meta or { };
      passthru = arguments.passthru or { };
      pythonModule = true;
      overridePythonAttrs =
        change: build (arguments // (if builtins.isFunction change then change arguments else change));
    }
    // arguments.passthru or { };

  make =
    {
      packageOverrides ? _final: _prev: { },
      self ? null,
    }:
    let
      python = if self == null then interpreter else self;
      packages =
        final:
        lib.genAttrs pkgs.pythonPackageNames pkgs.thing
        // {
          inherit python;
          callPackage = lib.callPackageWith (pkgs // final);
          buildPythonPackage = build;
          buildEnv = lib.makeOverridable (
            {
              extraLibs ? [ ],
              postBuild ? "",
            }:
            builders.package "python3-env" { inherit extraLibs postBuild; } { }
          ) { };
          hasPythonModule = value: value ? pythonModule;
          toPythonModule = value: value // { pythonModule = true; };
        }
        // lib.optionalAttrs isPy27 { isPy27 = false; };
      interpreter = pkgs.thing "python3-3.11.15" // {
        pname = "python3";
        version = "3.11.15";
        libPrefix = "python3.11";
        sitePackages = "lib/python3.11/site-packages";
        interpreter = "python3";
        inherit (pkgs) stdenv;
        passthru = {
          implementation = "cpython";
          pythonVersion = "3.11";
          sourceVersion = {
            major = "3";
            minor = "11";
            patch = "15";
            suffix = "";
          };
        };
        meta.platforms = [ "x86_64-linux" ];
        pkgs = lib.fix (lib.extends packageOverrides packages);
        inherit (interpreter.pkgs) buildEnv;
        pythonOnBuildForHost = python;
        withPackages = _choose: python;
        override = make;
      };
    in
    interpreter;
in
make { }
