# The debian base: the lock on a Debian system, with nothing but a Debian and a PyPI mirror in reach.
#
# Needs no nixpkgs, no flake and no network: ./fetch.py puts the pinned files into the store beforehand,
# everything here only refers to them by hash. `nix-build nix/debian -A lab` and `nix build .#debian.lab` are one thing.
{
  # The folder that holds pyproject.toml, files.json and torch-cpu.json; a project may hand in its own.
  python ? ../../python,
}:
let
  system = import ./system.nix;
  wheels = import ./wheels.nix { inherit system python; };
  environment = import ./environment.nix { inherit system wheels; };
  programs = import ./programs.nix { inherit system; };

  runtime = [ "main" "lab" "ml" "mlflow" ];
  cpu = environment { name = "environment"; variant = "cpu"; groups = runtime; };
  cuda = environment { name = "environment-gpu"; variant = "cuda"; groups = runtime; };
  server = environment { name = "environment-mlflow"; variant = "cpu"; groups = [ "main" "mlflow" ]; };
  everything = environment { name = "environment-all"; variant = "cpu"; groups = runtime ++ [ "test" "build" ]; };
  everything-gpu = environment { name = "environment-all-gpu"; variant = "cuda"; groups = runtime ++ [ "test" "build" ]; };
in
{
  environment = cpu;
  environment-gpu = cuda;
  environment-mlflow = server;

  lab = programs.command { name = "lab"; environment = cpu; command = "jupyter-utils lab"; };
  lab-gpu = programs.command { name = "lab-gpu"; environment = cuda; command = "jupyter-utils lab"; };
  mlflow = programs.command { name = "mlflow"; environment = server; command = "jupyter-utils mlflow"; };
  shell = programs.shell { name = "shell"; environment = cpu; };
  python = programs.command { name = "python"; environment = everything; command = "python"; };
  python-gpu = programs.command { name = "python-gpu"; environment = everything-gpu; command = "python"; };

  # What ./fetch.py must bring for each of the above; read by it with `nix eval --json`.
  files = {
    system = system.file;
    cpu = wheels.files "cpu" null;
    cuda = wheels.files "cuda" null;
    mlflow = wheels.files "cpu" [ "main" "mlflow" "build" ];
  };
}
