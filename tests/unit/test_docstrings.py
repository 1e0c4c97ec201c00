"""The package's docstrings: their examples are right, and they speak one dialect."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from pathlib import Path

import jupyter_utils
import pytest

ROOT = Path(jupyter_utils.__file__).parent
FILES = [file for file in sorted(ROOT.rglob("*.py")) if ">>> " in file.read_text(encoding="utf-8")]
MODULES = [".".join(file.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__") for file in FILES]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """What follows `>>>` shows what the docstring says."""
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed


def docstrings() -> list[tuple[str, str]]:
    """Return where each function is, and what its docstring says; properties are things, and no functions."""
    functions = [
        (f"{file.relative_to(ROOT)}:{node.lineno}", node)
        for file in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [
        (place, text)
        for place, node in functions
        if (text := ast.get_docstring(node)) and not any("property" in ast.unparse(one) for one in node.decorator_list)
    ]


def test_one_dialect() -> None:
    """An imperative first (ruff's D401 knows the verbs that it can), and what is raised in a section, not in prose."""
    nouns = re.compile(r"(Give|Whether|Where|What|Who|All|Every|As|An?|The)\b|[^A-Z]")
    assert [place for place, text in docstrings() if nouns.match(text)] == []
    assert [place for place, text in docstrings() if re.search(r"\b[Rr]aises (`|[A-Z])", text)] == []
