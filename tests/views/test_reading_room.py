"""What the reading room gets: stored values without loss, geometry, windows, and no report that is covered."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, RLELossless
from screen_studies import RAMP, image, report, study, write

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.model import ReportStatus
from hl7dicom_lab.views import live
from hl7dicom_lab.views.study import pixels as pixel_blocks
from hl7dicom_lab.views.study.image_facts import read_facts
from hl7dicom_lab.views.study.image_on_screen import read_image
from hl7dicom_lab.views.study.image_values import Values, in_sixteen_bits
from hl7dicom_lab.views.study.image_window import Window, grey
from hl7dicom_lab.views.study.screen import StudyOnScreen


def pixels_of(block: dict) -> list[np.ndarray]:
    """What the browser makes of a block: the values with their unit, or the colours; None where there are none."""
    content = zlib.decompress(block["content"])
    found = []
    for one in block["images"]:
        if one.get("reason"):
            found.append(None)
            continue
        shape = (one["rows"], one["columns"])
        if one["colour"]:
            colours = np.frombuffer(content, np.uint8, shape[0] * shape[1] * 3, one["offset"])
            found.append(colours.reshape(*shape, 3))
            continue
        kind = "<i2" if one["signed"] else "<u2"
        stored = np.frombuffer(content, kind, shape[0] * shape[1], one["offset"]).reshape(shape)
        found.append(stored * one["slope"] + one["intercept"])
    return found


def sent(*paths: Path) -> tuple[dict, list[np.ndarray]]:
    """The first image's description, and all pixels."""
    block = StudyOnScreen.of(paths).state()["pixels"]["0"]
    return block["images"][0], pixels_of(block)


def without_bytes(state: dict) -> str:
    return json.dumps(state | {"pixels": {}})


# ---- pixels


def test_stored_values_arrive_as_they_are(tmp_path):
    _, (first, second) = sent(*study(tmp_path, 2))
    assert np.array_equal(first, RAMP)
    assert np.array_equal(second, RAMP)


def test_the_mr_stack_of_the_course_travels_whole_with_the_widget():
    paths = sorted((data_folder() / "mr_brain").glob("*.dcm"))
    state = StudyOnScreen.of(paths).state()
    assert list(state["pixels"]) == ["0"]
    for path, pixels in zip(paths, pixels_of(state["pixels"]["0"]), strict=True):
        assert np.array_equal(pixels, pydicom.dcmread(path).pixel_array)


def test_signed_values_and_the_rescale(tmp_path):
    values = np.array([[-100, 0], [50, 32767]], "<i2")
    path = write(image(pixels=values, PixelRepresentation=1, BitsStored=16, HighBit=15, RescaleSlope=2,
                       RescaleIntercept=-1024, RescaleType="HU"), tmp_path)  # fmt: skip
    described, (meant,) = sent(path)
    assert described["signed"]
    assert np.array_equal(meant, values * 2.0 - 1024)
    assert StudyOnScreen.of([path]).state()["places"][0]["unit"] == "HU"


@pytest.mark.parametrize("name", ["examples_rgb_color.dcm", "examples_palette.dcm", "SC_ybr_full_422_uncompressed.dcm"])
def test_colours_are_those_of_the_static_form(name):
    path = Path(get_testdata_file(name, download=False))
    described, (colours,) = sent(path)
    assert described["colour"]
    assert np.array_equal(colours, read_image(path).pixels)


def test_a_compressed_image_is_decoded(tmp_path):
    ds = image()
    write(ds, tmp_path)  # gives it file meta information
    ds.compress(RLELossless)
    assert np.array_equal(sent(write(ds, tmp_path, RLELossless))[1][0], RAMP)


def test_an_image_that_no_decoder_reads_is_its_reason_and_hides_no_other(tmp_path):
    ds = image(1)
    ds.PixelData = encapsulate([b"\xff\xd8 nothing \xff\xd9"])
    ds["PixelData"].is_undefined_length = True
    broken, (nothing, second) = sent(write(ds, tmp_path, JPEGLSLossless), write(image(2), tmp_path))
    assert nothing is None
    assert broken["reason"].startswith("JPEG-LS Lossless Image Compression cannot be shown here: ")
    assert np.array_equal(second, RAMP)


def test_a_file_that_is_no_dicom_stands_in_the_series_at_its_place(tmp_path):
    other = tmp_path / "notes.dcm"
    other.write_bytes(b"\x1b no image")
    state = StudyOnScreen.of([other, *study(tmp_path, 2)]).state()
    assert [one["count"] for one in state["series"]] == [3]
    assert state["pixels"]["0"]["images"][0]["reason"].startswith("This file cannot be read as DICOM")


def test_every_frame_has_a_place(tmp_path):
    two = np.stack([RAMP, RAMP[::-1]])
    path = write(image(NumberOfFrames=2, PixelData=two.tobytes()), tmp_path)
    state = StudyOnScreen.of([path]).state()
    assert [one["frame"] for one in state["places"]] == ["frame 1 of 2", "frame 2 of 2"]
    assert np.array_equal(pixels_of(state["pixels"]["0"])[1], RAMP[::-1])


def test_more_than_sixteen_bits_are_moved_or_rounded_and_that_is_said():
    moved = in_sixteen_bits(Values(np.array([[-70000, -70001]], np.int32), 2.0, 5.0))
    assert (moved.meant.tolist(), moved.note) == ([[-139995.0, -139997.0]], "")
    rounded = in_sixteen_bits(Values(np.array([[0.0, 0.25, 1.0]], np.float32)))
    assert np.allclose(rounded.meant, [[0, 0.25, 1]], atol=1e-5)
    assert rounded.note == "values rounded to one of 65,536 steps"


def test_padding_is_black_and_no_part_of_the_range(tmp_path):
    pixels = np.array([[63536, 100], [200, 300]], "<u2")
    path = write(image(pixels=pixels, BitsStored=16, HighBit=15, PixelPaddingValue=63536, WindowCenter=None,
                       WindowWidth=None, PhotometricInterpretation="MONOCHROME1"), tmp_path)  # fmt: skip
    assert sent(path)[0]["padding"] == (63536, 63536)
    assert read_image(path).pixels.tolist() == [[0, 255], [127, 0]]


# ---- blocks


def test_a_large_study_sends_the_middle_and_gives_the_rest_when_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(pixel_blocks, "BLOCK", 64)  # two images
    monkeypatch.setattr(pixel_blocks, "AT_ONCE", 100)
    screen = StudyOnScreen.of(study(tmp_path, 7))
    state = screen.state()
    assert state["blocks"] == [[0, 2, 64], [2, 4, 64], [4, 6, 64], [6, 7, 32]]
    assert list(state["pixels"]) == ["1"]  # image 4 of 7
    (answer,) = screen.answer({"block": 3, "asked": 7}).values()
    assert (answer["block"], answer["asked"]) == (3, 7)  # asked again, the answer is another one, and travels
    assert np.array_equal(pixels_of(answer)[0], RAMP)


@pytest.mark.parametrize("message", [{}, {"block": 99}, {"block": -1}, {"block": "0"}, {"block": True}, {"other": 1}])
def test_what_is_no_block_has_no_answer(tmp_path, message):
    assert StudyOnScreen.of(study(tmp_path)).answer(message) == {}


def test_no_block_spans_two_series(tmp_path):
    paths = (*study(tmp_path, 2), write(image(3, SeriesInstanceUID="1.2.9", SeriesNumber=7), tmp_path))
    state = StudyOnScreen.of(paths).state()
    assert [one[:2] for one in state["blocks"]] == [[0, 2], [2, 3]]
    assert [one["title"] for one in state["series"]] == ["Series · MR", "Series 7 · MR"]


def test_a_file_that_has_gone_says_what_to_do(tmp_path):
    (path,) = study(tmp_path, 1)
    screen = StudyOnScreen.of([path])
    screen.state()
    path.unlink()
    assert "run this cell again" in screen.answer({"block": 0})["pixels"]["images"][0]["reason"]


def test_where_no_widget_is_drawn_nothing_is_packed(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(live.VARIABLE, "0")
    monkeypatch.setattr(StudyOnScreen, "state", lambda _: pytest.fail("packed"))
    StudyOnScreen.of(study(tmp_path))._ipython_display_()
    assert "Example, Elif" in capsys.readouterr().out


# ---- geometry and windows


def place(tmp_path: Path, **changed: object) -> dict:
    return StudyOnScreen.of([write(image(**changed), tmp_path)]).state()["places"][0]


def test_lengths_in_the_patient_and_at_the_detector_are_told_apart(tmp_path):
    assert place(tmp_path)["spacing"] == (1, 1)
    at_detector = place(tmp_path, PixelSpacing=None, ImagerPixelSpacing=[0.3, 0.2])
    assert (at_detector["spacing"], at_detector["spacingHolds"]) == ((0.3, 0.2), "at the detector")
    assert at_detector["aspect"] == pytest.approx(1.5)
    repeated = place(tmp_path, PixelSpacing=[0.3, 0.3], ImagerPixelSpacing=[0.3, 0.3])
    assert repeated["spacingHolds"] == "at the detector"
    corrected = place(tmp_path, PixelSpacing=[0.25, 0.25], ImagerPixelSpacing=[0.3, 0.3])
    assert (corrected["spacing"], corrected["spacingHolds"]) == ((0.25, 0.25), "")
    assert place(tmp_path, PixelSpacing=None, PixelAspectRatio=[2, 1])["aspect"] == 2


def test_a_position_is_said_along_the_direction_of_the_stack(tmp_path):
    assert place(tmp_path, ImagePositionPatient=[-128, -128, 15.5])["towards"] == "H 15.5 mm"
    assert place(tmp_path, ImagePositionPatient=[-128, -128, -7])["towards"] == "F 7.0 mm"
    assert place(tmp_path, ImagePositionPatient=None)["position"] is None


def test_all_windows_of_the_file_come_with_their_names(tmp_path):
    found = place(tmp_path, WindowCenter=[-600, 40], WindowWidth=[1600, 400],
                  WindowCenterWidthExplanation=["LUNG", "SOFT"])  # fmt: skip
    assert found["windows"] == [[-600, 1600, "LUNG"], [40, 400, "SOFT"]]


@pytest.mark.parametrize(
    ("changed", "unit"),
    [
        ({}, ""),
        ({"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024}, "HU"),
        ({"Modality": "CT"}, ""),
        ({"RescaleSlope": 1, "RescaleIntercept": 0, "RescaleType": "US"}, ""),
        ({"RescaleSlope": 1, "RescaleIntercept": 0, "RescaleType": "OD"}, "OD"),
        ({"RescaleType": "OD", "VOILUTSequence": [Dataset()], "WindowCenter": None, "WindowWidth": None}, ""),
    ],
)
def test_the_unit_is_that_of_the_file(tmp_path, changed, unit):
    assert place(tmp_path, **changed)["unit"] == unit


def test_an_exact_window_and_a_sigmoid_are_those_of_the_standard():
    values = np.array([[0.0, 50.0, 100.0, 150.0]])
    assert grey(values, Window(50, 100), "LINEAR_EXACT").tolist() == [[0, 128, 255, 255]]
    sigmoid = np.rint(255 / (1 + np.exp(-4 * (values - 50) / 100))).tolist()
    assert grey(values, Window(50, 100), "SIGMOID").tolist() == sigmoid


def test_nonsense_in_a_header_leaves_facts_empty(tmp_path):
    path = write(image(PixelSpacing=[1.5, 2.5], ImageOrientationPatient=[1, 0], WindowCenter=7531), tmp_path)
    raw = path.read_bytes()
    assert raw.count(b"7531") == raw.count(rb"1.5\2.5") == 1
    path.write_bytes(raw.replace(b"7531", b"wide").replace(rb"1.5\2.5", rb"x.x\y.y"))
    facts = read_facts(path)
    assert (facts.reason, facts.spacing, facts.edges, facts.windows) == ("", None, ("", "", "", ""), ())
    state = StudyOnScreen.of([path]).state()
    assert np.array_equal(pixels_of(state["pixels"]["0"])[0], RAMP)


# ---- report and identity


def test_a_covered_report_does_not_leave_the_kernel(tmp_path):
    screen = StudyOnScreen.of(study(tmp_path), report("SECRET", patient_id="MRN-2", signed_by="Hidden^Reader"),
                              (report("OLD SECRET"),))  # fmt: skip
    state = screen.state()
    said = without_bytes(state) + json.dumps(screen.answer({"block": 0})["pixels"]["images"])
    for secret in ("SECRET", "Hidden", "FINAL"):
        assert secret not in said
    assert state["studies"][0]["covered"].startswith("The report is covered")
    assert "Patient ID: the images say MRN-1, the report says MRN-2." in state["studies"][0]["warning"]


def test_the_current_report_comes_first_and_its_history_after_it(tmp_path):
    first = report("first", status=ReportStatus.PRELIMINARY, status_changed_at="20260302080000")
    second = report("second", status_changed_at="20260302090000")
    third = report("third", status=ReportStatus.CORRECTED, status_changed_at="20260302100000")
    (found,) = StudyOnScreen.of(study(tmp_path), third, (first, second)).state()["studies"]
    versions = found["report"]["versions"]
    assert [(one["number"], one["code"], one["text"]) for one in versions] == [
        (3, "C", "third"),
        (2, "F", "second"),
        (1, "P", "first"),
    ]


def test_an_earlier_version_can_be_opened_in_the_static_form_and_says_it_is_superseded(tmp_path):
    old = report("old <text>", status=ReportStatus.PRELIMINARY)
    page = StudyOnScreen.of(study(tmp_path), report("new"), (old,)).html()
    assert page.index("new") < page.index("Superseded: a newer version holds.") < page.index("old &lt;text&gt;")
    covered = StudyOnScreen.of(study(tmp_path), report("new", patient_id="MRN-2"), (old,)).html()
    assert "old" not in covered


def test_a_held_report_is_warned_of(tmp_path):
    (found,) = StudyOnScreen.of(study(tmp_path), report(), held=["it names patient MRN-7"]).state()["studies"]
    assert found["warning"] == [
        "WARNING: a report for this study is held back in the exceptions queue",
        "it names patient MRN-7",
    ]
    assert found["report"]["versions"]


def test_control_characters_are_visible_in_the_state(tmp_path):
    paths = study(tmp_path, 1, PatientName="Evil\x1b[31m^X", SeriesDescription="a\x0bb", StudyDescription="\u202eback")
    said = without_bytes(StudyOnScreen.of(paths, report("x\x1by\nz", patient_name="")).state())
    for character in ("\x1b", "\x0b", "\u202e"):
        assert json.dumps(character)[1:-1] not in said


def test_the_same_study_gives_the_same_state(tmp_path):
    paths = study(tmp_path)
    assert StudyOnScreen.of(paths, report()).state() == StudyOnScreen.of(paths, report()).state()


# ---- two studies


def both(tmp_path: Path, **other: object) -> StudyOnScreen:
    (tmp_path / "other").mkdir()
    one = StudyOnScreen.of(study(tmp_path, 2), report("first report"))
    beside = {"AccessionNumber": "ACC2", "StudyInstanceUID": "1.2.4", **other}
    keys = {"accession_number": "ACC2", "study_instance_uid": "1.2.4"}
    return one.compare(StudyOnScreen.of(study(tmp_path / "other", 3, **beside), report("second report", **keys)))


def test_two_studies_of_one_patient_stand_side_by_side_in_every_form(tmp_path):
    screen = both(tmp_path)
    state = screen.state()
    assert state["warning"] == []
    assert [(one["study"], one["count"]) for one in state["series"]] == [(0, 2), (1, 3)]
    for form in (screen.text(), screen.html(), without_bytes(state)):
        assert form.index("first report") < form.index("second report")
    assert repr(screen) == "<Study ACC1, 2 images, report FINAL, beside <Study ACC2, 3 images, report FINAL>>"


def test_two_patients_side_by_side_are_warned_of_in_every_form(tmp_path):
    screen = both(tmp_path, PatientID="MRN-9")
    assert screen.state()["warning"][0] == "WARNING: two patients stand side by side"
    for form in (screen.text(), screen.html()):
        assert "two patients stand side by side" in form.casefold()
        assert "Patient ID: MRN-1 on one side, MRN-9 on the other." in form
    assert "second report" not in screen.text(), "the report says MRN-1, its images MRN-9"


def test_repr_is_short_and_says_what_is_covered(tmp_path):
    assert repr(StudyOnScreen.of(study(tmp_path, 1))) == "<Study ACC1, 1 image, no report>"
    covered = StudyOnScreen.of(study(tmp_path, 1), report(patient_id="MRN-2"))
    assert repr(covered) == "<Study ACC1, 1 image, report covered>"
