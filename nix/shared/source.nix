# The source of jupyter_utils and nothing beside it, so that a change of the lock or of a test rebuilds it not.
{
  name = "jupyter-utils-source";
  path = ../../python;
  # Whether a file or folder of it belongs to the source.
  wanted =
    relative:
    builtins.match "pyproject\\.toml|jupyter_utils(/.*)?" relative != null
    && baseNameOf relative != "__pycache__";
}
