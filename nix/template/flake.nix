{
  description = "A research project on the reproducible JupyterLab";

  # The one line to change: where the lab's own flake lies. A checkout of it on this machine, or its address on a Git
  # server, such as git+https://git.example.org/lab
  inputs.lab.url = "git+file:///home/me/lab";

  outputs =
    { self, lab }:
    let
      system = "x86_64-linux";
      # ./lock is made by: nix run LAB#lock -- --project .    (LAB: the address above; or in a checkout: python/lock.py --project HERE)
      # Until then, the environment is the lab's own.
      arguments =
        if builtins.pathExists ./lock then
          { lock = ./lock; }
        else
          builtins.trace
            "the packages of pyproject.toml are left out: there is no ./lock, or Git does not know it (git add lock)"
            { };
      project = lab.lib.mkLab arguments;
    in
    {
      packages.${system} = project.packages;
      devShells.${system} = project.shells;
      # For networks that reach only mirrors of Debian and PyPI: nix run .#debian.lab
      legacyPackages.${system}.debian = lab.lib.mkDebianLab arguments;
    };
}
