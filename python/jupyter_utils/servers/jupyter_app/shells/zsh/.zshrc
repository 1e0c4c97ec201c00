# See .zshenv.

jupyter_utils_path
jupyter_utils_read .zshrc
[ -r "$jupyter_utils_file" ] && . "$jupyter_utils_file"
jupyter_utils_kept
