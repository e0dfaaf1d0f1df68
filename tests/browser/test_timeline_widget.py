"""The timeline in JupyterLab: it follows a cell that runs, opens by mouse and by keyboard, and is saved."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from notebook_page import NotebookPage
from pictures import PICTURES

_OPEN = "from hl7dicom_lab import story\nfrom hl7dicom_lab.lab import Lab\nlab = Lab.fresh()"
_SHOW = "lab.timeline()"
_EXAMINATION = """\
lab.emr.place(story.order())
(item,) = lab.modality.query()
images = lab.modality.examine(item)
results = lab.modality.store(images)"""
_FAULTS = """\
import socket
from pynetdicom import AE
with socket.create_connection((lab.ris.hl7.host, lab.ris.hl7.port)) as plain:
    plain.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
    plain.recv(100)
program = AE("MYPROG")
program.add_requested_context("1.2.840.10008.5.1.4.31")
program.add_requested_context("1.2.840.10008.5.1.4.1.1.4")
for title in ("WRONG", lab.ris.worklist.ae_title):
    assoc = program.associate(lab.ris.worklist.host, lab.ris.worklist.port, ae_title=title)
    if assoc.is_established:
        assoc.release()"""
_HOSTILE = """\
from pynetdicom import AE
import socket
names = ("<img src=x onerror=alert(1)>", "田中^由紀", "أحمد", "X" * 300, "\\x1b[31m")
for name in names:
    text = f"MSH|^~\\\\&|{name}|A|RIS|NORTHGATE|20260302||ORM^O01|{name}|P|2.3.1||||||UNICODE UTF-8\\rPID|||{name}\\r"
    with socket.create_connection((lab.ris.hl7.host, lab.ris.hl7.port)) as plain:
        plain.sendall(b"\\x0b" + text.encode() + b"\\x1c\\r")
        plain.recv(1000)"""
_SLOW = """\
import socket
import time
from pynetdicom import AE
for number in range(5):
    lab.emr.place(story.order())
    time.sleep(0.8)
silent = socket.create_server(("127.0.0.1", 0))
program = AE("MYPROG")
program.acse_timeout = 4
program.add_requested_context("1.2.840.10008.1.1")
program.associate(lab.ris.worklist.host, lab.ris.worklist.port, ae_title=lab.ris.worklist.ae_title).release()
program.associate("127.0.0.1", silent.getsockname()[1])  # blocks until the time is over
silent.close()
print("done")"""
_MANY = """\
from hl7dicom_lab.dicom import dimse
from hl7dicom_lab.hl7v2 import wire
talk = lab.trace.open("RIS", "HL7", "acceptor", wire.describe, peer="EMR")
for number in range(2500):
    kind = ("ORM^O01", "ADT^A08")[number % 2]
    talk.received(f"\\x0bMSH|^~\\\\&|EMR|N|RIS|N|2026||{kind}|E{number}|P|2.3.1\\r\\x1c\\r".encode())
    talk.sent(f"\\x0bMSH|^~\\\\&|RIS|N|EMR|N|2026||ACK|R{number}|P|2.3.1\\rMSA|AA|E{number}\\r\\x1c\\r".encode())"""


def test_it_follows_a_cell_that_runs_and_nothing_lands_in_that_cells_output(
    open_notebook: Callable[..., NotebookPage],
) -> None:
    page = open_notebook("timeline_live.ipynb", _OPEN, _SHOW, _SLOW)
    page.run(0)
    page.run(1)
    shown = page.live(1)
    shown.get_by_text("Nothing went over the wire yet").wait_for()
    page.cell(2).locator(".cm-content").click()
    page.page.keyboard.press("Control+Enter")
    shown.get_by_text("ORM^O01").first.wait_for(timeout=3000, state="attached")
    assert page.cell(2).locator(".jp-OutputArea-output").count() == 0, "the cell still runs"
    shown.get_by_text("14 arrows, 0 problems").wait_for(state="attached")
    assert page.cell(2).locator(".jp-OutputArea-output").count() == 0, "it waits for an association"
    page.wait_until_idle()
    assert page.cell(2).locator(".jp-OutputArea-output").inner_text().strip() == "done"
    shown.get_by_label("Only problems").check()
    shown.get_by_text("Nothing of what went over the wire is chosen here").wait_for()
    shown.get_by_label("Only problems").uncheck()
    heads, box = shown.locator(".heads").bounding_box(), shown.locator(".scroll").bounding_box()
    assert heads["width"] > box["width"] - 30, "the columns take the width that there is"
    assert page.errors == []


@pytest.mark.parametrize("width", [1280, 900])
def test_it_looks_right_in_both_themes(open_notebook: Callable[..., NotebookPage], width: int) -> None:
    page = open_notebook(f"timeline_look_{width}.ipynb", _OPEN, _EXAMINATION, _FAULTS, _SHOW, width=width)
    page.run_all()
    shown = page.live(3)
    row = shown.get_by_role("button", name="A-ASSOCIATE-AC. 1 of 2")
    row.click()
    shown.get_by_text("Presentation contexts").first.wait_for()
    assert shown.locator("td.refused").all_inner_texts() == ["✖ abstract syntax not supported"], (
        "what is accepted is not red"
    )
    shown.scroll_into_view_if_needed()
    page.picture(PICTURES / f"timeline_{width}_light.png")
    assert page.violations() == []
    page.theme("JupyterLab Dark")
    page.picture(PICTURES / f"timeline_{width}_dark.png")
    assert page.violations() == []
    page.theme("JupyterLab Light")
    assert page.errors == []


def test_by_keyboard_alone_and_no_shortcut_of_jupyterlab_fires(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("timeline_keys.ipynb", _OPEN, _EXAMINATION, _SHOW)
    page.run_all()
    shown = page.live(2)
    shown.locator('.arrows button[tabindex="0"]').focus()
    keys = page.page.keyboard
    for key in ("Home", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowDown", "Enter", "d", "d", "a", "b"):
        keys.press(key)
    focused = page.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("4. ")
    assert "RIS to MR1, DICOM A-ASSOCIATE-AC" in focused
    assert shown.locator(".detail").is_visible()
    assert "Explicit VR Little Endian" in shown.locator(".detail table").inner_text()
    keys.press("Escape")
    assert not shown.locator(".detail").is_visible()
    keys.press("End")
    assert page.page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("61. ")
    fold = shown.get_by_role("button", name="C-STORE-RQ × 24")
    shown.get_by_label("Follow").check()
    fold.focus()
    assert "12–59. MR1 to PACS, DICOM C-STORE-RQ × 24" in shown.locator(".caption").inner_text()
    keys.press("Enter")
    shown.get_by_role("button", name="12. ").first.wait_for()
    assert not shown.get_by_label("Follow").is_checked(), "what somebody reads stays where it is"
    assert page.page.locator(".jp-Notebook .jp-CodeCell").count() == 3
    assert page.errors == []


def test_an_image_is_decoded_when_somebody_asks(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("timeline_image.ipynb", _OPEN, _EXAMINATION, _SHOW)
    page.run_all()
    shown = page.live(2)
    shown.get_by_role("button", name="C-STORE-RQ × 24").click()
    shown.get_by_role("button", name="12. ").first.click()
    shown.locator(".detail").get_by_text("Rivera^Elena").first.wait_for()
    assert "00000000  04" in shown.locator(".detail .bytes").inner_text()
    assert page.errors == []


def test_hostile_text_stays_text(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("timeline_hostile.ipynb", _OPEN, _HOSTILE, _SHOW)
    page.run_all()
    shown = page.live(2)
    assert shown.locator("img").count() == 0
    page.picture(PICTURES / "timeline_hostile.png")
    shown.locator(".arrows button").first.click()
    shown.get_by_text("<img src=x onerror=alert(1)>").first.wait_for()
    assert page.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.errors == []


def test_thousands_of_arrows_and_the_picture(open_notebook: Callable[..., NotebookPage], tmp_path: Path) -> None:
    page = open_notebook("timeline_many.ipynb", _OPEN, _MANY, _SHOW)
    page.run_all()
    shown = page.live(2)
    shown.get_by_text("5000 arrows, 0 problems").wait_for()
    assert shown.locator(".arrows li").count() < 60, "only what can be seen is in the page"
    with page.page.expect_download() as waiting:
        shown.get_by_role("button", name="Save as SVG").click()
    waiting.value.save_as(tmp_path / "timeline.svg")
    root = ET.parse(tmp_path / "timeline.svg").getroot()
    assert len(root.findall("{http://www.w3.org/2000/svg}g")) == 5000
    page.page.evaluate("document.querySelector('.hl7dicom-timeline .scroll').scrollTop = 100000")
    shown.get_by_role("button", name="2500. ").wait_for()
    assert shown.locator(".arrows li").count() < 60
    assert page.errors == []


def test_cleared_it_begins_anew(open_notebook: Callable[..., NotebookPage]) -> None:
    cleared = "lab.trace.clear()\nlab.emr.place(story.order())"
    page = open_notebook("timeline_again.ipynb", _OPEN, _EXAMINATION, _SHOW, cleared)
    for place in range(3):
        page.run(place)
    shown = page.live(2)
    shown.get_by_text("61 arrows, 0 problems").wait_for()
    page.run(3)
    shown.get_by_text("2 arrows, 0 problems").wait_for()
    assert page.errors == []
