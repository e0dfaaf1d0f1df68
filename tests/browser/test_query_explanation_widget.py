"""The explanation of a worklist query in JupyterLab: by mouse, by keyboard, in both themes, hostile, opened again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from notebook_page import NotebookPage
from pictures import PICTURES

_OPEN = "from hl7dicom_lab import open_lesson\nlab = open_lesson('04')"
_NOBODY = (
    'lab.ris.explain(PatientName="RIVERA, MARCO", Modality="CT", ScheduledStationAETitle="CT1",'
    ' ScheduledProcedureStepStartDate="20260302")'
)
_HOSTILE = """
item = lab.modality.query()[0]
item.PatientName, item.AccessionNumber = "<script>alert(1)</script>^" + "x" * 300, "\\u0627\\u062d\\u0645\\u062f"
item.ScheduledProcedureStepSequence[0].Modality = ""
lab.ris.order_book.import_item(item)
lab.ris.explain(PatientName="<b>*", Modality="MR", PatientComments="y" * 3000)
"""


def test_a_cell_chosen_by_mouse_or_by_keys_says_its_reason(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("why_nobody.ipynb", _OPEN, _NOBODY)
    page.run_all()
    view = page.live(1)
    marco = view.get_by_role("row").filter(has_text="NG000004")
    marco.get_by_role("gridcell", name="keeps out: NORTHGATE_CT1").click()
    told = view.get_by_role("status")
    assert "ScheduledStationAETitle: the query asks for 'CT1', the step has 'NORTHGATE_CT1'" in told.inner_text()
    assert "ScheduledStationName" in told.inner_text()
    for key in ("d", "d", "a", "b", "ArrowLeft", "ArrowLeft"):
        page.page.keyboard.press(key)
    assert "'RIVERA^MARCO*' fits" in told.inner_text()
    page.page.keyboard.press("Home")
    page.page.keyboard.press("Control+Home")
    assert "The steps on the order book" in told.inner_text()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        page.page.keyboard.press(key)
    assert "PatientName stands at the root" in told.inner_text()
    assert page.page.locator(".jp-Notebook .jp-CodeCell").count() == 2
    assert page.errors == []


@pytest.mark.parametrize("width", [1280, 900])
def test_in_both_themes_nothing_is_wrong_and_the_page_does_not_scroll_sideways(
    open_notebook: Callable[..., NotebookPage], width: int
) -> None:
    refused = 'lab.ris.explain(PatientID="NG-1*")'
    page = open_notebook(f"why_{width}.ipynb", _OPEN, _NOBODY, _HOSTILE, refused, width=width)
    page.run_all()
    for theme in ("Dark", "Light"):
        page.theme(f"JupyterLab {theme}")
        for place, name in ((1, "nobody"), (2, "hostile"), (3, "refused")):
            view = page.live(place)
            page.picture(PICTURES / f"query_explanation_{name}_{width}_{theme.lower()}.png")
            assert view.evaluate("one => one.scrollWidth <= one.clientWidth + 1"), name
        outcome, box = page.live(1).locator("td.outcome").first, page.live(1).locator(".box")
        assert outcome.inner_text() == "kept out by 1,\xa03"
        assert (
            outcome.bounding_box()["x"] + outcome.bounding_box()["width"]
            <= box.bounding_box()["x"] + box.bounding_box()["width"]
        )
        assert box.evaluate("one => one.scrollHeight <= one.clientHeight + 1"), "a short table stands there whole"
        assert page.violations() == []
    assert page.live(2).locator("script").count() == 0
    assert page.errors == []
