# The source of jupyter_utils and nothing beside it, so that a change of the lock or of a test rebuilds it not.
let
  python = ../../python;
in
builtins.path {
  name = "jupyter-utils-source";
  path = python;
  filter =
    path: _type:
    let
      relative = builtins.substring (builtins.stringLength (toString python) + 1) (-1) path;
    in
    builtins.match "pyproject\\.toml|jupyter_utils(/.*)?" relative != null
    && baseNameOf path != "__pycache__";
}
