"""A notebook in a tab of JupyterLab, for tests that write into its cells in any order."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

_NEVER_RUN = "[ ]:"
_LOOK_MS, _LOOKS = 250, 80


@dataclass
class Notebook:
    """A notebook in a tab of JupyterLab."""

    page: Any

    def cell(self, number: int) -> Any:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(number)

    def type(self, number: int, source: str) -> None:
        """Put a source into a cell, as typing does: the file on disk does not have it."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def start(self, number: int) -> None:
        """Run a cell; a new one until it runs: JupyterLab drops it without a word while there is no kernel yet."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        is_new = prompt.inner_text().strip() == _NEVER_RUN
        self._press(number)
        for look in itertools.count(1):
            if not is_new or prompt.inner_text().strip() != _NEVER_RUN:
                break
            self.page.wait_for_timeout(_LOOK_MS)
            if look % _LOOKS == 0:
                self._press(number)

    def _press(self, number: int) -> None:
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def output(self, number: int, execution: str = r"\d+", limit: float = 400) -> str:
        """All that a cell shows once it has run; `execution` is the kernel's count for it, where it ran before."""
        self.page.wait_for_function(
            "([cell, prompt]) => new RegExp(prompt).test(cell.querySelector('.jp-InputPrompt').innerText)",
            arg=[self.cell(number).element_handle(), rf"\[{execution}\]"],
            timeout=limit * 1000,
        )
        return "\n".join(self.cell(number).locator(".jp-OutputArea-output").all_inner_texts())

    def run(self, number: int, source: str) -> str:
        self.type(number, source)
        self.start(number)
        return self.output(number)
