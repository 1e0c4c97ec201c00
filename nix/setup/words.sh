# shellcheck shell=bash
# Words to whoever reads the terminal.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

say_what_is_there() { # output
  local bin=.cache/$1/bin why
  say "$1 is built. What is there now:
    ./quickstart                  # starts JupyterLab and MLflow
    $bin/jupyter-utils doctor     # what is wrong with this machine, if anything is; --help lists the rest
    python3 nix/debian/fetch.py NAME && nix run .#debian.NAME      # python, load, units and so on: docs/en/nix.md"
  why=$(why_no_flake)
  [ -z "$why" ] || say "in this folder write nix run -f nix/debian NAME instead of nix run .#debian.NAME: $why"
}
