# shellcheck shell=bash
# Words to whoever reads the terminal.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}
