"""The reading room in JupyterLab: the pixels it draws, its controls, what it covers, opened again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from course_server import Server
from notebook_page import NotebookPage
from pictures import PICTURES

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.views.study.image_window import Window, grey

if TYPE_CHECKING:
    from playwright.sync_api import Locator

_OPEN = "from hl7dicom_lab import open_lesson\nlab = open_lesson('08')"
_SHOW = 'lab.pacs.open_study("NG000001")'
#: A study of 500 slices of 512 x 512, and the CT slice and the radiograph of the course, without a department.
_FILES = """
import numpy as np, pydicom, tempfile
from pathlib import Path
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.views.study.screen import StudyOnScreen
folder = Path(tempfile.mkdtemp())
base = pydicom.dcmread(data_folder() / "ct_slice" / "image_01.dcm")
def save(count, **changed):
    paths = []
    base.SeriesInstanceUID = "1.2.3.4"
    for keyword, value in changed.items():
        setattr(base, keyword, value)
    for number in range(1, count + 1):
        base.InstanceNumber = number
        base.SOPInstanceUID = base.file_meta.MediaStorageSOPInstanceUID = f"{base.SeriesInstanceUID}.{number}"
        base.ImagePositionPatient = [-180, -180, number * float(base.SliceThickness or 1)]
        paths.append(folder / f"{base.SOPInstanceUID}.dcm")
        base.PixelData = np.roll(pixels, number, axis=1).tobytes()
        base.save_as(paths[-1])
    return paths
pixels = base.pixel_array
base.PatientName, base.PatientID, base.StudyInstanceUID, base.AccessionNumber = "Example^Elif", "MRN-1", "1.2.3", "ACC1"
"""

_CANVAS = """([canvas, rows, columns]) => {
    const context = canvas.getContext("2d");
    const left = Math.round((canvas.width - columns) / 2), top = Math.round((canvas.height - rows) / 2);
    const from = [Math.max(0, left), Math.max(0, top)];
    const size = [Math.min(columns, canvas.width), Math.min(rows, canvas.height)];
    const data = context.getImageData(...from, ...size).data;
    const grey = [];
    for (let at = 0; at < data.length; at += 4) grey.push(data[at]);
    return { grey, offset: [Math.max(0, -left), Math.max(0, -top)], size };
}"""


def drawn(room: Locator, pixels: np.ndarray, place: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """What the canvas shows, and the part of the image that it shows. One pixel of the screen is one of the image."""
    canvas = room.locator("canvas.pixels").nth(place)
    rows, columns = pixels.shape
    canvas.page.wait_for_timeout(300)
    found: dict[str, Any] = canvas.evaluate(f"(canvas, size) => ({_CANVAS})([canvas, ...size])", [rows, columns])
    (left, top), (width, height) = found["offset"], found["size"]
    shown = np.array(found["grey"], np.uint8).reshape(height, width)
    return shown, pixels[top : top + height, left : left + width]


def stack() -> list[np.ndarray]:
    """The values of the MR stack."""
    return [pydicom.dcmread(path).pixel_array for path in sorted((data_folder() / "mr_brain").glob("*.dcm"))]


def test_every_pixel_is_what_the_window_function_says(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("room_pixels.ipynb", _OPEN, _SHOW)
    page.run_all()
    room, values = page.live(1), stack()
    room.get_by_role("button", name="One pixel of the screen").click()
    number, center, width = (room.get_by_label(name, exact=True) for name in ("Image", "Centre", "Width"))
    for image, window in ((12, None), (1, (300, 401)), (24, (1000.5, 2)), (7, (512, 1))):
        number.fill(str(image))
        if window:
            center.fill(str(window[0]))
            width.fill(str(window[1]))
        shown, expected = drawn(room, values[image - 1])
        assert np.array_equal(shown, grey(expected.astype(float), Window(*(window or (950, 1700)))))
    room.get_by_role("button", name="Invert").click()
    inverted, expected = drawn(room, values[6])
    assert np.array_equal(inverted, 255 - grey(expected.astype(float), Window(512, 1)))
    room.get_by_label("Preset").select_option("Whole range of each image")
    room.get_by_role("button", name="Invert").click()
    whole, expected = drawn(room, values[6])
    low, high = float(values[6].min()), float(values[6].max())
    assert np.array_equal(whole, grey(expected.astype(float), Window((low + high) / 2 + 0.5, high - low + 1)))
    assert page.errors == []


def test_ct_and_radiograph_are_sensible_at_first_sight(open_notebook: Callable[..., NotebookPage]) -> None:
    ct = pydicom.dcmread(data_folder() / "ct_slice" / "image_01.dcm").pixel_array.astype(float) - 1024
    cr = pydicom.dcmread(data_folder() / "cr_chest" / "image_01.dcm").pixel_array.astype(float)
    show = 'StudyOnScreen.of([data_folder() / "{}" / "image_01.dcm"])'
    page = open_notebook("room_ct.ipynb", _FILES, show.format("ct_slice"), show.format("cr_chest"))
    page.run_all()
    room = page.live(1)
    page.picture(PICTURES / "reading_room_ct.png")
    room.get_by_role("button", name="One pixel of the screen").click()
    shown, expected = drawn(room, ct)
    assert np.array_equal(shown, grey(expected, Window(-600, 1600)))
    said = room.get_by_text("In the middle: value").inner_text()
    value, column, row = map(float, re.findall(r"-?\d+", said))
    assert "HU" in said
    assert value == ct[int(row) - 1, int(column) - 1]
    room.get_by_label("Preset").select_option("Bone: 400 / 1800")
    shown, expected = drawn(room, ct)
    assert np.array_equal(shown, grey(expected, Window(400, 1800)))
    radiograph = page.live(2)
    page.picture(PICTURES / "reading_room_cr.png")
    assert "at the detector" in radiograph.locator(".scale").inner_text()
    radiograph.get_by_role("button", name="One pixel of the screen").click()
    shown, expected = drawn(radiograph, cr)
    assert np.array_equal(shown, 255 - grey(expected, Window(2250, 2700)))
    assert page.errors == []


def middle_of(canvas: Locator) -> tuple[float, float]:
    """Where it is on the screen."""
    place = canvas.bounding_box()
    assert place
    return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2


def test_by_mouse(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("room_mouse.ipynb", _OPEN, _SHOW, "import time; time.sleep(25)")
    page.run(0)
    page.run(1)
    room, values = page.live(1), stack()
    page.picture(PICTURES / "reading_room_1280.png")
    canvas = room.locator("canvas.pixels")
    page.cell(2).locator(".cm-content").click()  # the kernel is busy while the images are looked at
    page.page.keyboard.press("Control+Enter")
    room.get_by_role("button", name="Fit").click()
    place = canvas.bounding_box()
    page.page.mouse.move(*middle_of(canvas))
    for down in (100, 100, -100):
        page.page.mouse.wheel(0, down)
        page.page.wait_for_timeout(100)
    assert canvas.bounding_box() == place, "the page does not scroll"
    assert room.get_by_label("Image", exact=True).input_value() == "13"
    room.get_by_role("button", name="One pixel of the screen").click()
    shown, expected = drawn(room, values[12])
    assert np.array_equal(shown, grey(expected.astype(float), Window(950, 1700)))

    middle = middle_of(canvas)
    page.page.mouse.move(*middle)
    page.page.mouse.down()
    page.page.mouse.move(middle[0] + 60, middle[1] + 30, steps=4)
    page.page.mouse.up()
    center, width = (float(room.get_by_label(name).input_value()) for name in ("Centre", "Width"))
    assert center > 950
    assert width > 1700
    assert room.get_by_label("Preset").locator("option:checked").inner_text() == "Chosen by hand"
    shown, expected = drawn(room, values[12])
    assert np.array_equal(shown, grey(expected.astype(float), Window(center, width)))

    page.page.keyboard.down("Shift")
    page.page.mouse.move(*middle)
    page.page.mouse.down()
    page.page.mouse.move(middle[0] + 40, middle[1] + 20, steps=4)
    page.page.mouse.up()
    page.page.keyboard.up("Shift")
    moved, _ = drawn(room, values[12])
    assert np.array_equal(moved[20:, 40:], shown[:-20, :-40])
    assert float(room.get_by_label("Centre").input_value()) == center
    room.get_by_role("button", name="Reset").click()
    room.get_by_text("window 950 / 1700").wait_for()
    assert page.page.get_by_text("| Busy").is_visible(), "all of this while the kernel was busy"
    page.wait_until_idle()
    assert page.errors == []


def test_what_lies_between_two_fingers_stays_there(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("room_touch.ipynb", _OPEN, _SHOW)
    page.run_all()
    room = page.live(1)
    x, y = middle_of(room.locator("canvas.pixels"))
    x, y = x + 90, y - 60
    page.page.mouse.move(x, y)
    value = room.locator(".value")
    before = place_in(value.inner_text())
    session = page.page.context.new_cdp_session(page.page)

    def touch(kind: str, *fingers: tuple[float, float]) -> None:
        points = [{"x": across, "y": down, "id": number} for number, (across, down) in enumerate(fingers)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    zoom = zoom_of(room)
    touch("touchStart", (x - 40, y))
    touch("touchStart", (x - 40, y), (x + 40, y))
    for step in range(1, 9):  # twice as far apart, and 20 pixels down
        touch("touchMove", (x - 40 - 5 * step, y + 2.5 * step), (x + 40 + 5 * step, y + 2.5 * step))
    touch("touchEnd", (x - 80, y + 20))
    touch("touchMove", (x - 20, y + 60))  # the finger that stays
    touch("touchEnd")
    page.page.mouse.move(x, y + 20)
    page.page.wait_for_timeout(300)
    after = place_in(value.inner_text())
    assert max(abs(one - other) for one, other in zip(before, after, strict=True)) <= 1
    assert abs(zoom_of(room) / zoom - 2) < 0.05
    assert "window 950 / 1700" in room.locator(".how").inner_text(), "the finger that stays changes no window"
    assert page.errors == []


def place_in(said: str) -> tuple[int, ...]:
    """Column and row in the words under the picture."""
    return tuple(map(int, re.findall(r"(?:column|row) (\d+)", said)))


def zoom_of(room: Locator) -> int:
    """The zoom in the words on the picture, in percent."""
    return int(re.findall(r"zoom (\d+) %", room.locator(".how").inner_text())[0])


def test_by_keyboard_alone_and_no_shortcut_of_jupyterlab_fires(open_notebook: Callable[..., NotebookPage]) -> None:
    page = open_notebook("room_keys.ipynb", _OPEN, _SHOW)
    page.run_all()
    room, keys = page.live(1), page.page.keyboard
    number = room.get_by_label("Image", exact=True)
    room.get_by_role("application").focus()
    for key, image in (("ArrowDown", "13"), ("PageUp", "3"), ("Home", "1"), ("End", "24"), ("ArrowUp", "23")):
        keys.press(key)
        page.page.wait_for_timeout(150)
        assert number.input_value() == image
    for key in ("a", "b", "x", "d", "d", "m", "y", "Shift+ArrowLeft", "+", "Enter"):
        keys.press(key)
    assert page.page.locator(".jp-Notebook .jp-CodeCell").count() == 2
    keys.press("l")
    keys.type("300")
    keys.press("Tab")
    keys.type("401")
    page.page.wait_for_timeout(300)
    assert "window 300 / 401" in room.locator(".how").inner_text()
    status = room.get_by_role("status").filter(has_text="Image 23 of 24, window 300 / 401")
    status.wait_for(state="attached")
    room.get_by_role("button", name="Invert").focus()
    for key in ("ArrowLeft", "ArrowLeft", "Enter"):  # around the end of the toolbar, to Reset
        keys.press(key)
    said = "Image 23 of 24; window 950 / 1700; at the edges: left R (right), right L (left), top A (front)"
    room.get_by_role("application", name=said).wait_for()
    assert page.page.locator(".jp-Notebook .jp-CodeCell").count() == 2
    assert page.errors == []


def test_two_series_scroll_together(open_notebook: Callable[..., NotebookPage]) -> None:
    two = (
        "pixels = pixels[:128, :200]\nbase.Rows, base.Columns = pixels.shape\n"
        "thin = save(12, SeriesDescription='thin', SliceThickness='1', FrameOfReferenceUID='1.2.7')\n"
        "base.SeriesInstanceUID = '1.2.5'\n"
        "thick = save(4, SeriesDescription='thick', SliceThickness='3')\n"
        "StudyOnScreen.of(thin + thick)"
    )
    page = open_notebook("room_two.ipynb", _FILES.replace('    base.SeriesInstanceUID = "1.2.3.4"\n', ""),
                         f"base.SeriesInstanceUID = '1.2.4'\n{two}")  # fmt: skip
    page.run_all()
    room = page.live(1)
    room.get_by_role("button", name="Compare").click()
    page.page.wait_for_timeout(400)
    thin, thick = room.get_by_role("application").all()
    thin.focus()
    page.page.keyboard.press("End")
    page.page.wait_for_timeout(400)
    texts = room.locator(".on-image.series")
    assert [one.split("\n")[0] for one in texts.all_inner_texts()] == [
        "Image 12 of 12 · H 12.0 mm",
        "Image 4 of 4 · H 12.0 mm",
    ]
    page.page.keyboard.press("PageUp")
    page.page.wait_for_timeout(400)
    assert texts.nth(1).inner_text().startswith("Image 1 of 4 · H 3.0 mm")
    room.get_by_label("Scroll together").select_option("not at all")
    thick.focus()
    page.page.keyboard.press("End")
    page.page.wait_for_timeout(400)
    assert "Image 2 of 12" in texts.nth(0).inner_text()
    page.picture(PICTURES / "reading_room_compare.png")
    assert page.violations() == []
    page.page.set_viewport_size({"width": 900, "height": 1000})
    page.theme("JupyterLab Dark")
    room.scroll_into_view_if_needed()
    page.picture(PICTURES / "reading_room_compare_900_dark.png")
    assert room.evaluate("node => node.scrollWidth <= node.clientWidth"), "nothing sticks out"
    page.theme("JupyterLab Light")
    assert page.errors == []


_HOSTILE = """
from dataclasses import replace
from hl7dicom_lab.model import Report, ReportStatus
evil = "<script>alert(1)</script>" + "W" * 300 + chr(27) + "[31m"
hello = "".join(map(chr, (0x645, 0x631, 0x62D, 0x628, 0x627)))
base.SpecificCharacterSet = "ISO_IR 192"
base.StudyDescription = hello + " " + "x" * 40
(path,) = save(1, PatientName="Yamada^Tarou=" + chr(0x5C71) + "^" + chr(0x592A), SeriesDescription="<b>" + "S" * 60)
new = Report("MRN-1", "", "Yamada^Tarou", "ACC1", "1.2.3", ReportStatus.CORRECTED, evil + chr(10) + "y" * 10_000,
             signed_by=evil, status_changed_at="20260302100000")
old = replace(new, status=ReportStatus.PRELIMINARY, text=hello + " old text", status_changed_at="20260302090000")
study = StudyOnScreen.of([path], new, [old], held=[evil])
hidden = "SEC" + "RET"
secret = StudyOnScreen.of([path], replace(new, patient_id="MRN-2", text=hidden), [replace(old, text=hidden)])
"""


def test_what_came_over_the_wire_is_text_and_what_is_covered_does_not_come(
    open_notebook: Callable[..., NotebookPage], jupyterlab: Server
) -> None:
    page = open_notebook("room_wire.ipynb", _FILES + _HOSTILE, "study", "secret", width=900)
    page.run_all()
    room = page.live(1)
    page.picture(PICTURES / "reading_room_hostile_900.png")
    assert room.locator("script, b").count() == 0
    assert "<script>alert(1)</script>" in room.locator(".current .text").inner_text()
    room.get_by_text("1. PRELIMINARY · 2026-03-02 09:00 · superseded").click()
    assert room.get_by_text("Superseded: do not use. Version 2 holds: CORRECTED").is_visible()
    assert room.get_by_text("old text").is_visible()
    for place in (1, 2):
        assert page.live(place).evaluate("node => node.scrollWidth <= node.clientWidth"), "nothing sticks out"
    covered = page.live(2)
    page.picture(PICTURES / "reading_room_covered_900.png")
    assert covered.get_by_text("images and report do not agree about whose they are").is_visible()
    assert covered.get_by_text("Patient ID: the images say MRN-1, the report says MRN-2.").is_visible()
    assert "SECRET" not in page.page.content()
    assert page.violations() == []
    page.theme("JupyterLab Dark")
    page.picture(PICTURES / "reading_room_covered_900_dark.png")
    assert page.violations() == []
    page.theme("JupyterLab Light")
    page.save()
    assert "SECRET" not in (jupyterlab.folder / "room_wire.ipynb").read_text(encoding="utf-8")
    assert page.errors == []


def test_saved_and_opened_again_the_montage_stands_and_a_run_brings_the_room_back(
    open_notebook: Callable[..., NotebookPage], jupyterlab: Server
) -> None:
    page = open_notebook("room_again.ipynb", _OPEN, _SHOW)
    page.run_all()
    page.live(1)
    montage = "24 images · MR · 256 x 256 · window 950/1700. Instances 1 to 24, row by row."
    assert not page.cell(1).get_by_role("img", name=montage).is_visible()
    page.save()
    while "widget-view" not in (jupyterlab.folder / "room_again.ipynb").read_text(encoding="utf-8"):
        page.page.wait_for_timeout(200)
    for _ in range(2):  # the kernel lives on and is asked for the same pixels each time
        page.page.reload()
        if not page.widgets_came_back(1):
            assert page.cell(1).get_by_role("img", name=montage).is_visible()
            page.run(1)
        shown, expected = drawn_at_full_size(page.live(1), stack()[11])
        assert np.array_equal(shown, grey(expected.astype(float), Window(950, 1700)))
    page.wait_until_idle()
    page.stop_kernel()
    page.save()
    outputs = json.loads((jupyterlab.folder / "room_again.ipynb").read_text(encoding="utf-8"))["cells"][1]["outputs"]
    assert "accession NG000001" in "".join(outputs[0]["data"]["text/plain"])
    again = open_notebook("room_again.ipynb")
    assert again.cell(1).get_by_role("img", name=montage).is_visible()
    again.run_all()
    shown, expected = drawn_at_full_size(again.live(1), stack()[11])
    assert np.array_equal(shown, grey(expected.astype(float), Window(950, 1700)))
    # JupyterLab complains of saved outputs whose kernel has gone.
    assert [error for error in again.errors if "widget model not found" not in error] == []


def drawn_at_full_size(room: Locator, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is drawn after a click on 1:1, once the image is there."""
    room.get_by_text("In the middle: value").wait_for()
    room.get_by_role("button", name="One pixel of the screen").click()
    return drawn(room, pixels)


#: Scrolls with every frame of the screen, and says how long the frames were.
_SCROLL = """async (canvas) => {
    const frames = [];
    for (let step = 0; step < 180; step += 1) {
        const deltaY = step % 46 < 23 ? 100 : -100;
        canvas.dispatchEvent(new WheelEvent("wheel", { deltaY, bubbles: true, cancelable: true }));
        frames.push(await new Promise(requestAnimationFrame));
    }
    const gaps = frames.slice(1).map((one, at) => one - frames[at]).sort((one, other) => one - other);
    return { median: gaps[gaps.length >> 1], worst: gaps.at(-1), late: gaps.filter((gap) => gap > 20).length };
}"""


def test_500_slices_are_scrolled_while_they_come(open_notebook: Callable[..., NotebookPage]) -> None:
    """All images come, and each is drawn; how long that takes is printed, not asserted."""
    many = "StudyOnScreen.of(save(500, SeriesDescription='500 slices', SliceThickness='1'))"
    page = open_notebook("room_many.ipynb", _FILES, many)
    page.run_all()
    room = page.live(1)
    canvas = room.locator("canvas.pixels")
    print("while they come", canvas.evaluate(_SCROLL))
    room.get_by_text("of 500 images are there").wait_for(state="hidden", timeout=150_000)
    print("when they are there", canvas.evaluate(_SCROLL))
    base = pydicom.dcmread(data_folder() / "ct_slice" / "image_01.dcm").pixel_array
    room.get_by_role("button", name="One pixel of the screen").click()
    for number in (500, 1, 321):
        room.get_by_label("Image", exact=True).fill(str(number))
        shown, expected = drawn(room, np.roll(base, number, axis=1))
        assert np.array_equal(shown, grey(expected.astype(float) - 1024, Window(-600, 1600)))
    assert page.errors == []
