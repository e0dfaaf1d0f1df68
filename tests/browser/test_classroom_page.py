"""The instructor's page in a real browser: a class of 40, live, by keyboard, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from invented_class import BOOK, aliases, entries
from pictures import PICTURES

from hl7dicom_lab.classroom.record import Kept
from hl7dicom_lab.classroom.service import ClassroomOptions, ClassroomService
from hl7dicom_lab.classroom.store import ClassStore

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ClassroomService]:
    """A class of 40 that has been at work for two hours."""
    began = datetime.now(UTC) - timedelta(hours=2)
    store = ClassStore(tmp_path / "classroom.sqlite")
    for place, alias in enumerate(aliases()):
        store.join(alias)
        learner = store.by_alias(alias)
        assert learner
        store.add(learner, entries(place), lambda one: (began + timedelta(minutes=one.number * 2)).isoformat())
    store.close()
    with ClassroomService(ClassroomOptions(tmp_path, port=0)) as running:
        yield running


@pytest.fixture
def opened(service: ClassroomService, browser: Browser) -> Iterator[Any]:
    contexts = []

    def open_page(scheme: str = "light", width: int = 1440) -> Page:
        contexts.append(browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        problems: list[str] = []
        page.on("pageerror", lambda one: problems.append(str(one)))
        page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
        page.on("dialog", lambda one: problems.append(f"dialog {one.message}"))
        page.on("request", lambda one: problems.append(one.url) if not one.url.startswith(service.address) else None)
        page.problems = problems  # type: ignore[attr-defined]
        page.goto(service.instructor_address)
        page.wait_for_selector("#matrix tbody tr")
        return page

    yield open_page
    for one in contexts:
        for page in one.pages:
            assert page.problems == []
        one.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_class_of_forty(opened: Any, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(scheme)
    assert "token" not in page.url
    assert page.locator("#matrix tbody tr").count() == 40
    assert page.get_by_role("rowheader", name="<script>alert(1)</script>").count() == 1
    assert page.locator("#holdups li").count() > 2
    assert "04-e2" in page.locator("#holdups").inner_text()
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in violations] == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"classroom_{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 420, "height": 800})
    page.screenshot(path=PICTURES / f"classroom_narrow_{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_learner_does_is_seen_without_a_reload(service: ClassroomService, opened: Any) -> None:
    page = opened()
    page.evaluate("window.stays = true")
    page.locator("#order").select_option("stuck")
    page.locator("#order").focus()
    store = ClassStore(service._options.home / "classroom.sqlite")
    store.join("Newcomer")
    learner = store.by_alias("Newcomer")
    store.add(learner, [Kept(BOOK, number, "exercise", "06-e1", "not yet", "raises") for number in range(3)])
    store.close()
    row = page.get_by_role("row", name="Newcomer")
    row.wait_for()
    assert row.locator(".stuck").count() == 1
    assert "06-e1" in row.inner_text()
    assert page.locator("#counts").inner_text().startswith("41 learners")
    assert page.evaluate("window.stays && document.activeElement.id") == "order"


def test_a_learner_is_deleted_by_keyboard(opened: Any) -> None:
    from playwright.sync_api import expect

    page = opened()
    button = page.get_by_role("button", name="Delete Amber 2")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Delete Amber 2?").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#matrix tbody tr").count() == 40
    page.keyboard.press("Enter")  # the focus is back on the button
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#matrix tbody tr")).to_have_count(39)
    assert page.get_by_role("rowheader", name="Amber 2").count() == 0


def test_a_service_that_went_away_is_told_and_found_again(service: ClassroomService, opened: Any) -> None:
    from playwright.sync_api import expect

    page = opened()
    port = service.port
    service.stop()
    page.get_by_text("The classroom does not answer").wait_for()
    assert page.locator("#matrix tbody tr").count() == 40
    page.problems.clear()
    with ClassroomService(ClassroomOptions(service._options.home, port=port)):
        expect(page.locator("#connection")).to_have_text("")
        page.problems[:] = [one for one in page.problems if "ERR_CONNECTION_REFUSED" not in one]
        page.close()
