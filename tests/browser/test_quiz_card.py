"""The quiz card in JupyterLab: by mouse, by keyboard, drawn again, opened again."""

from __future__ import annotations

import json
from collections.abc import Callable

from course_server import Server
from notebook_page import NotebookPage
from pictures import PICTURES

_OPEN = "from hl7dicom_lab import open_lesson\nlab = open_lesson('00')"


def test_a_question_is_answered_by_mouse_and_read_again(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("quiz_mouse.ipynb", _OPEN, 'lab.quiz("00-q1")')
    page.run_all()
    card = page.live(1)
    card.get_by_label("Close JupyterLab").check()
    card.get_by_role("button", name="Check").click()
    card.get_by_text("Not yet.").wait_for()
    assert "A restart takes away what was made" in card.get_by_role("status").inner_text()
    page.picture(PICTURES / "quiz_card.png")
    check = card.get_by_role("button", name="Check")
    check.dblclick()  # the same answer again: the kernel says the same, and it is seen
    card.get_by_text("Not yet.").wait_for()
    card.get_by_role("button", name="Show the answer").click()
    card.get_by_text("The answer is a.").wait_for()
    assert page.errors == []


def test_two_cards_in_one_notebook_keep_their_own_choices(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("quiz_two.ipynb", _OPEN, 'lab.quiz("00-q1")', 'lab.quiz("00-q1")')
    page.run_all()
    chosen = [page.live(place).get_by_label("Close JupyterLab") for place in (1, 2)]
    for one in chosen:
        one.check()
    assert all(one.is_checked() for one in chosen), "radio buttons of one name let one be chosen on the whole page"


def test_axe_finds_nothing_in_any_kind_of_question(open_notebook: Callable[..., NotebookPage]) -> None:
    names = ", ".join(f'"{name}"' for name in ("00-q1", "00-q2", "00-q3", "00-q4", "01-q4", "01-q3", "01-q2", "01-q1"))
    kinds = f"for name in ({names}):\n    display(lab.quiz(name))"
    page = open_notebook("quiz_axe.ipynb", _OPEN, kinds)
    page.run_all()
    page.live(1)
    page.page.wait_for_timeout(1000)
    assert page.violations() == []
    page.theme("JupyterLab Dark")
    assert page.violations() == []
    page.theme("JupyterLab Light")


def test_by_keyboard_alone_and_no_shortcut_of_jupyterlab_fires(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("quiz_keys.ipynb", _OPEN, 'lab.quiz("00-q4")', 'lab.quiz("00-q3")')
    page.run_all()
    card = page.live(1)
    card.get_by_role("button", name="Move down: Ask for a hint").focus()
    for key in ("Enter", "Space", "Enter", "a", "b", "x", "d", "d"):
        page.page.keyboard.press(key)
    assert "Ask for a hint" in card.locator("li").last.inner_text()
    assert page.page.locator(".jp-Notebook .jp-CodeCell").count() == 3
    text = page.live(2).get_by_label("Your answer")
    text.fill("AE")
    text.press("Enter")
    page.live(2).get_by_text("Not yet.").wait_for()
    assert page.errors == []


def test_a_saved_and_reopened_notebook_says_what_to_run_and_holds_no_key(
    open_notebook: Callable[..., NotebookPage], jupyterlab: Server
) -> None:
    page = open_notebook("quiz_again.ipynb", _OPEN, 'lab.quiz("00-q2")')
    page.run_all()
    page.live(1)
    assert not page.cell(1).get_by_text("To answer, run this cell").is_visible()
    page.save()
    page.stop_kernel()
    page.save()
    saved = (jupyterlab.folder / "quiz_again.ipynb").read_text(encoding="utf-8")
    assert "The worklist was empty before" not in saved, "the feedback of a wrong answer"
    assert json.loads(saved)["cells"][1]["outputs"]
    again = open_notebook("quiz_again.ipynb")
    assert again.cell(1).get_by_text("To answer, run this cell").is_visible()
    again.run_all()
    again.live(1).get_by_label("Your number").fill("0")
    again.live(1).get_by_role("button", name="Check").click()
    again.live(1).get_by_text("Correct.").wait_for()
