{
  description = "A research project on the reproducible JupyterLab";

  # Where the lab's own flake lies: a checkout (path:/home/me/lab, git+file:///home/me/lab) or its address on a Git server.
  inputs.lab.url = "path:../lab";

  outputs =
    { self, lab }:
    let
      system = "x86_64-linux";
      # ./lock is made by: nix run lab#lock -- --project .    (or, in a checkout of the lab: python/lock.py --project HERE)
      # Without it, the environment is the lab's own.
      arguments = if builtins.pathExists ./lock then { lock = ./lock; } else { };
      project = lab.lib.mkLab arguments;
    in
    {
      packages.${system} = project.packages;
      devShells.${system} = project.shells;
      # For networks that reach only mirrors of Debian and PyPI: nix run .#debian.lab
      legacyPackages.${system}.debian = lab.lib.mkDebianLab arguments;
    };
}
