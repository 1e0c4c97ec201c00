# What there is, by the names that people use. How it is made stands in the files named here.
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
      revision = self.rev or self.dirtyRev or "unknown";
      lab = self.lib.mkLab { inherit revision; };
    in
    {
      # Programs, images, environments: nix build .#environment
      packages.${system} = lab.packages;
      # nix run .#lab, lab-gpu, mlflow; load, load-gpu; lock
      apps.${system} = import ./nix/flake/apps.nix { inherit lab; };

      # To work on this project: nix develop, nix flake check, nix fmt
      devShells.${system} = lab.shells;
      checks.${system} = lab.checks;
      formatter.${system} = lab.formatter;

      # For projects with packages of their own: nix flake init -t
      templates.default = import ./nix/flake/template.nix;
      lib = import ./nix/flake/lib.nix { inherit pkgs poetry2nix; };

      # For NixOS: services.jupyterlab and services.mlflow-server, and whole machines with them
      nixosModules = import ./nix/flake/modules.nix { inherit (lab) packages; };
      nixosConfigurations = import ./nix/flake/machines.nix { inherit self nixpkgs system; };
      overlays.default = import ./nix/flake/overlay.nix { inherit poetry2nix; };

      legacyPackages.${system} = {
        # The base that touches neither of the inputs: nix run .#debian.lab
        debian = self.lib.mkDebianLab { inherit revision; };
        # No checks, since they need KVM: nix build .#vm.reboot
        vm = import ./nix/tests {
          inherit pkgs;
          module = self.nixosModules.default;
        };
      };
    };
}
