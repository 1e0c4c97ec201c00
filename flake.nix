{
  description = "A reproducible JupyterLab with MLflow for deep learning on text";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";
    poetry2nix = {
      url = "github:nix-community/poetry2nix";
      flake = false;
    };
  };

  outputs = _inputs: {
    # The base that needs neither of the inputs: nix run .#debian.lab
    legacyPackages.x86_64-linux.debian = import ./nix/debian { };
  };
}
