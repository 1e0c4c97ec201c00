"""An entry: everything of one run as files in one directory, and how such files are measured and copied."""
