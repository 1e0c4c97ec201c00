# shellcheck shell=bash
# Programs that end with this script, however it ends.

# Run a program that is told to end when this script is gone, by whatever killed it: a trap would not run after a
# SIGKILL, nor while bash waits for a program.
tied() {
  if command -v setpriv >/dev/null && setpriv --pdeathsig TERM true 2>/dev/null; then
    setpriv --pdeathsig TERM "$@"
  else
    "$@"
  fi
}
