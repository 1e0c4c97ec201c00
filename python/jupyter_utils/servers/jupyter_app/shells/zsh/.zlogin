# See .zshenv. From here on ZDOTDIR is the user's: shells that start in this one read nothing of ours.

jupyter_utils_read .zlogin
[ -r "$jupyter_utils_file" ] && . "$jupyter_utils_file"
jupyter_utils_path_whole "$jupyter_utils_before"
rehash
unset jupyter_utils_shells jupyter_utils_before jupyter_utils_file JUPYTER_UTILS_ZDOTDIR
unfunction jupyter_utils_path jupyter_utils_path_whole jupyter_utils_read jupyter_utils_kept
