# The machines of ../examples, as NixOS systems.
{
  self, # this flake
  nixpkgs,
  system,
}:
builtins.mapAttrs (
  _name: example:
  nixpkgs.lib.nixosSystem {
    inherit system;
    specialArgs.lab = self;
    modules = [
      self.nixosModules.default
      example
    ];
  }
) (import ../examples)
