# A terminal of JupyterLab in zsh, which looks for its files in ZDOTDIR: the user's are read from where they are, each at
# its time, and the last of these puts the environment's programs first.

jupyter_utils_shells="$ZDOTDIR"
jupyter_utils_before="$PATH"
. "$jupyter_utils_shells/../path.sh"
# Reads one of the user's files with ZDOTDIR as it is elsewhere; a file may change it.
jupyter_utils_read() {
  if [ -n "${JUPYTER_UTILS_ZDOTDIR-}" ]; then ZDOTDIR="$JUPYTER_UTILS_ZDOTDIR"; else unset ZDOTDIR; fi
  jupyter_utils_file="${ZDOTDIR:-$HOME}/$1"
}
jupyter_utils_kept() {
  JUPYTER_UTILS_ZDOTDIR="${ZDOTDIR-}"
  ZDOTDIR="$jupyter_utils_shells"
}
jupyter_utils_read .zshenv
[ -r "$jupyter_utils_file" ] && . "$jupyter_utils_file"
jupyter_utils_kept
