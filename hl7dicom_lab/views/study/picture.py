"""The final screen as a picture: dark, as reading rooms are; patient above, images at the left, report at the right.

Rule: no global state. The figure is built from matplotlib's classes, not with pyplot; every font, colour and size is
given, so that nobody's settings change the picture, and `$` in a report is a dollar.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.views.page import Box, Page
from hl7dicom_lab.views.study import words
from hl7dicom_lab.views.study.image_on_screen import ImageOnScreen
from hl7dicom_lab.views.study.montage import evenly_spaced
from hl7dicom_lab.views.study.text_form import lines_of, one_line

if TYPE_CHECKING:
    from hl7dicom_lab.model import Report
    from hl7dicom_lab.views.study.screen import StudyOnScreen

WIDTH, MARGIN, GAP = 1680, 24, 8
BANNER, IMAGES, FOOT = 104, 632, 36  # heights
TILE, COLUMNS, TILES = 158, 3, 12
BAND = 34  # above and below the large image
LEFT = IMAGES + GAP + COLUMNS * TILE  # width of the image area

BACKGROUND, PANEL, BLACK = "#0d1117", "#161d27", "#000000"
TEXT, MUTED, LINE, ACCENT = "#e8edf3", "#9fb0c3", "#38485a", "#7fd1ff"
ALARM, ON_ALARM = "#a40e26", "#ffffff"
STATUS_COLOURS = {"P": "#f2c14e", "F": "#6fd08c", "C": "#7fd1ff", "X": "#ff8f8f"}

NOT_DRAWN = "□ stands for characters that no font here has: print the study, or show it in a notebook, to see them."


def save_picture(study: StudyOnScreen, path: Path) -> Path:
    """Write the study as PNG and return the path. Raises SetupError where the file cannot be written."""
    page = draw(study)
    try:
        page.save(path)
    except OSError as error:
        raise SetupError(
            f"the picture cannot be written: {error.strerror or error}",
            where=str(path),
            next_step="choose a folder that is there and that you may write to",
        ) from error
    return path


def draw(study: StudyOnScreen) -> Page:
    """The study on a page; a warning makes the page higher, it takes no room from what is below."""
    warning = [one_line(sentence) for sentence in words.warning(study)]
    alarm = 52 + 26 * len(warning) if warning else 0
    page = Page(WIDTH, MARGIN + alarm + BANNER + 2 * GAP + IMAGES + FOOT, BACKGROUND)
    top = MARGIN
    if warning:
        _draw_warning(page, Box(MARGIN, top, WIDTH - 2 * MARGIN, alarm - 14), warning)
        top += alarm
    _draw_banner(page, Box(MARGIN, top, WIDTH - 2 * MARGIN, BANNER), study)
    top += BANNER + 2 * GAP
    _draw_images(page, Box(MARGIN, top, LEFT, IMAGES), study)
    left = MARGIN + LEFT + 2 * GAP
    _draw_report(page, Box(left, top, WIDTH - MARGIN - left, IMAGES), study)
    note = f"   {NOT_DRAWN}" if page.squares else ""
    page.text(MARGIN, page.height - 12, f"For teaching, not for diagnosis.{note}", size=11, colour=MUTED)
    return page


def _draw_warning(page: Page, box: Box, warning: Sequence[str]) -> None:
    title, *reasons = warning
    page.box(box, fill=ALARM, line=ON_ALARM, width=3)
    page.text(box.left + 20, box.top + 38, f"⚠  {title}", size=22, colour=ON_ALARM, bold=True)
    for number, reason in enumerate(reasons):
        text = page.fitting(f"•  {reason}", box.width - 72, 15)
        page.text(box.left + 52, box.top + 66 + 26 * number, text, size=15, colour=ON_ALARM)


def _draw_banner(page: Page, box: Box, study: StudyOnScreen) -> None:
    page.box(box, fill=PANEL, line=LINE)
    page.box(Box(box.left, box.top, 6, box.height), fill=ACCENT)
    name, person, what = (one_line(line) for line in words.identity_lines(study.banner))
    room = box.width - 48
    name = page.without_undrawable(name.split(" = "), " = ")
    size = next((size for size in (30, 26, 22, 18) if page.width_of(name, size, bold=True) <= room), 18)
    page.text(box.left + 24, box.top + 42, page.fitting(name, room, size, bold=True), size=size, colour=TEXT, bold=True)
    page.text(box.left + 24, box.top + 68, page.fitting(person, room, 16), size=16, colour=TEXT)
    page.text(box.left + 24, box.top + 92, page.fitting(what, room, 16), size=16, colour=MUTED)


# ---- images


def _draw_images(page: Page, area: Box, study: StudyOnScreen) -> None:
    page.box(area, fill=BLACK, line=LINE)
    if not study.shown:
        page.text(
            area.left + area.width / 2, area.top + area.height / 2, words.NO_IMAGES, size=20, colour=MUTED, at="center"
        )
        return
    if len(study.shown) == 1:
        _draw_main(page, area, study, study.shown[0])
        return
    tiles = evenly_spaced(len(study.shown), TILES)
    main = tiles[(len(tiles) - 1) // 2]
    _draw_main(page, Box(area.left, area.top, IMAGES, IMAGES), study, study.shown[main])
    left = area.left + IMAGES + GAP
    for place, index in enumerate(tiles):
        row, column = divmod(place, COLUMNS)
        tile = Box(left + column * TILE, area.top + row * TILE, TILE, TILE)
        _draw_tile(page, tile, study.shown[index], chosen=index == main)


def _draw_main(page: Page, box: Box, study: StudyOnScreen, image: ImageOnScreen) -> None:
    """One image large, between two bands of facts, with the letters that say how it lies in the patient."""
    if image.pixels is None:
        _draw_placeholder(page, box, image)
        return
    inner = Box(box.left + 2, box.top + BAND, box.width - 4, box.height - 2 * BAND)
    drawn = page.image(inner, image.pixels, image.aspect)
    number = f" {image.instance_number}" if image.instance_number else ""
    head, foot = box.top + 25, box.bottom - 13
    page.text(box.left + 14, head, f"{image.modality}{number} of {len(study.images)}", size=14, colour=TEXT)
    facts = words.BETWEEN.join(filter(None, (image.matrix, image.window and f"window {image.window}")))
    page.text(box.left + 14, foot, facts, size=14, colour=TEXT)
    left, right, top, bottom = image.edges
    middle, centre = box.top + box.height / 2 + 8, box.left + box.width / 2
    for letter, across, down in (
        (left, box.left + 22, middle),
        (right, box.right - 22, middle),
        (top, centre, head + 1),
        (bottom, centre, foot + 1),
    ):
        page.text(across, down, letter, size=20, colour=ACCENT, bold=True, at="center", outlined=True)
    _draw_scale(page, box, image, drawn)


def _draw_scale(page: Page, box: Box, image: ImageOnScreen, drawn: Box) -> None:
    """A bar of 5 cm in the patient, where the image says how large its pixels are."""
    if image.spacing is None or not image.columns:
        return
    length = 50 / image.spacing[1] * drawn.width / image.columns
    if length > box.width / 3:
        return
    page.box(Box(box.right - 16 - length, box.bottom - 20, length, 3), fill=TEXT)
    page.text(box.right - 24 - length, box.bottom - 13, "5 cm", size=13, colour=TEXT, at="right")


def _draw_tile(page: Page, box: Box, image: ImageOnScreen, *, chosen: bool) -> None:
    if image.pixels is None:
        page.cross(box.inside(3), LINE)
    else:
        page.image(box.inside(2), image.pixels, image.aspect)
    page.text(box.left + 8, box.top + 18, image.instance_number, size=11, colour=MUTED, outlined=True)
    if chosen:
        page.box(box.inside(1), line=ACCENT, width=1.5)


def _draw_placeholder(page: Page, box: Box, image: ImageOnScreen) -> None:
    page.cross(box.inside(3), LINE)
    lines = page.wrapped(one_line(image.reason), box.width - 80, 14)
    panel = Box(box.left + 24, box.top + box.height / 2 - 24 - 12 * len(lines), box.width - 48, 40 + 24 * len(lines))
    page.box(panel, fill=PANEL, line=LINE)
    for number, line in enumerate(lines):
        page.text(panel.left + 16, panel.top + 32 + 24 * number, line, size=14, colour=TEXT)


# ---- report


def _draw_report(page: Page, box: Box, study: StudyOnScreen) -> None:
    page.box(box, fill=PANEL, line=LINE)
    page.text(box.left + 20, box.top + 30, "REPORT", size=13, colour=MUTED, bold=True)
    if study.report is None:
        page.text(box.left + 20, box.top + 66, words.NO_REPORT, size=18, colour=TEXT)
    elif study.covered:
        below = _draw_lines(page, box.inside(20), words.COVERED, box.top + 66, 16)
        page.cross(Box(box.left + 20, below, box.width - 40, box.bottom - 20 - below), LINE)
    else:
        _draw_open_report(page, box, study, study.report)


def _draw_open_report(page: Page, box: Box, study: StudyOnScreen, report: Report) -> None:
    status, facts = (one_line(line) for line in words.report_lines(report))
    inner = box.inside(20)
    colour = STATUS_COLOURS[report.status]
    status = page.fitting(status, inner.width - 32, 14, bold=True)
    page.box(Box(inner.left, box.top + 44, page.width_of(status, 14, bold=True) + 28, 30), line=colour, width=1.5)
    page.text(inner.left + 14, box.top + 65, status, size=14, colour=colour, bold=True)
    top = _draw_lines(page, inner, facts, box.top + 98, 12, MUTED) - 6
    page.box(Box(inner.left, top, inner.width, 1), fill=LINE)
    earlier = words.earlier_lines(study)
    floor = box.bottom - 14 - (24 * len(earlier[-3:]) + 10 if earlier else 0)
    _draw_body(page, Box(inner.left, top + 28, inner.width, floor - top - 28), report.text or "(no text)")
    for number, line in enumerate(earlier[-3:]):
        text = page.fitting(one_line(line), inner.width, 12)
        page.text(inner.left, floor + 20 + 24 * number, text, size=12, colour=MUTED)


def _draw_body(page: Page, box: Box, text: str) -> None:
    """The report in the largest size that fits; if none does, its beginning, and how much is left out."""
    for size in (16, 15, 14, 13, 12):
        step = size * 1.45
        lines = [part for line in lines_of(text) for part in page.wrapped(line, box.width, size)]
        room = max(1, int(box.height / step))
        if len(lines) <= room:
            break
    else:
        left_out = len(lines) - room + 1
        lines = [*lines[: room - 1], f"... {left_out} more lines: print the study, or show it in a notebook"]
    for number, line in enumerate(lines):
        page.text(box.left, box.top + step * number, line, size=size, colour=TEXT)


def _draw_lines(page: Page, box: Box, text: str, top: float, size: float, colour: str = TEXT) -> float:
    """Draw wrapped text, its first baseline at `top`; returns where the next baseline would be."""
    lines = page.wrapped(text, box.width, size)
    for number, line in enumerate(lines):
        page.text(box.left, top + size * 1.5 * number, line, size=size, colour=colour)
    return top + size * 1.5 * len(lines)
