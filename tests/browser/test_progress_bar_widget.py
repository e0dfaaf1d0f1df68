"""The progress bar in JupyterLab: a study that is slow to store has a bar with its values; it ends as a sentence."""

from __future__ import annotations

from collections.abc import Callable

from notebook_page import NotebookPage
from pictures import PICTURES

_OPEN = """
from hl7dicom_lab import open_lesson
lab = open_lesson("05")
images = lab.modality.examine(lab.modality.query()[0])
"""
_SLOW = """
import time
keep = lab.pacs.archive.store

def slow(*args, **options):
    time.sleep(0.4)
    return keep(*args, **options)

lab.pacs.archive.store = slow
results = lab.modality.store(images)
"""
# What a second is worth depends on the machine, which here runs a browser beside the study: fast is over in time.
_FAST = """
from hl7dicom_lab.views import progress_bar
progress_bar.PATIENCE = 600.0
lab.pacs.archive.store = keep
len(lab.modality.store(images))
"""


def test_a_slow_study_has_a_bar_and_a_fast_one_has_none(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("slow_study.ipynb", _OPEN, _SLOW, _FAST)
    page.run(0)
    page.cell(1).locator(".cm-content").click()
    page.page.keyboard.press("Control+Enter")
    bar = page.cell(1).get_by_role("progressbar", name="Sending images")
    bar.wait_for()
    first = int(bar.get_attribute("aria-valuenow") or 0)
    assert 0 < first < 24
    assert bar.get_attribute("aria-valuemax") == "24"
    page.picture(PICTURES / "progress_bar.png")
    page.page.wait_for_function(
        "before => +document.querySelector('[role=progressbar]').ariaValueNow > before", arg=first
    )
    page.cell(1).get_by_text("Sending images: all 24 done.").wait_for()
    assert bar.count() == 0
    page.run(2)
    assert "24" in page.cell(2).locator(".jp-OutputArea").inner_text()
    assert "Sending images" not in page.cell(2).locator(".jp-OutputArea").inner_text()
    assert page.page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert page.errors == []
