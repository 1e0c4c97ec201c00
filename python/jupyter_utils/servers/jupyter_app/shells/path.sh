# shellcheck shell=sh
# For shells of POSIX's kind: has the environment's programs come first on the PATH, whatever the user's files made of it.

jupyter_utils_path() {
  case "$PATH:" in
    "${JUPYTER_UTILS_PATH-}:"*) ;;
    *) PATH="${JUPYTER_UTILS_PATH:+$JUPYTER_UTILS_PATH:}$PATH" ;;
  esac
}

# Folders of the lab's own PATH that the user's files have dropped come last: the Git that the environment brings.
jupyter_utils_path_whole() {
  jupyter_utils_path
  jupyter_utils_rest="$1:"
  while [ -n "$jupyter_utils_rest" ]; do
    jupyter_utils_one="${jupyter_utils_rest%%:*}"
    jupyter_utils_rest="${jupyter_utils_rest#*:}"
    case ":$PATH:" in
      *":$jupyter_utils_one:"*) ;;
      *) PATH="$PATH:$jupyter_utils_one" ;;
    esac
  done
  export PATH
  unset jupyter_utils_rest jupyter_utils_one
}
