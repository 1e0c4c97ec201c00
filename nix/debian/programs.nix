# What people start: one program of an environment, with the Debian system's tools at hand.
{ system }:
let
  path = import ../shared/path.nix;
  inherit (import ../shared/project.nix) license;
  tools = system.run ./build/tools.py {
    name = "tools";
    inherit (system) root libraries;
    commands = builtins.concatMap (tool: tool.commands) (import ../shared/tools.nix).lab;
  };
  program =
    {
      name,
      environment,
      recipe, # of the environment
      script,
      description,
      # Whether it starts our own command, which the caller's Python settings must not reach.
      own ? false,
    }:
    system.run ./build/program.py {
      inherit name environment recipe;
      inherit (path) aside;
      script = if own then "${path.aside}\n${script}" else script;
      path = builtins.concatStringsSep "\n" [
        (path.program environment tools)
        (path.recipe recipe)
        (path.compilers {
          c = "${tools}/bin/gcc";
          cpp = "${tools}/bin/g++";
        })
      ];
    }
    // {
      meta = {
        inherit description license;
        mainProgram = name;
      };
      inherit environment tools;
    };
in
{
  command =
    {
      name,
      environment,
      recipe,
      command,
      description,
    }:
    program {
      inherit
        name
        environment
        recipe
        description
        ;
      script = ''exec ${environment}/bin/${command} "$@"'';
      own = builtins.match "jupyter-utils .*" command != null;
    };

  shell =
    {
      name,
      environment,
      recipe,
    }:
    program {
      inherit name environment recipe;
      script = ''
        PS1="(jupyter-utils) ''${PS1:-$ }"
        export PS1
        exec "''${SHELL:-/bin/sh}" "$@"
      '';
      description = "Open a shell with the lab's Python and its programs on the path";
    };
}
