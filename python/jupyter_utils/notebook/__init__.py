"""The calling notebook: which it is, saving it, and its Jupytext twins."""

from __future__ import annotations

from .find import CallingNotebook, find_notebook
from .kernel import script_name, shell
from .saving import save_notebook
from .twin import find_twins

__all__ = ["CallingNotebook", "find_notebook", "find_twins", "save_notebook", "script_name", "shell"]
