{
  description = "A reproducible JupyterLab with MLflow for deep learning on text";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    # Read as sources, so that none of its own inputs comes along.
    poetry2nix = {
      url = "github:nix-community/poetry2nix";
      flake = false;
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      poetry2nix,
    }:
    let
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};
      # For projects that need more packages. Both take the arguments that ./nix/nixpkgs and ./nix/debian explain:
      #   mkLab { lock = ./lock; }          what `lock.py --project` made of the project's own pyproject.toml
      #   mkLab { extraPackages = packages: [ packages.six ]; }          nixpkgs' own, not of the lock
      mkLab = arguments: import ./nix/nixpkgs ({ inherit pkgs poetry2nix; } // arguments);
      lab = mkLab { inherit revision; };
      revision = self.rev or self.dirtyRev or "unknown";
      app = package: description: {
        type = "app";
        program = pkgs.lib.getExe package;
        meta = { inherit description; };
      };
      packages = {
        jupyterlab = { lib, ... }: { services.jupyterlab.package = lib.mkDefault lab.packages.lab; };
        mlflow = { lib, ... }: { services.mlflow-server.package = lib.mkDefault lab.packages.mlflow; };
      };
    in
    {
      packages.${system} = lab.packages;

      apps.${system} = {
        default = self.apps.${system}.lab;
        lab = app lab.packages.lab "JupyterLab and MLflow";
        lab-gpu = app lab.packages.lab-gpu "JupyterLab and MLflow with CUDA";
        mlflow = app lab.packages.mlflow "The MLflow server alone";
        load = app lab.load "Load the images of lab and MLflow into Docker";
        load-gpu = app lab.load-gpu "Load the images of lab-gpu and MLflow into Docker";
        lock = app lab.lock-command "Refresh the lock after a change of python/pyproject.toml";
      };

      devShells.${system} = lab.shells;
      checks.${system} = lab.checks;
      formatter.${system} = lab.formatter;

      overlays.default = final: _previous: {
        jupyter-utils-lab =
          (import ./nix/nixpkgs {
            pkgs = final;
            inherit poetry2nix;
          }).packages;
      };

      # services.jupyterlab and services.mlflow-server. The modules know nothing of this flake: it hands in its packages.
      nixosModules = {
        default.imports = [
          ./nix/modules
          packages.jupyterlab
          packages.mlflow
        ];
        jupyterlab.imports = [
          ./nix/modules/jupyterlab.nix
          packages.jupyterlab
        ];
        mlflow.imports = [
          ./nix/modules/mlflow.nix
          packages.mlflow
        ];
      };
      nixosConfigurations = builtins.mapAttrs (
        _name: example:
        nixpkgs.lib.nixosSystem {
          inherit system;
          specialArgs.lab = self;
          modules = [
            self.nixosModules.default
            example
          ];
        }
      ) (import ./nix/examples);

      lib = {
        inherit mkLab;
        mkDebianLab = import ./nix/debian;
      };

      templates.default = {
        path = ./nix/template;
        description = "A research project: the lab with packages of its own, a notebook, a test";
      };

      legacyPackages.${system} = {
        # The base that touches neither of the inputs: nix run .#debian.lab
        debian = import ./nix/debian { inherit revision; };
        # No checks, since they need KVM: nix build .#vm.reboot
        vm = import ./nix/tests {
          inherit pkgs;
          module = self.nixosModules.default;
        };
      };
    };
}
