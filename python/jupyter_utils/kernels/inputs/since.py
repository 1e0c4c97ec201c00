"""From when on a kernel's reading is known, where no lab started it: from the import of this package on."""

from __future__ import annotations

import ast
from typing import Any

from jupyter_utils.notebook import kernel

_HARMLESS_MAGICS = {"autoreload", "load_ext", "matplotlib"}


def since(shell: Any) -> str | None:
    """Return what the record says; None where no cell has read anything before."""
    number = shell.displayhook.prompt_count
    source = kernel.cell_source() or ""
    if number == 0 or (number == 1 and is_first(shell.transform_cell(source))):
        return None
    return f"`import jupyter_utils` in cell [{number}]"


def is_first(source: str) -> bool:
    r"""Tell whether nothing but imports comes before this package's own in a cell.

    >>> is_first("import pandas as pd\nimport jupyter_utils\nopen('x')"), is_first("open('x')\nimport jupyter_utils")
    (True, False)
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return False
    for statement in statements:
        match statement:
            case ast.Import(names=names) if any(one.name.partition(".")[0] == "jupyter_utils" for one in names):
                return True
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] == "jupyter_utils":
                return True
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=ast.Call(args=[ast.Constant(value=magic), *_])) if magic in _HARMLESS_MAGICS:
                pass
            case _:
                return False
    return False
