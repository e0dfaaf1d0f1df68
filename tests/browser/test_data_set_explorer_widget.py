"""The data set explorer and comparison in JupyterLab: by mouse, by keyboard, hostile values, opened again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from notebook_page import NotebookPage
from pictures import PICTURES

if TYPE_CHECKING:
    from playwright.sync_api import Locator

_OPEN = """from pydicom import Dataset, dcmread
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.views.look import compare, look
folder = data_folder() / "mr_brain"
"""
_TAGGED = """image = dcmread(folder / "slice_12.dcm")
code = Dataset()
code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "MRBRAIN", "99NORTHGATE", "MRI brain without contrast"
image.SpecificCharacterSet = "ISO_IR 192"
image.PatientName, image.PatientID, image.AccessionNumber = "Rivera^Elena^Maria^Ms", "NG-100237", "NG000001"
image.ProcedureCodeSequence = [code]
"""
_HOSTILE = r"""hostile = Dataset()
hostile.SpecificCharacterSet = "ISO_IR 192"
hostile.PatientName = "<script>document.title='no'</script>^\x1b[31m"
hostile.PatientComments = "مرحبا " + "x" * 10000
hostile.InstitutionName = "山田病院"
hostile.StudyID = ""
hostile.ReferencedImageSequence = [Dataset() for _ in range(2000)]
"""


def choose(view: Locator, name: str) -> None:
    """Look for a line and click it; only the rows on the screen are drawn."""
    find = view.get_by_role("searchbox", name="Find")
    find.fill(name)
    view.locator(".body .row", has_text=name).first.click()
    find.fill("")


def test_by_mouse_an_element_and_its_bytes_are_tied_together(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("data_set_mouse.ipynb", _OPEN, "look(folder / 'slice_12.dcm')")
    page.run_all()
    view = page.live(1)
    choose(view, "BitsAllocated")
    parts = view.locator(".legend .part")
    assert parts.all_inner_texts()[0].replace("\n", " ").strip() == "28 00 00 01 tag (0028,0100), low byte first"
    assert view.locator(".bytes .codes .chosen").all_inner_texts() == list(
        map("{:02x}".format, b"\x28\0\0\1US\2\0\x10\0")
    )
    assert view.locator(".bytes .codes .header").count() == 8
    assert "unsigned whole number, 16 bits" in view.locator(".detail .meaning").inner_text()
    page.picture(PICTURES / "data_set_explorer_light.png")
    view.locator(".bytes .codes span").nth(2).click()  # a byte of the element before it
    assert "BitsAllocated" not in view.locator(".row.chosen").inner_text()
    choose(view, "PixelData")
    assert "131,072 bytes" in view.locator(".legend").inner_text()
    assert page.errors == []


def test_by_keyboard_alone_and_no_shortcut_of_jupyterlab_fires(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("data_set_keys.ipynb", _OPEN, _TAGGED, "look(image)")
    page.run_all()
    view = page.live(2)
    keys = page.page.keyboard
    view.get_by_role("treegrid").focus()
    for key in ("Home", "ArrowDown", "a", "b", "d", "d", "x", "End", "Home"):
        keys.press(key)
    assert page.page.locator(".jp-Notebook .jp-CodeCell").count() == 3
    chosen = view.locator(".row.chosen")
    for _ in range(15):  # down to the sequence, wherever it stands
        if "ProcedureCodeSequence" not in chosen.inner_text():
            keys.press("ArrowDown")
    assert "ProcedureCodeSequence" in chosen.inner_text()
    keys.press("ArrowLeft")
    assert chosen.get_attribute("aria-expanded") == "false"
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        keys.press(key)
    assert "CodeValue" in chosen.inner_text()
    keys.press("Tab")
    keys.press("ArrowRight")
    assert "CodeValue" in chosen.inner_text()
    for _ in range(16):
        keys.press("ArrowRight")
    assert "CodingSchemeDesignator" in chosen.inner_text()
    assert page.errors == []


def test_hostile_values_stay_text_and_are_quick(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("data_set_hostile.ipynb", _OPEN, _HOSTILE, "look(hostile)", width=900)
    page.run_all()
    view = page.live(2)
    assert page.page.title() != "no"
    assert view.locator("script").count() == 0
    choose(view, "PatientComments")
    box = view.bounding_box()
    assert box is not None
    assert box["width"] < 900
    assert view.evaluate("(node) => node.scrollWidth <= node.clientWidth + 1")
    page.picture(PICTURES / "data_set_explorer_hostile_900.png")
    view.get_by_role("button", name="Open all").click()
    assert view.locator(".body .row").count() < 100
    assert page.violations() == []
    assert page.errors == []


def test_two_slices_side_by_side_in_both_themes(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook(
        "data_sets_compared.ipynb", _OPEN, _TAGGED, "compare(folder / 'slice_12.dcm', image)", "look(image)"
    )
    page.run_all()
    view = page.live(2)
    assert view.get_by_label("Differences only").is_checked()
    assert "right only" in view.locator(".body .row", has_text="PatientName").inner_text()
    assert "5 differences" in view.locator(".difference").inner_text()
    page.picture(PICTURES / "data_set_comparison_light.png")
    assert page.violations() == []
    page.theme("JupyterLab Dark")
    page.picture(PICTURES / "data_set_comparison_dark.png")
    assert page.violations() == []
    page.live(3)
    page.picture(PICTURES / "data_set_explorer_dark.png")
    page.theme("JupyterLab Light")
    assert page.errors == []
