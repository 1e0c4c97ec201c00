# What a flake that stands in for nixpkgs' own gives: the set of ./default.nix, and a NixOS of declarations alone.
{
  # nixpkgs' lib, a folder.
  library,
}:
let
  lib = import library;
  pkgs = import ./. { library = toString library; };
in
{
  legacyPackages.x86_64-linux = pkgs;
  lib = lib // {
    nixosSystem =
      {
        system,
        specialArgs,
        modules,
      }:
      lib.evalModules {
        specialArgs = specialArgs // {
          inherit pkgs;
        };
        modules = modules ++ [
          ../modules/nixos.nix
          ../modules/nixos/bootable.nix
        ];
      };
  };
}
