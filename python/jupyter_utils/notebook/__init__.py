"""The calling notebook: which it is, saving it, and its Jupytext twins."""

from __future__ import annotations

from .content import Content, FileCell, normal, read_content
from .encodings import decoded
from .find import VSCODE, CallingNotebook, find_notebook
from .kernel import shell
from .saving import Saved, save_notebook
from .script import changed_since_start, executing_file, script_name
from .twin import find_twins
from .twin_writing import Twins, write_twins

__all__ = [
    "VSCODE",
    "CallingNotebook",
    "Content",
    "FileCell",
    "Saved",
    "Twins",
    "changed_since_start",
    "decoded",
    "executing_file",
    "find_notebook",
    "find_twins",
    "normal",
    "read_content",
    "save_notebook",
    "script_name",
    "shell",
    "write_twins",
]
