"""The message explorer and the comparison in JupyterLab: by mouse, by keyboard, hostile messages, opened again."""

from __future__ import annotations

from collections.abc import Callable

from notebook_page import NotebookPage
from pictures import PICTURES

_OPEN = "from hl7dicom_lab.views.look import compare, look"
_ORDER = r"""order = ("MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080000||ORM^O01|T1|P|2.3.1||||||UNICODE UTF-8\r"
    "PID|1||NG-100237^^^NORTHGATE^MR~A-55120^^^NORTHGATE^AN||Rivera^Elena^Maria^^Ms||19840617|F\r"
    "ORC|NW|P1|||||^^^20260302093000^^R||20260302080000\r"
    "OBR|1|P1||70551^MRI brain^99NORTHGATE||||||||||||||ACC-1|RP-1|SPS-1||||MR|||^^^20260302093000^^R||||^Headache\r")
framed = b"\x0b" + order.encode() + b"\x1c\r"
changed = order.replace("Elena", "Helena").replace("|ACC-1|", "||").encode()
"""
_HOSTILE = r"""hostile = ("MSH|^~\\&|<script>document.title='no'</script>||||||ORM^O01|1|P|2.3.1||||||UNICODE UTF-8\r"
    "PID|1||\x1b[31m^^^" + "N" * 300 + "||ヤマダ^タロウ~مريم^علي||||||\"\"\r"
    "OBX|1|TX|a||" + "x" * 10000 + "\r" + "".join(f"NTE|{n}||note {n}\r" for n in range(2000)))
"""


def test_by_mouse_name_value_and_bytes_are_tied_together(open_notebook: Callable[..., NotebookPage]) -> None:
    from playwright.sync_api import expect

    page = open_notebook("message_mouse.ipynb", _OPEN, _ORDER, "look(framed)")
    page.run_all()
    view = page.live(2)
    assert view.locator(".control").first.inner_text() == "VT"
    view.locator(".bytes .value", has_text="ACC-1").click()
    row = view.locator(".row.chosen")
    assert "OBR-18" in row.inner_text()
    assert "Accession Number" in view.locator(".detail .note").inner_text()
    assert view.locator(".field.chosen .number").inner_text() == "18"
    view.locator(".row", has_text="PID-8").hover()
    assert view.locator(".bytes .near").inner_text() == "F"
    page.picture(PICTURES / "message_explorer_light.png")
    view.get_by_role("searchbox", name="Find").fill("rivera")
    expect(view.locator(".body .row")).to_have_count(3)  # PID, PID-5, PID-5.1, once the rows are drawn anew
    view.get_by_label("Show empty fields").check()
    view.get_by_role("searchbox", name="Find").fill("PID-2")
    assert "Patient ID" in view.locator(".body .row", has_text="PID-2").first.inner_text()
    assert page.errors == []


def test_by_keyboard_alone_and_no_shortcut_of_jupyterlab_fires(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("message_keys.ipynb", _OPEN, _ORDER, "look(framed)")
    page.run_all()
    view = page.live(2)
    keys = page.page.keyboard
    view.get_by_role("treegrid").focus()
    chosen = view.locator(".row.chosen")
    for key in ("End", "Home", "p", "i", "d", "-", "3"):
        keys.press(key)
    assert chosen.locator(".label").inner_text().endswith("PID-3")
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown"):
        keys.press(key)
    assert "PID-3[1].1" in chosen.inner_text()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        keys.press(key)
    assert chosen.locator(".label").inner_text().endswith("PID-3")
    for key in ("a", "b", "x", "d", "d", "Enter", "m", "y"):
        keys.press(key)
    view.get_by_role("group", name="Bytes of the message").focus()
    for key in ("ArrowDown", "ArrowRight", "d", "d", "a", "b"):
        keys.press(key)
    assert chosen.count() == 1
    view.get_by_role("searchbox", name="Find").focus()
    keys.type("ddab")
    assert page.page.locator(".jp-Notebook .jp-CodeCell").count() == 3
    assert page.errors == []


def test_two_messages_side_by_side(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("message_compare.ipynb", _OPEN, _ORDER, "compare(framed, changed)", width=900)
    page.run_all()
    view = page.live(2)
    assert "2 differences" in view.locator(".difference").inner_text()
    assert view.get_by_label("Differences only").is_checked()
    assert "Elena" in view.locator(".row.chosen").inner_text()
    view.get_by_role("button", name="Next difference").click()
    assert "left only" in view.locator(".row.chosen").inner_text()
    page.picture(PICTURES / "message_comparison_900_light.png")
    view.get_by_label("Differences only").uncheck()
    view.get_by_role("button", name="Open all").click()
    assert view.locator(".body .row.same").count() > 5
    assert page.errors == []


def test_hostile_and_long_messages_in_both_themes(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("message_hostile.ipynb", _OPEN, _HOSTILE, "look(hostile)", _ORDER, "compare(framed, changed)")
    page.run_all()
    view = page.live(2)
    assert "<script>" in view.locator(".body .row", has_text="MSH-3").inner_text()
    assert page.page.title() != "no"
    assert page.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert view.locator(".body .row").count() < 60, "only what is on the screen is drawn"
    ids = page.page.evaluate("[...document.querySelectorAll('.hl7dicom-live [id]')].map(node => node.id)")
    assert len(set(ids)) == len(ids) > 30, "each widget of a notebook has its own"
    assert view.locator(".body .row .value .control", has_text="ESC").count() == 1
    view.get_by_role("treegrid").focus()
    page.page.keyboard.press("End")
    assert "note 1999" in view.locator(".row.chosen").inner_text()
    assert view.locator(".bytes .chosen", has_text="note 1999").count() == 1
    assert page.violations() == []
    page.theme("JupyterLab Dark")
    try:
        assert page.violations() == []
        page.live(4)
        page.picture(PICTURES / "message_comparison_dark.png")
        page.live(2)
        page.picture(PICTURES / "message_explorer_hostile_dark.png")
    finally:
        page.theme("JupyterLab Light")
    assert page.errors == []
