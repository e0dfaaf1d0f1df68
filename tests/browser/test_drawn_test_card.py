"""The test of lesson 11 in JupyterLab: drawn again, it stands as it was left."""

from __future__ import annotations

import re
from collections.abc import Callable

from card_keys import another, give
from notebook_page import NotebookPage
from pictures import PICTURES


def test_a_test_that_is_drawn_again_shows_what_was_answered(open_notebook: Callable[..., NotebookPage]) -> None:
    opening = "from hl7dicom_lab import open_lesson\nlab = open_lesson('11')"
    page = open_notebook("drawn_test.ipynb", opening, "lab.draw_test(2)")
    page.run_all()
    card = page.live(1).locator("fieldset").filter(has=page.page.get_by_role("radio")).first
    title = card.locator("legend").inner_text()
    assert re.fullmatch(r"Question \d+ of 20 \([\d-]+\)", title)
    give(card, another(card, "a"))
    told = re.compile(r"Not yet\.|Correct\.")
    card.get_by_role("status").get_by_text(told).wait_for()
    said, chosen = card.get_by_role("status").inner_text(), card.locator("input:checked").input_value()
    page.run_all()
    again = page.live(1).get_by_role("group", name=title)
    again.get_by_role("status").get_by_text(told).wait_for()
    assert (again.get_by_role("status").inner_text(), again.locator("input:checked").input_value()) == (said, chosen)
    assert page.live(1).locator(".reply.filled").count() == 1
    page.picture(PICTURES / "drawn_test_again.png")
    assert page.violations() == []
    assert page.errors == []
