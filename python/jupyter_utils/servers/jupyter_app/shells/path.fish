# A terminal of JupyterLab in fish, after the user's own files: the environment's programs first.

set -l first (string split : -- $JUPYTER_UTILS_PATH)
for one in $PATH (string split : -- $JUPYTER_UTILS_PATH_WHOLE)
    contains -- $one $first; or set -a first $one
end
set -gx PATH $first
set -e JUPYTER_UTILS_PATH_WHOLE
