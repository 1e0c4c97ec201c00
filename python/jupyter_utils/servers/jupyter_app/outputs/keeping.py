"""Keep the outputs of all kernels of a lab: listens, writes, and hands them to pages that come."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jupyter_utils.servers.jupyter_app.moved import move_keys, moved

from .kernel import Kernel
from .writing import Writing

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from jupyter_utils.servers.jupyter_app.contents import Contents

    from .executions import Execution
    from .writing import Outcome

_LOOK_SECONDS = 1.0
# A page that is loaded again comes within a moment, and shows by itself what runs.
_GRACE_SECONDS = 3.0
# How often a cell that runs is written at least, and which part of the time writing may take at most.
_WRITE_SECONDS = 10.0
_WRITE_SHARE = 20


class Keeping:
    """The outputs of one lab's kernels."""

    def __init__(self, server: ServerApp, contents: Contents) -> None:
        self._server = server
        self._contents = contents
        self._kernels: dict[str, Kernel] = {}
        self._writing = Writing(contents)
        self._pause: dict[str, float] = {}
        self._failing: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._ends = asyncio.Event()
        self._told: dict[str, dict[str, str]] = {}
        contents.when_moved.append(self._move)

    def listen(self, manager: Any) -> Kernel:
        """Listen to a kernel from now on."""
        kernel = self._kernels.get(manager.kernel_id)
        if kernel is None or kernel.manager is not manager:
            kernel = self._kernels[manager.kernel_id] = Kernel(manager, self._contents.saved_at)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._look_after())
        return kernel

    async def offer(
        self, kernel_id: str, client: str, path: str, known: dict[str, int], base: str | None
    ) -> dict[str, Any]:
        """Answer a page: what it does not show yet of its own cells, and of cells whose page is gone.

        Args:
            kernel_id: the kernel.
            client: the page's session.
            path: its notebook.
            known: what the page shows of what it was given before: ids of executions, and their versions.
            base: the hash of the file that the page has read or written last.

        Returns:
            `executions`; `file`, what the file is now if only this server has changed it since; `kept`, the files with
            outputs that are not in the notebook, and why.
        """
        if (kernel := self._kernels.get(kernel_id)) is None:
            return {"executions": [], "file": None, "kept": {}}
        async with kernel.writing:
            kernel.came(client, path)
            for one in filter(None, map(kernel.executions.get, known)):
                one.client = client
                if one.state == "done" and known[one.id] == one.version:
                    one.unseen = False
            offered = [one for one in kernel.executions.latest() if self._is_for(one, kernel, client, path, base)]
            told = [self._tell(one, path, known.get(one.id)) for one in offered if known.get(one.id) != one.version]
            return {
                "executions": told,
                "file": self._writing.advance(path, base),
                "kept": self._told.get(path, {}),
            }

    def _is_for(self, one: Execution, kernel: Kernel, client: str, path: str, base: str | None) -> bool:
        if one.unseen and one.state == "done" and one.placed == one.version and self._writing.is_last(path, base):
            one.unseen = False  # the page has read it
        if one.state == "done" and not one.has_run and one.client != client:
            return False  # an error before it kept it from running: there is nothing to show
        if one.client != client and not (kernel.is_away(one.client) and kernel.pages.get(one.client) == path):
            return False
        return one.unseen

    def _tell(self, one: Execution, path: str, known: int | None) -> dict[str, Any]:
        start, outputs = one.since(-1 if known is None else known)
        return {
            "id": one.id,
            "cell": one.cell,
            "source": one.source,
            "isByText": one.asked >= self._contents.replaced_at(path),
            "state": one.state,
            "isUpdated": one.last > one.ended,
            "hasRun": one.has_run,
            "count": one.count,
            "version": one.version,
            "start": start,
            "outputs": outputs,
            "waits": one.waits,
            "inFile": one.placed == one.version,
        }

    async def write_now(self, kernel_id: str) -> dict[str, Any] | None:
        """Write what is not in the file yet, for a cell that saves its notebook and has no page.

        Returns:
            `written`, whether all of it is in the notebook; `why`, if not. None for a kernel without such cells.
        """
        kernel = self._kernels.get(kernel_id)
        if kernel is None:
            return None
        await asyncio.sleep(0.1)  # what the cell has shown until now has been sent, and is on its way
        return await self._write(kernel, again=True)

    async def end(self) -> None:
        """Look at all kernels for the last time, and write what is in no file yet."""
        self._ends.set()
        if self._task is not None:
            await self._task

    async def _look_after(self) -> None:
        # The threads that write files live as long as this task: without its end the process would have none.
        while not self._ends.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ends.wait(), _LOOK_SECONDS)
            for kernel in list(self._kernels.values()):
                try:
                    await self._look_at(kernel)
                except Exception:
                    self._server.log.exception("Outputs of kernel %s could not be kept", kernel.id)

    async def _look_at(self, kernel: Kernel) -> None:
        kernel.look()
        now = kernel.now()
        is_due = now - kernel.written_at >= self._pause.get(kernel.id, _WRITE_SECONDS)
        due = [one for one in kernel.unseen() if one.has_run and one.in_file != one.version]
        is_urgent = kernel.id not in self._failing and any(one.state == "done" for one in due)
        if due and now - kernel.left_at >= _GRACE_SECONDS and (is_due or is_urgent):
            await self._write(kernel)
        if kernel.has_ended and self._kernels.get(kernel.id) is kernel:
            await self._write(kernel)
            kernel.close()
            del self._kernels[kernel.id]

    async def _move(self, old: str, new: str) -> None:
        """Follow a file or folder that was renamed; the kernel's session too, which a page does where one is there."""
        for kernel in self._kernels.values():
            kernel.move(old, new)
        self._writing.move(old, new)
        move_keys(self._told, old, new)
        sessions = self._server.session_manager
        try:
            for one in await sessions.list_sessions():
                path = moved(one["path"], old, new)
                if one["type"] == "notebook" and path != one["path"]:
                    await sessions.update_session(one["id"], path=path, name=path.rpartition("/")[2])
        except Exception:  # the file has its new name, whatever becomes of this
            self._server.log.exception("The kernel of %s does not know its new name %s", old, new)

    async def _write(self, kernel: Kernel, *, again: bool = False) -> dict[str, Any]:
        async with kernel.writing:
            started = time.monotonic()
            by_path: dict[str, list[Execution]] = {}
            for one in kernel.unseen():
                if one.has_run:
                    by_path.setdefault(kernel.pages[one.client], []).append(one)
            result: dict[str, Any] = {"written": bool(by_path), "why": ""}
            self._failing.discard(kernel.id)
            for path, executions in by_path.items():
                if again or any(one.in_file != one.version for one in executions):
                    outcome = await self._writing.write(kernel.id, path, executions)
                    if outcome.failed:
                        self._failing.add(kernel.id)
                    elif path in self._told:
                        self._told[path].pop("", None)
                    if outcome.refused:
                        result = {"written": False, "why": self._say(path, outcome)}
            kernel.written_at = kernel.now()
            self._pause[kernel.id] = max(_WRITE_SECONDS, _WRITE_SHARE * (time.monotonic() - started))
            return result

    def _say(self, path: str, outcome: Outcome) -> str:
        name = path.rpartition("/")[2]
        first, why = next(iter(outcome.refused.items()))
        line = first.source.strip().partition("\n")[0][:40]
        more = f" (and {len(outcome.refused) - 1} more)" if len(outcome.refused) > 1 else ""
        cell = f"the cell `{line}`{more}, which ran while no page was there"
        # A page shows the first 140 characters: what matters comes first.
        if outcome.beside:
            told = f"{outcome.beside.name} has the outputs of {cell}; {name} was left as it is: the cell {why}."
        else:
            told = (
                f"The outputs of {cell}, are in no file: {outcome.failed}. "
                f"Open {name} before its kernel ends to see them, and save it. ({name}: the cell {why}.)"
            )
        known = self._told.setdefault(path, {})
        file = outcome.beside.name if outcome.beside else ""
        if known.get(file) != told:
            known[file] = told
            self._server.log.warning(told)
        return told
