# The debian base: the lock on a Debian system, with nothing but a Debian and a PyPI mirror in reach.
#
# Needs no nixpkgs, no flake and no network: ./fetch.py puts the pinned files into the store beforehand,
# everything here only refers to them by hash. `nix-build nix/debian -A lab` and `nix build .#debian.lab` are one thing.
{
  # The folder with pyproject.toml, poetry.lock, files.json and torch-cpu.json: ours, or what `lock.py --project` made.
  lock ? ../../python,
  # The pin of the Debian system: ours, or what ./fetch.py took where the pinned packages could not be had any more.
  pin ? ./system.json,
  # The commit that images are labelled with.
  revision ? "unknown",
}:
let
  system = import ./system.nix { inherit pin; };
  wheels = import ./wheels.nix { inherit system lock; };
  environment = import ./environment.nix { inherit system wheels; };
  programs = import ./programs.nix { inherit system; };

  contents = import ../shared/environments.nix {
    inherit lock;
    test = [
      "test"
      "build"
    ];
  };
  environments = builtins.mapAttrs (name: what: environment (what // { inherit name; })) contents;
  recipe = import ./recipe.nix { inherit lock pin; };
  recipes = builtins.mapAttrs (
    output: environment:
    system.run ../shared/recipe.py (
      recipe.of {
        inherit output environment;
        inherit (contents.${output}) variant;
      }
    )
  ) environments;
  images = import ./images.nix {
    inherit
      system
      environments
      recipes
      contents
      ;
    inherit (wheels) packages jupyter-utils;
    descriptions = import ../shared/image/config.nix {
      inherit revision;
      inherit (recipe) name;
      inherit (wheels) lockHash;
    };
  };
  command =
    name: what:
    programs.command (
      what
      // {
        inherit name;
        environment = environments.${what.environment};
        recipe = recipes.${what.environment};
      }
    );
  commands = builtins.mapAttrs command (import ../shared/commands.nix);
  inherit (commands) lab lab-gpu mlflow;
in
environments
// commands
// {
  # By name, so that who builds an environment need not have what only images are made of: a recipe lacks it.
  inherit (images)
    image
    image-gpu
    image-mlflow
    load
    load-gpu
    save
    save-gpu
    ;
  inherit recipes;
  # Both as systemd services: nix run .#debian.units -- --install
  units = import ./units.nix { inherit system lab mlflow; };
  units-gpu = import ./units.nix {
    inherit system mlflow;
    lab = lab-gpu;
    gpu = true;
  };
  python = command "python" {
    environment = "environment-all";
    command = "python";
    description = "Python with everything that this project's own scripts and tests need";
  };
  python-gpu = command "python-gpu" {
    environment = "environment-all-gpu";
    command = "python";
    description = "Python with everything that this project's own scripts and tests need, with CUDA for NVIDIA GPUs";
  };
  inherit (wheels) jupyter-utils;
  shell = programs.shell {
    name = "shell";
    inherit (environments) environment;
    recipe = recipes.environment;
  };

  # All that ./fetch.py can bring, read by it with `nix eval --json`; Nix tells it what of that an output wants.
  files = {
    system = system.file;
    wheels = wheels.files "cpu" null ++ wheels.files "cuda" null;
  };
}
