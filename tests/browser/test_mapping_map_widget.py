"""The mapping map in JupyterLab: a value is followed by mouse and by keyboard, filtered, saved and opened again."""

from __future__ import annotations

from collections.abc import Callable

from notebook_page import NotebookPage
from pictures import PICTURES

_DAY = """
from hl7dicom_lab import story
from hl7dicom_lab.lab import Lab
lab = Lab().start()
(order,) = lab.emr.place(story.order())
lab.emr.check_in(story.PATIENT, story.VISIT)
(item,) = lab.modality.query()
images = lab.modality.examine(item)
"""
_STORE = """
lab.modality.store(images)
(study,) = lab.pacs.studies()
_ = lab.dictation.send(lab.dictation.dictate(study, story.REPORT_TEXT, order=order))
"""
_TYPED = """
for image in images:
    image.data_set.PatientID = "NG-100273"
    image.data_set.StudyDescription = "<script>alert(1)</script>\\u202eabc" + "x" * 30
    image.data_set.PatientName = "Yamada^Tarou=山田^太郎"
"""


def test_a_value_is_followed_by_mouse_through_all_columns(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("map_mouse.ipynb", _DAY + _STORE, 'lab.map("NG000001")')
    page.run_all()
    live = page.live(1)
    page.picture(PICTURES / "mapping_map.png")
    live.get_by_role("button", name="worklist, PatientID, NG-100237").click()
    assert live.locator(".value.lit").count() == 4
    assert live.locator("path.lit").count() == 3
    way = live.locator(".way")
    assert "The way of PatientID" in way.inner_text()
    assert "= copied (the MR repetition), from order PID-3.1" in way.inner_text()
    page.picture(PICTURES / "mapping_map_chosen.png")
    live.get_by_label("Search").fill("StudyInstanceUID")
    assert live.locator(".value:visible").count() == 4
    live.get_by_role("button", name="worklist, StudyInstanceUID").click()
    page.picture(PICTURES / "mapping_map_search.png")
    live.get_by_label("Search").fill("")
    live.get_by_label("only what differs or is missing").check()
    assert live.locator(".value:visible").count() == 5, "two fields that the report lacks, and where they come from"
    live.get_by_label("only what differs or is missing").uncheck()
    page.theme("JupyterLab Dark")
    assert page.violations() == []
    page.picture(PICTURES / "mapping_map_dark.png")
    page.theme("JupyterLab Light")
    assert page.violations() == []
    assert page.errors == []


def test_by_keyboard_alone_and_no_shortcut_of_jupyterlab_fires(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("map_keys.ipynb", _DAY + _STORE, 'lab.map("NG000001")', width=900)
    page.run_all()
    live = page.live(1)
    live.get_by_role("region").focus()
    page.page.keyboard.press("Tab")
    for key in ("ArrowDown", "d", "d", "a", "b", "x", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.page.keyboard.press(key)
    assert page.page.evaluate("document.activeElement.ariaLabel") == "report, PID-3.1, NG-100237, copied"
    page.picture(PICTURES / "mapping_map_900.png")
    assert live.locator(".way li").count() == 4
    page.page.keyboard.press("End")
    assert "OBX-5" in page.page.evaluate("document.activeElement.ariaLabel")
    page.page.keyboard.press("Escape")
    assert live.locator(".value.lit").count() == 0
    assert page.page.locator(".jp-Notebook .jp-CodeCell").count() == 2
    wide = "el => el.scrollWidth > el.clientWidth + 1"
    assert not page.page.locator(".jp-Notebook .jp-OutputArea-output").last.evaluate(wide)
    assert page.errors == []


def test_a_learners_mistake_is_seen_and_hostile_text_stays_text(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("map_typed.ipynb", _DAY + _TYPED + "lab.modality.store(images)", 'lab.map("NG000001")')
    page.run_all()
    live = page.live(1)
    assert "3 differ" in live.inner_text(), "identifier, name, and the description"
    wrong = live.get_by_role("button", name="image, PatientID, NG-100273")
    wrong.click()
    assert "differs" in (wrong.get_attribute("aria-label") or "")
    assert "≠ differs: worklist PatientID has NG-100237" in live.locator(".way").inner_text()
    assert live.get_by_text("No report yet.").is_visible()
    assert live.locator("script").count() == 0
    page.picture(PICTURES / "mapping_map_typed.png")
    page.theme("JupyterLab Dark")
    page.picture(PICTURES / "mapping_map_typed_dark.png")
    assert page.violations() == []
    page.theme("JupyterLab Light")
    assert page.errors == []


def test_a_saved_map_is_a_table_when_opened_and_a_map_when_run(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("map_again.ipynb", _DAY, 'lab.map("NG000001")')
    page.run_all()
    page.live(1)
    assert not page.cell(1).locator("table").is_visible()
    page.save()
    page.stop_kernel()
    page.live(1).get_by_role("button", name="worklist, PatientID").click()
    assert page.live(1).locator(".way li").count() == 2, "a map needs no kernel"
    page.save()
    again = open_notebook("map_again.ipynb")
    assert again.cell(1).locator("table").is_visible()
    again.picture(PICTURES / "mapping_map_static.png")
    again.run_all()
    again.live(1).get_by_text("No images yet").wait_for()
    known = "widget model not found"  # what JupyterLab says of every widget whose kernel is gone
    assert [one for one in again.errors if known not in one] == []
