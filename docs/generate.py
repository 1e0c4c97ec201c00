"""Make the pages that say what the code says: functions, commands, and the tables of settings.

    python docs/generate.py             write them
    python docs/generate.py --check     say which differ from what is written; exit code 1 if any does

The English text is the docstrings, the commands' help, and the settings' descriptions. What those lack (the Japanese
text, defaults that are no value, what only the setup scripts read) stands in the two files of TOML beside this one.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import jupyter_utils
from jupyter_utils.cli import main as cli
from jupyter_utils.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
LANGUAGES = ("en", "ja")
SETTINGS = tomllib.loads((HERE / "settings.toml").read_text(encoding="utf-8"))
REFERENCE = tomllib.loads((HERE / "reference.toml").read_text(encoding="utf-8"))
TABLES = ("<!-- Made by docs/generate.py from here -->\n", "<!-- to here -->\n")
WIDTH = 100
"""Characters of a signature in one line."""


def pages() -> dict[Path, str]:
    """Return file -> what it must hold, of every page that is made."""
    made = {}
    for language in LANGUAGES:
        folder = HERE / language
        made[folder / "reference.md"] = reference(language)
        made[folder / "commands.md"] = commands(language)
        made[folder / "settings.md"] = with_tables((folder / "settings.md").read_text(encoding="utf-8"), language)
    return made


def head(page: str, language: str) -> str:
    """Return the title, the way to the other pages, and what is said before the first part."""
    other, name = ("ja", "日本語") if language == "en" else ("en", "English")
    index = "All pages" if language == "en" else "ページ一覧"
    text = REFERENCE["pages"][page][language]
    links = f"[{index}](README.md) · [{name}](../{other}/{page}.md)"
    return f"# {text['title']}\n\n{links}\n\n{text['begin'].strip()}\n"


# ---- functions ----


def reference(language: str) -> str:
    """Return the page of what `import jupyter_utils` gives."""
    parts = [head("reference", language)]
    for name in jupyter_utils.__all__:
        heading = f"`{name}`" if name.startswith("_") else name
        parts.append(f"\n## {heading}\n\n" + "".join(entry(name, language)))
    return "".join(parts)


def entry(name: str, language: str) -> Iterator[str]:
    """Give the parts of what is said of one name."""
    value = getattr(jupyter_utils, name)
    if inspect.ismodule(value):  # a room that can be called
        value = getattr(importlib.import_module(f"{value.__name__}.listing"), name)
    if inspect.isfunction(value):
        yield f"```text\n{signature(name, value)}\n```\n\n"
    if language == "ja":
        yield REFERENCE["functions"][name] + f"\n\n[英語の説明](../en/reference.md#{name.lower()})\n"
    elif isinstance(value, str):
        yield "The version of this package, such as `0.1.0`.\n"
    else:
        yield markdown(inspect.getdoc(value) or "")
        methods = [one for one in vars(value).items() if inspect.isfunction(one[1]) and one[0][0] != "_"]
        if inspect.isclass(value) and methods:
            lines = (f"- `{key}()`: {(inspect.getdoc(method) or '').splitlines()[0]}\n" for key, method in methods)
            yield "\n**Methods**\n\n" + "".join(lines)


def signature(name: str, function: Callable[..., Any]) -> str:
    """Write a function with its arguments as they are in the code, in one line or one line each."""
    words, keyword_only = [], False
    found = inspect.signature(function)
    for parameter in found.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            words.append("*")
        given = "" if parameter.default is parameter.empty else f" = {written(parameter.default)}"
        words.append(f"{parameter.name}: {parameter.annotation}{given}")
    line = f"{name}({', '.join(words)}) -> {found.return_annotation}"
    if len(line) <= WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {word},\n" for word in words) + f") -> {found.return_annotation}"


def written(value: Any) -> str:
    """Return a default as one would write it, and the same each time."""
    if isinstance(value, frozenset | set):
        return f"{{{', '.join(map(repr, sorted(value)))}}}"
    return str(value.__name__) if callable(value) else repr(value)


def markdown(docstring: str) -> str:
    r"""Turn a docstring of Google's dialect into Markdown.

    >>> print(markdown("Do it.\n\nArgs:\n    a: one\n        of two.\n\nExample::\n\n    do(1)"))
    Do it.
    <BLANKLINE>
    **Args**
    <BLANKLINE>
    - `a`: one of two.
    <BLANKLINE>
    **Example**
    <BLANKLINE>
    ```python
    do(1)
    ```
    <BLANKLINE>
    """
    return "\n\n".join(said(title, text) for title, text in sections(docstring)) + "\n"


def sections(docstring: str) -> Iterator[tuple[str, str]]:
    """Give the paragraphs, without title, and what is indented below a title."""
    lines = [*docstring.splitlines(), ""]
    while lines:
        line = lines.pop(0)
        if line.endswith(":") and (re.match("    ", lines[0]) or (lines[0] == "" and line.endswith("::"))):
            end = next((number for number, one in enumerate(lines) if one and one[0] != " "), len(lines))
            yield line.rstrip(":"), inspect.cleandoc("\n" + "\n".join(lines[:end]))
            del lines[:end]
        elif line:
            end = lines.index("")
            yield "", "\n".join([line, *lines[:end]])
            del lines[:end]


def said(title: str, text: str) -> str:
    """Return a section as Markdown: examples as code, arguments as a list."""
    if ">>> " in text:
        text = f"```pycon\n{text}\n```"
    elif title.startswith("Example"):
        text = f"```python\n{text}\n```"
    elif title == "Returns":
        text = " ".join(text.split())
    elif title:
        text = "\n".join(item(" ".join(one.split())) for one in re.split(r"\n(?=\S)", text))
    return (f"**{title}**\n\n" if title else "") + text


def item(text: str) -> str:
    """Make `name: what it is` an item of a list; of several names each is code."""
    names, colon, rest = text.partition(": ")
    if not colon:
        return f"- {text}"
    return f"- {', '.join(f'`{name}`' for name in names.split(', '))}: {rest}"


# ---- commands ----


def commands(language: str) -> str:
    """Return the page of what `jupyter-utils` can do."""
    parts = [head("commands", language)]
    # Each command below its group, as a terminal has it: of what is asked first, click keeps the options of help.
    group = click.Context(cli, info_name="jupyter-utils", terminal_width=WIDTH, **cli.context_settings)
    for name, command in all_commands(cli, ""):
        text = click.Context(command, group, info_name=name).get_help()
        said = "" if language == "en" else REFERENCE["commands"][name] + "\n\n"
        if language == "ja":
            text = text.splitlines()[0]
        more = f"\n[英語の説明](../en/commands.md#{name.replace(' ', '-')})\n" if language == "ja" else ""
        parts.append(f"\n## {name}\n\n{said}```text\n{text}\n```\n{more}")
    return "".join(parts)


def all_commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    """Give every command that `--help` shows, by its words."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{before}{name} ")
        elif not command.hidden:
            yield before + name, command


# ---- settings ----


def with_tables(page: str, language: str) -> str:
    """Return a page of settings with its tables as they must be."""
    begin, end = TABLES
    before, _, rest = page.partition(begin)
    after = rest.partition(end)[2]
    return before + begin + "\n" + "\n".join(tables(language)) + "\n" + end + after


def tables(language: str) -> Iterator[str]:
    """Give the lines of a table for each group of settings."""
    titles = {"en": ("name", "default", "meaning"), "ja": ("名前", "既定値", "意味")}[language]
    for group in SETTINGS["group"]:
        yield from (f"### {group[language]}", "", f"| {' | '.join(titles)} |", "|---|---|---|")
        for name, setting in group["settings"].items():
            yield f"| `{name}` | {default(name, setting, language)} | {meaning(name, setting, language)} |"
        yield ""


def default(name: str, setting: dict[str, Any], language: str) -> str:
    """Return what holds where a setting is not given."""
    if "default" in setting:
        said: dict[str, str] | str = setting["default"]
        return said if isinstance(said, str) else said[language]
    value = Settings.model_fields[name.lower()].default
    return "" if value in (None, False) else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def meaning(name: str, setting: dict[str, Any], language: str) -> str:
    """Return the sentence of the code, and what else is said of a setting."""
    if language == "ja":
        return str(setting["ja"])
    field = Settings.model_fields.get(name.lower())
    return "; ".join(filter(None, (field.description if field else "", setting.get("en", ""))))


def main() -> None:
    """Write the pages, or say which are not as they must be."""
    checking = "--check" in sys.argv[1:]
    different = []
    for file, text in pages().items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            different.append(file)
            if not checking:
                file.write_text(text, encoding="utf-8")
    for file in different:
        sys.stdout.write(f"{file.relative_to(HERE.parent)} {'differs' if checking else 'is written'}\n")
    sys.exit(bool(different) and checking)


if __name__ == "__main__":
    main()
