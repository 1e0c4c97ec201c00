# See .zshenv.

jupyter_utils_path
jupyter_utils_read .zprofile
[ -r "$jupyter_utils_file" ] && . "$jupyter_utils_file"
jupyter_utils_kept
