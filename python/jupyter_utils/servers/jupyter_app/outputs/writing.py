"""Write outputs into notebooks through the contents manager, as a page that saves would, but over no edit."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.servers.jupyter_app.moved import move_keys

from .placing import place
from .side_file import SideFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_utils.servers.jupyter_app.contents import Contents

    from .executions import Execution

_STAMP = ("last_modified", "hash", "hash_algorithm")


@dataclass
class _Chain:
    """What was written into one notebook, one after the other, with nothing between by anybody else."""

    before: list[str] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """What came of writing: the executions that are not in the notebook, with the reason; and where they are.

    `beside` is their file; `failed` says why there is none.
    """

    refused: dict[Execution, str] = field(default_factory=dict)
    beside: Path | None = None
    failed: str = ""


class Writing:
    """Writes into the notebooks of one lab."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._chains: dict[str, _Chain] = {}
        self._side_files = SideFiles()

    async def write(self, kernel: str, path: str, executions: Sequence[Execution]) -> Outcome:
        """Put the outputs into the notebook; what does not fit goes into a file beside it.

        Args:
            kernel: the kernel's id.
            path: the notebook, as the contents manager names it.
            executions: of each cell one.
        """
        versions = {one: one.version for one in executions}
        about: dict[str, Any] = {}
        try:
            refused = await self._into_notebook(path, executions, about)
        except Exception as error:  # noqa: BLE001 - of Jupyter, Jupytext or the disk: nothing of it may lose an output
            why = getattr(error, "log_message", None) or str(error) or type(error).__name__
            refused = dict.fromkeys(executions, f"could not be written: {why}")
        outcome = Outcome(refused)
        if refused:
            notebook = Path(self._contents._get_os_path(path))  # noqa: SLF001 - as its own subclasses do
            try:
                outcome.beside = await self._side_files.put(kernel, notebook, list(refused), about)
            except OSError as error:
                outcome.failed = str(error)
        for one, version in versions.items():
            if one not in refused or outcome.beside:
                one.in_file = version  # else it is tried again
            if one not in refused:
                one.placed = version
        return outcome

    def advance(self, path: str, known: str | None) -> dict[str, Any] | None:
        """Return what the file is now, if it is what a page knows and our outputs, and nothing else; None if it is not.

        Args:
            path: the notebook.
            known: the hash of the file that the page has read or written last.
        """
        chain = self._chains.get(path)
        return chain.last if chain and known in chain.before else None

    def is_last(self, path: str, known: str | None) -> bool:
        """Tell whether a page has read the file as it was written here last."""
        chain = self._chains.get(path)
        return bool(chain and known and known == chain.last["hash"])

    def move(self, old: str, new: str) -> None:
        """Follow a file or folder that was renamed."""
        move_keys(self._chains, old, new)

    async def _into_notebook(
        self, path: str, executions: Sequence[Execution], about: dict[str, Any]
    ) -> dict[Execution, str]:
        contents = self._contents
        if not contents.is_stored_with_outputs(path):
            return {}  # a text notebook: its outputs are a page's alone
        async with contents.alone(path):
            if contents.has_changed(path):
                return dict.fromkeys(executions, "is in a file that was changed on the disk meanwhile")
            model = await contents.get(path, content=True, type="notebook", require_hash=True)
            metadata = model["content"]["metadata"]
            about |= {name: metadata[name] for name in ("kernelspec", "language_info") if name in metadata}
            replaced_at = contents.replaced_at(path)
            is_same_file = partial(_was_asked_since, replaced_at)
            changed, refused = place(model["content"]["cells"], executions, is_same_file)
            if changed:
                try:
                    await contents.save({"type": "notebook", "format": "json", "content": model["content"]}, path)
                except Exception as error:
                    # The notebook is written before its twin.
                    alone = await contents.read_alone(path)
                    if place(alone["content"]["cells"], executions, is_same_file)[0]:
                        raise
                    contents.log.warning("Outputs are in %s, but its twin was not written: %s", path, error)
                after = await contents.get(path, content=False, type="notebook", require_hash=True)
                self._link(path, model["hash"], after)
            return refused

    def _link(self, path: str, before: str, after: dict[str, Any]) -> None:
        chain = self._chains.get(path)
        if chain is None or chain.last["hash"] != before:
            chain = self._chains[path] = _Chain()
        chain.before.append(before)
        chain.last = {name: _plain(after.get(name)) for name in _STAMP}


def _was_asked_since(time: float, one: Execution) -> bool:
    return one.asked >= time


def _plain(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
