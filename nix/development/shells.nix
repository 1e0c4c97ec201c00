# Shells to work on this project in: the whole environment, the package from the working tree, the tools.
{
  pkgs,
  environments,
  recipes,
}:
let
  shell =
    {
      name,
      environment,
      recipe,
      description,
    }:
    pkgs.mkShell {
      inherit name;
      packages = [
        environment
        pkgs.git
        pkgs.nixfmt
        pkgs.poetry
        pkgs.shellcheck
      ];
      shellHook = ''
        root=$(git rev-parse --show-toplevel 2>/dev/null || pwd)
        if [ -e "$root/python/jupyter_utils" ]; then
          # Editable: what is imported is the working tree.
          export PYTHONPATH="$root/python''${PYTHONPATH:+:$PYTHONPATH}"
          echo "jupyter-utils lab        start JupyterLab and MLflow with the working tree's package"
          echo "pytest tests/unit        run tests;  nix flake check  runs what CI runs;  nix fmt  formats"
          echo "python python/lock.py    refresh the lock after a change of python/pyproject.toml"
        else
          # A project made from the template: its runs keep what builds this environment again.
          export JUPYTER_UTILS_RECIPE=${recipe}
          echo "jupyter-utils lab                   start JupyterLab and MLflow here"
          echo "pytest tests                        run every notebook from top to bottom"
          echo "nix run LAB#lock -- --project .     lock the packages of pyproject.toml; LAB: the flake of the lab"
        fi
      '';
      meta = { inherit description; };
    };
in
{
  default = shell {
    name = "jupyter-utils-shell";
    environment = environments.environment-all;
    recipe = recipes.environment-all;
    description = "Shell to work in: the lab's Python and commands, what tests and formats, Git, Poetry";
  };
  gpu = shell {
    name = "jupyter-utils-shell-gpu";
    environment = environments.environment-all-gpu;
    recipe = recipes.environment-all-gpu;
    description = "The same shell with CUDA for NVIDIA GPUs";
  };
}
