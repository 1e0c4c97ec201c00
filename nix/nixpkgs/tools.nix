# ../shared/tools.nix as packages of nixpkgs.
{ pkgs }:
let
  tools = import ../shared/tools.nix;
  packages = map (tool: pkgs.${tool.nixpkgs});
in
{
  lab = packages tools.lab ++ [
    # A machine without a distribution of its own may lack these.
    pkgs.coreutils
    # torch.compile and Triton compile at run time.
    pkgs.stdenv.cc
  ];

  image = packages tools.image ++ [
    # What every Debian has.
    pkgs.bashInteractive
    pkgs.findutils
    pkgs.gnugrep
    pkgs.gnused
    # setpriv, by which the entry gives root's rights away.
    pkgs.util-linux
  ];
}
