# The debian base: the lock on a Debian system, with nothing but a Debian and a PyPI mirror in reach.
#
# Needs no nixpkgs, no flake and no network: ./fetch.py puts the pinned files into the store beforehand,
# everything here only refers to them by hash. `nix-build nix/debian -A lab` and `nix build .#debian.lab` are one thing.
{
  # The folder with pyproject.toml, poetry.lock, files.json and torch-cpu.json: ours, or what `lock.py --project` made.
  lock ? ../../python,
  # The commit that images are labelled with.
  revision ? "unknown",
}:
let
  system = import ./system.nix;
  wheels = import ./wheels.nix { inherit system lock; };
  environment = import ./environment.nix { inherit system wheels; };
  programs = import ./programs.nix { inherit system; };

  inherit (import ../groups.nix { inherit lock; }) runtime server;
  all = runtime ++ [
    "test"
    "build"
  ];

  environments = {
    environment = environment {
      name = "environment";
      variant = "cpu";
      groups = runtime;
    };
    environment-gpu = environment {
      name = "environment-gpu";
      variant = "cuda";
      groups = runtime;
    };
    environment-mlflow = environment {
      name = "environment-mlflow";
      variant = "cpu";
      groups = server;
    };
    environment-all = environment {
      name = "environment-all";
      variant = "cpu";
      groups = all;
    };
    environment-all-gpu = environment {
      name = "environment-all-gpu";
      variant = "cuda";
      groups = all;
    };
  };
  images = import ./images.nix {
    inherit
      system
      environments
      runtime
      server
      ;
    inherit (wheels) packages jupyter-utils;
    descriptions = import ../image/config.nix {
      inherit revision;
      inherit (wheels) version lockHash;
    };
  };
  command =
    name: environment: command:
    programs.command { inherit name environment command; };
  files = variant: groups: wheels.files variant (groups ++ [ "build" ]);
  lab = command "lab" environments.environment "jupyter-utils lab";
  lab-gpu = command "lab-gpu" environments.environment-gpu "jupyter-utils lab";
  mlflow = command "mlflow" environments.environment-mlflow "jupyter-utils mlflow";
in
environments
// images
// {
  inherit lab lab-gpu mlflow;
  # Both as systemd services: nix run .#debian.units -- --install
  units = import ./units.nix { inherit system lab mlflow; };
  units-gpu = import ./units.nix {
    inherit system mlflow;
    lab = lab-gpu;
    gpu = true;
  };
  python = command "python" environments.environment-all "python";
  python-gpu = command "python-gpu" environments.environment-all-gpu "python";
  inherit (wheels) jupyter-utils;
  shell = programs.shell {
    name = "shell";
    environment = environments.environment;
  };

  # What ./fetch.py must bring for each of the above; read by it with `nix eval --json`.
  files = {
    system = system.file;
    lab = files "cpu" runtime;
    lab-gpu = files "cuda" runtime;
    units = files "cpu" runtime;
    units-gpu = files "cuda" runtime;
    mlflow = files "cpu" server;
    image = files "cpu" runtime;
    load = files "cpu" runtime;
    save = files "cpu" runtime;
    image-gpu = files "cuda" runtime;
    load-gpu = files "cuda" runtime;
    save-gpu = files "cuda" runtime;
    image-mlflow = files "cpu" server;
    shell = files "cpu" runtime;
    python = files "cpu" all;
    python-gpu = files "cuda" all;
  };
}
