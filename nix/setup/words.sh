# shellcheck shell=bash
# Words to whoever reads the terminal.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

say_what_is_there() { # output
  say "$1 is built. What is there now:
    ./quickstart                            # starts JupyterLab and MLflow; so does .cache/$1/bin/$1, with its own data folders
    .cache/$1/bin/jupyter-utils doctor     # what is wrong with this machine, if anything is
    .cache/$1/bin/jupyter-utils --help     # all else"
}
