# For projects that need more packages. Both take the arguments that ../nixpkgs and ../debian explain:
#   mkLab { lock = ./lock; }          what `lock.py --project` made of the project's own pyproject.toml
#   mkLab { extraPackages = packages: [ packages.pygraphviz ]; }   nixpkgs' own, not of the lock
{ pkgs, poetry2nix }:
{
  mkLab = arguments: import ../nixpkgs ({ inherit pkgs poetry2nix; } // arguments);
  mkDebianLab = import ../debian;
}
