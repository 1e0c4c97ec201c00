{
  description = "A reproducible JupyterLab with MLflow for deep learning on text";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";
    # Read as sources, so that none of its own inputs comes along.
    poetry2nix = {
      url = "github:nix-community/poetry2nix";
      flake = false;
    };
  };

  outputs =
    { self, nixpkgs, poetry2nix }:
    let
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};
      # For projects that need more packages. Both take the arguments that ./nix/default.nix and ./nix/debian explain:
      #   mkLab { lock = ./lock; }          what `lock.py --project` made of the project's own pyproject.toml
      #   mkLab { extraPackages = packages: [ packages.six ]; }          nixpkgs' own, not of the lock
      mkLab = arguments: import ./nix ({ inherit pkgs poetry2nix; } // arguments);
      lab = mkLab { };
      app = package: description: {
        type = "app";
        program = pkgs.lib.getExe package;
        meta = { inherit description; };
      };
    in
    {
      packages.${system} = lab.packages;

      apps.${system} = {
        default = self.apps.${system}.lab;
        lab = app lab.packages.lab "JupyterLab and MLflow";
        lab-gpu = app lab.packages.lab-gpu "JupyterLab and MLflow with CUDA";
        mlflow = app lab.packages.mlflow "The MLflow server alone";
        lock = app lab.lock-command "Refresh the lock after a change of python/pyproject.toml";
      };

      devShells.${system} = lab.shells;
      checks.${system} = lab.checks;
      formatter.${system} = lab.formatter;

      overlays.default = final: _previous: {
        jupyter-utils-lab = (import ./nix { pkgs = final; inherit poetry2nix; }).packages;
      };

      lib = { inherit mkLab; mkDebianLab = import ./nix/debian; };

      templates.default = {
        path = ./nix/template;
        description = "A research project: the lab with packages of its own, a notebook, a test";
      };

      # The base that touches neither of the inputs: nix run .#debian.lab
      legacyPackages.${system}.debian = import ./nix/debian { };
    };
}
