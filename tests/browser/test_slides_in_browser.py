"""A deck in Chromium, opened as a file: it turns by keyboard, shows notes, and asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pictures import PICTURES

from hl7dicom_lab.course.lessons import find_lesson
from hl7dicom_lab.course.slides.deck import write_decks
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.institution import read_institution

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Where the words of an element are, without the room that it keeps free.
_TEXT_BOX = """element => {
  const words = document.createRange();
  words.selectNodeContents(element);
  return words.getBoundingClientRect().toJSON();
}"""


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slides")
    ((path, _),) = write_decks(notebooks_folder(), folder, [find_lesson("04")])
    return path


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    yield context.new_page()
    context.close()


def number(page: Page) -> int:
    """The slide that is seen; there is one, and no other."""
    (seen,) = page.locator(".slide:visible").all()
    return int((seen.get_attribute("id") or "").removeprefix("slide-"))


def test_the_keyboard_turns_the_slides(page: Page, deck: Path) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(deck.as_uri())
    last = page.locator(".slide").count()
    seen = [number(page)]
    for key in ("ArrowRight", " ", "PageDown", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(number(page))
    assert seen == [1, 2, 3, 4, 3, last, last, 1, 1]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []


def test_notes_are_shown_when_they_are_asked_for(page: Page, deck: Path) -> None:
    page.goto(deck.as_uri())
    notes = page.locator(".slide.now .notes")
    assert not notes.is_visible()
    page.keyboard.press("n")
    assert notes.is_visible()
    assert "Notes for the instructor" in notes.inner_text()
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "slides_notes.png")
    page.keyboard.press("n")
    assert not notes.is_visible()
    page.goto(f"{deck.as_uri()}#16")
    page.reload()
    assert number(page) == 16
    page.screenshot(path=PICTURES / "slides_view.png")


def test_the_speakers_window_goes_along_in_both_directions(page: Page, deck: Path) -> None:
    page.goto(deck.as_uri())
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    speaker.wait_for_load_state()
    assert speaker.locator(".slide.now .notes").is_visible()
    page.bring_to_front()
    page.keyboard.press("ArrowRight")
    speaker.wait_for_selector("#slide-2.now")
    speaker.keyboard.press("ArrowRight")
    page.wait_for_selector("#slide-3.now")


def test_without_javascript_the_deck_is_one_long_page(browser: Browser, deck: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(deck.as_uri())
    assert page.locator(".slide:visible").count() == page.locator(".slide").count() > 10
    context.close()


def test_a_screen_reader_finds_its_way(page: Page, deck: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.goto(f"{deck.as_uri()}#5n")
    # The policy of the page keeps out scripts of others, and so axe; what it looks at is the same without.
    text = deck.read_text(encoding="utf-8")
    begin = text.index("<meta http-equiv")
    page.set_content(text[:begin] + text[text.index("\n", begin) :])
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []


def test_the_logo_is_on_the_first_slide_beside_its_heading(page: Page, tmp_path: Path) -> None:
    import numpy as np
    from matplotlib.image import imsave

    imsave(tmp_path / "logo.png", np.zeros((400, 1600, 3)))
    (tmp_path / "there.yaml").write_text("name: Riverside\nfacility: R\nlogo: logo.png\n", encoding="utf-8")
    there = read_institution(tmp_path / "there.yaml")
    ((path, _),) = write_decks(notebooks_folder(), tmp_path, [find_lesson("04")], there)
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 720})
        page.goto(path.as_uri())
        logo, heading = page.get_by_alt_text("Logo of Riverside"), page.locator(".slide.now h1")
        assert logo.evaluate("image => image.naturalWidth") == 1600, "the page's rules let it be drawn"
        box, text = logo.bounding_box(), heading.evaluate(_TEXT_BOX)
        assert box
        assert box["width"] / box["height"] == pytest.approx(4, abs=0.1)
        assert text["right"] <= box["x"], "it covers nothing"
        page.keyboard.press("ArrowRight")
        assert not logo.is_visible()
