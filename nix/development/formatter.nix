# One command formats (nix fmt); the same command with --check is the check.
{ pkgs, environment }:
pkgs.writeShellApplication {
  name = "format";
  runtimeInputs = [
    environment
    pkgs.nixfmt
  ];
  text = ''
    [ "''${1:-}" != --check ] || exec python3 ${./style.py} format format-nix
    exec python3 ${./style.py} --fix
  '';
  meta.description = "Format Python and Nix files in place; with --check only say which are not formatted";
}
