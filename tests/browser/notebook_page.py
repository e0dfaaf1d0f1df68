"""A notebook in a real JupyterLab in a real browser: opened, run, edited, saved, looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

#: Milliseconds to wait for what has to come.
_PATIENCE = 90_000
_GLANCE = 100  # milliseconds between two looks
_IDLE = re.compile(r"\| Idle")
_NUMBERED = re.compile(r"^\[\d+\]")
_NOT_FOUND = "widget model not found"


class NotebookPage:
    """One notebook on one page. `errors` gathers what the browser's console complains about."""

    def __init__(self, browser: Browser, address: str, *, width: int = 1280, height: int = 1000) -> None:
        self.errors: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.goto(address)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=_PATIENCE)
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Until the kernel has nothing to do."""
        self.page.wait_for_timeout(400)
        self.page.get_by_text(_IDLE).wait_for(timeout=_PATIENCE)

    def menu(self, menu: str, item: str) -> None:
        """Choose an item of JupyterLab's menu bar."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).first.click()
        self.page.locator(".lm-Menu-itemLabel", has_text=item).first.click()

    def run_all(self) -> None:
        """Run every cell, from the first to the last."""
        self.menu("Run", "Run All Cells")
        self.wait_until_idle()
        self.page.wait_for_timeout(600)

    def cell(self, place: int) -> Locator:
        """A cell by its place from 0."""
        found = self.page.locator(".jp-Notebook .jp-Cell").nth(place)
        found.scroll_into_view_if_needed()
        return found

    def live(self, place: int) -> Locator:
        """The widget in the output of a cell."""
        found = self.cell(place).locator(".hl7dicom-live").first
        found.wait_for(timeout=_PATIENCE)
        found.scroll_into_view_if_needed()
        return found

    def widgets_came_back(self, place: int) -> bool:
        """Whether the widget of a cell is there after a reload, once JupyterLab has made up its mind.

        JupyterLab's widget manager asks the kernel for all widgets twice, when it is made and when the kernel is
        connected; on a busy machine the one can end between the other's steps, and it says "widget model not found" for
        a widget that the kernel has. Then the static form stands, and the cell has to be run again.
        """
        self.cell(place)
        widget = self.page.locator(".jp-Notebook .jp-Cell").nth(place).locator(".hl7dicom-live").first
        for _ in range(_PATIENCE // _GLANCE):
            if widget.is_visible():
                return True
            if any(_NOT_FOUND in error for error in self.errors):
                self.errors[:] = [error for error in self.errors if _NOT_FOUND not in error]
                return False
            self.page.wait_for_timeout(_GLANCE)
        raise AssertionError("neither a widget came, nor what JupyterLab says where there is none")

    def run(self, place: int) -> None:
        """Run one cell and wait for it."""
        self.cell(place).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.wait_until_idle()
        self.page.wait_for_timeout(400)

    def choose(self, place: int) -> None:
        """Make a cell the chosen one; the one after a cell that was run with Shift+Enter is that already."""
        if "jp-mod-active" not in (self.cell(place).get_attribute("class") or ""):
            self.cell(place).locator(".jp-InputArea-prompt").click()

    def step(self, place: int) -> None:
        """Run a cell with Shift+Enter, as a learner does, and wait for it."""
        self.choose(place)
        prompt = self.cell(place).locator(".jp-InputPrompt")
        is_code = "jp-CodeCell" in (self.cell(place).get_attribute("class") or "")
        if is_code:  # the number of an earlier run must not pass for that of this one
            prompt.evaluate("node => { node.textContent = ''; }")
        self.page.keyboard.press("Shift+Enter")
        if is_code:
            prompt.filter(has_text=_NUMBERED).wait_for(timeout=_PATIENCE)

    def write(self, place: int, code: str) -> None:
        """Paste code over all that a cell holds, as a learner does."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.evaluate("text => navigator.clipboard.writeText(text)", code)
        self.cell(place).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Control+V")

    def output(self, place: int) -> Locator:
        """What stands below a cell."""
        return self.cell(place).locator(".jp-Cell-outputWrapper")

    def save(self) -> None:
        """Save the notebook."""
        self.menu("File", "Save Notebook")
        self.page.wait_for_timeout(800)

    def stop_kernel(self) -> None:
        """Shut the kernel down."""
        self.menu("Kernel", "Shut Down Kernel")
        self.page.wait_for_timeout(800)

    def theme(self, name: str) -> None:
        """`JupyterLab Light` or `JupyterLab Dark`."""
        self.menu("Settings", "Theme")
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{name}$")).first.click()
        self.page.wait_for_timeout(600)

    def picture(self, path: Path) -> None:
        """Keep what is on the screen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    def violations(self, *also: str) -> list[str]:
        """What axe finds wrong in the lab's own widgets, and in what else is named: the rule, and the element."""
        from axe_playwright_python.sync_playwright import Axe

        within = {"include": [[selector] for selector in (".hl7dicom-live", *also)]}
        found = Axe().run(self.page, context=within).response["violations"]
        return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]

    def close(self) -> None:
        """Close the page."""
        self.page.close()


def notebook(cells: Sequence[str]) -> str:
    """A notebook of code cells, as JSON."""

    def cell(place: int, source: str) -> dict[str, Any]:
        code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        return code | {"id": f"cell-{place}", "source": source}

    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    made = [cell(place, source) for place, source in enumerate(cells)]
    return json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})
