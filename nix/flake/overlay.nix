# `pkgs.jupyter-utils-lab`: the packages, made of whatever nixpkgs the overlay is used on.
{ poetry2nix }:
final: _prev: {
  jupyter-utils-lab =
    (import ../nixpkgs {
      pkgs = final;
      inherit poetry2nix;
    }).packages;
}
