# Everything that is made of nixpkgs: the environments, what people start in them, shells and checks.
# Works without the flake: import ./nix/nixpkgs { pkgs = import <nixpkgs> { }; poetry2nix = <a checkout of it>; }
{
  # A nixpkgs; the flake hands in the one that it pins, or the one that its user lets it follow.
  pkgs,
  # The sources of poetry2nix.
  poetry2nix,
  # The folder with pyproject.toml, poetry.lock, files.json and torch-cpu.json: ours, or what `lock.py --project` made.
  lock ? ../../python,
  # Further Python packages for lab and shells: a function of the interpreter's packages.
  extraPackages ? _packages: [ ],
  # The commit that images are labelled with.
  revision ? "unknown",
}:
let
  contents = import ../shared/environments.nix {
    inherit lock;
    test = [ "test" ];
  };
  environment = import ./environment.nix {
    inherit pkgs lock;
    poetry2nix = import poetry2nix {
      inherit pkgs;
      # Newer nixpkgs keep functions among the licenses, which poetry2nix takes for licenses.
      lib = pkgs.lib // {
        licenses = pkgs.lib.filterAttrs (_name: builtins.isAttrs) pkgs.lib.licenses;
      };
    };
  };
  programs = import ./programs.nix { inherit pkgs; };

  environments = builtins.mapAttrs (
    name: what:
    environment (
      what
      // {
        inherit name;
        # Not in MLflow's, in which nobody imports anything.
        extraPackages = if name == "environment-mlflow" then _packages: [ ] else extraPackages;
      }
    )
  ) contents;
  recipe = import ./recipe.nix { inherit lock; };
  recipes = builtins.mapAttrs (
    output: environment:
    let
      what = recipe.of {
        inherit output environment;
        inherit (contents.${output}) variant;
      };
    in
    pkgs.runCommand what.name {
      inherit (what) texts about;
    } "${pkgs.python311}/bin/python3 -sB ${../shared/recipe.py}"
  ) environments;
  delivered = import ./images.nix {
    inherit
      pkgs
      environments
      recipes
      lock
      revision
      ;
    inherit (recipe) name;
  };
  commands = builtins.mapAttrs (
    name: what:
    programs (
      what
      // {
        inherit name;
        environment = environments.${what.environment};
        recipe = recipes.${what.environment};
      }
    )
  ) (import ../shared/commands.nix);
in
rec {
  packages = commands // {
    default = commands.lab;
    jupyter-utils = environments.environment.jupyter-utils;
    inherit (environments)
      environment
      environment-gpu
      environment-mlflow
      environment-all
      environment-all-gpu
      ;
    # By name, so that who builds an environment need not have what only images are made of: a recipe lacks it.
    inherit (delivered.images) image image-gpu image-mlflow;
  };
  inherit (delivered) load load-gpu;
  inherit recipes;
  shells = import ../development/shells.nix { inherit pkgs environments recipes; };
  checks = import ../development/checks.nix {
    inherit pkgs;
    environment = environments.environment-all;
  };
  lock-command = pkgs.writeShellApplication {
    name = "lock";
    runtimeInputs = [ environments.environment-all ];
    # In a checkout, its own lock; elsewhere, with --project, a lock beside the one that this flake came with.
    text = ''
      command=python/lock.py
      [ -e "$command" ] || command=${../../python}/lock.py
      exec python3 "$command" "$@"
    '';
    meta.description = "Lock the Python packages anew after a change of pyproject.toml; --project DIR locks those of another project";
  };
  formatter = import ../development/formatter.nix {
    inherit pkgs;
    environment = environments.environment-all;
  };
}
