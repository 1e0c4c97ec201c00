# One command formats (nix fmt); the same command with --check is the check.
{ pkgs, environment }:
pkgs.writeShellApplication {
  name = "format";
  runtimeInputs = [
    environment
    pkgs.findutils
    pkgs.nixfmt
  ];
  text = ''
    check=()
    [ "''${1:-}" != --check ] || check=(--check)
    ruff format --config python/pyproject.toml "''${check[@]}" .
    find . -name '*.nix' -not -path './.*' -print0 | xargs -0 nixfmt "''${check[@]}"
  '';
  meta.description = "Format Python and Nix files";
}
