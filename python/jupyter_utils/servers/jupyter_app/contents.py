"""The files of the lab: Jupytext's contents manager, which never takes for a notebook what is none."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupytext import AsyncTextFileContentsManager
from jupytext.config import notebook_formats
from jupytext.formats import long_form_multiple_formats
from jupytext.paired_paths import paired_paths
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

from jupyter_utils.notebook import decoded

from .moved import move_keys, moved
from .pairings import missing_program
from .turns import Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

_reading_notebook: ContextVar[bool] = ContextVar("reading_notebook", default=False)
_REFUSED = 400


class Contents(AsyncTextFileContentsManager):  # type: ignore[misc]  # Jupytext is not typed
    """Jupytext's contents manager, which reads byte order marks, and refuses with a reason what it would misread."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._turns = Turns()
        self._stamps: dict[str, tuple[tuple[int, int], ...]] = {}
        self._saved_at: dict[str, float] = {}
        self._replaced_at: dict[str, float] = {}
        self.when_moved: list[Callable[[str, str], Awaitable[None]]] = []
        """Are told the old and the new path of what was renamed: a folder, or each of a notebook and its twins."""

    async def get(self, path: str, content: bool = True, type: str | None = None, **others: Any) -> dict[str, Any]:  # noqa: A002
        """Read a file, notebook or folder.

        Raises:
            HTTPError: a text notebook, or the twin of a notebook, is in another encoding than UTF-8 and UTF-16, or has
                no cells while the notebook has; neither file is touched.
        """
        as_notebook = content and type in {None, "notebook"}
        if not as_notebook:
            plain: dict[str, Any] = await super().get(path, content=content, type=type, **others)
            return plain
        async with self.alone(path):
            self._note_replaced(path)
            with _notebooks_are_read(True):
                model: dict[str, Any] = await super().get(path, content=content, type=type, **others)
            if model["type"] == "notebook" and not _has_source(model["content"]):
                await self._refuse_empty_twin(path.strip("/"))
            self._remember(path)
        return model

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        """Save a file, notebook or folder.

        Raises:
            HTTPError: the notebook is paired with a format whose program is missing here; nothing is written.
        """
        if model.get("type") == "notebook" and model.get("content"):
            await self._refuse_missing_program(model["content"], path.strip("/"))
        async with self.alone(path):
            saved: dict[str, Any] = await super().save(model, path)
            self._remember(path)
            self._saved_at[path.strip("/")] = IOLoop.current().time()
        return saved

    async def rename_file(self, old_path: str, new_path: str) -> None:
        """Rename a file or folder, and a notebook's twins with it; tells `when_moved`."""
        async with self.alone(old_path):
            old = self._files(old_path)
            for before in old:
                for known in [one for one in self._stamps if moved(one, before, "") != one]:
                    self._note_replaced(known)
            await super().rename_file(old_path, new_path)
            both = list(zip(old, self._files(new_path), strict=False))
        for before, after in both:
            move_keys(self._saved_at, before, after)
            move_keys(self._replaced_at, before, after)
            for tell in self.when_moved:
                await tell(before, after)

    def alone(self, path: str) -> AbstractAsyncContextManager[None]:
        """Let nobody else read or write the notebook or its twin meanwhile; whoever holds them may take them again."""
        return self._turns.of(path.strip("/").rpartition(".")[0])

    def saved_at(self, path: str) -> float:
        """Return when a file was saved last, by the clock of Jupyter's server; 0 if it was not since that began."""
        return self._saved_at.get(path.strip("/"), 0.0)

    def has_changed(self, path: str) -> bool:
        """Tell whether a notebook or its twin was changed since they were read or written here, say by Git."""
        known = self._stamps.get(path.strip("/"))
        return known is not None and known != self._stamp(path)

    def replaced_at(self, path: str) -> float:
        """Return when a file was read last that somebody else had changed, or put in the place of the one before.

        By the clock of Jupyter's server; 0 if that was never so.
        """
        return self._replaced_at.get(path.strip("/"), 0.0)

    def is_stored_with_outputs(self, path: str) -> bool:
        """Tell whether outputs can be written at all: text notebooks without an .ipynb beside them have none."""
        return any(one.endswith(".ipynb") for one in self._files(path))

    def _files(self, path: str) -> list[str]:
        path = path.strip("/")
        fmt, formats = self.paired_notebooks.get(path, (None, None))
        return [path, *(other for other, _ in paired_paths(path, fmt, formats) if other != path)] if formats else [path]

    def _note_replaced(self, path: str) -> None:
        if self.has_changed(path):
            self._replaced_at[path.strip("/")] = IOLoop.current().time()

    def _remember(self, path: str) -> None:
        self._stamps[path.strip("/")] = self._stamp(path)

    def _stamp(self, path: str) -> tuple[tuple[int, int], ...]:
        return tuple(_time_and_size(self._get_os_path(one)) for one in self._files(path))

    async def _read_file(self, os_path: str, format: str | None, raw: bool = False) -> tuple[Any, ...]:  # noqa: A002
        if not _reading_notebook.get() or format not in {None, "text"}:
            plain: tuple[Any, ...] = await super()._read_file(os_path, format, raw)
            return plain
        content, *_ = await super()._read_file(os_path, "byte", raw=True)
        try:
            text = decoded(content)
        except UnicodeDecodeError as error:
            raise HTTPError(
                _REFUSED,
                f"{os_path} is not UTF-8 (nor UTF-16 with a byte order mark): save it as UTF-8, or move it away. "
                "Nothing was changed.",
            ) from error
        return (text, "text", content) if raw else (text, "text")

    async def _refuse_empty_twin(self, path: str) -> None:
        fmt, formats = self.paired_notebooks.get(path, (None, None))
        if not formats:
            return
        others = [other for other, _ in paired_paths(path, fmt, formats)]
        for notebook in (other for other in others if other.endswith(".ipynb")):
            if not await self.file_exists(notebook):
                continue
            alone = await self._get_alone(notebook)
            if _has_source(alone["content"]):
                twins = [other for other in others if not other.endswith(".ipynb")]
                there = [twin for twin in twins if await self.file_exists(twin)]
                raise HTTPError(
                    _REFUSED,
                    f"{' and '.join(there)} has no cells, but its notebook {notebook} has: remove the former, or "
                    "bring its cells back. Nothing was changed.",
                )

    async def read_alone(self, path: str) -> dict[str, Any]:
        """Read a notebook without its twin, as it is on the disk now, which `has_changed` goes by from now on."""
        alone = await self._get_alone(path)
        self._remember(path)
        return alone

    async def _get_alone(self, path: str) -> dict[str, Any]:
        alone: dict[str, Any] = await super().get(path, content=True, type="notebook", load_alternative_format=False)
        return alone

    async def _refuse_missing_program(self, notebook: Any, path: str) -> None:
        formats = notebook_formats(notebook, await self.get_config(path), path)
        missing = missing_program(long_form_multiple_formats(formats))
        if missing:
            raise HTTPError(
                _REFUSED,
                f"{path} was not saved: it is paired with {missing.format}, which needs the program {missing.name}, "
                "and that is not installed here. Choose File > Jupytext > Unpair Current Notebook, and save again.",
            )


def _time_and_size(file: str) -> tuple[int, int]:
    try:
        found = Path(file).stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


@contextmanager
def _notebooks_are_read(wanted: bool) -> Iterator[None]:
    token = _reading_notebook.set(wanted)
    try:
        yield
    finally:
        _reading_notebook.reset(token)


def _has_source(notebook: Any) -> bool:
    return any(cell["source"].strip() for cell in notebook["cells"])
