# Whole machines, to start one's own from: nixosConfigurations of the flake.
{
  workstation = ./workstation.nix;
  gpu-server = ./gpu-server.nix;
  behind-nginx = ./behind-nginx.nix;
}
