from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless
from screen_studies import image, report, study, write

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.model import ReportStatus
from hl7dicom_lab.views import glyphs
from hl7dicom_lab.views.page import Box, Page
from hl7dicom_lab.views.study import picture
from hl7dicom_lab.views.study.screen import StudyOnScreen

NORMAL = """\
====================================================================================================
Example, Elif
born 1970-01-01 · sex F · ID MRN-1 (issued by NORTHGATE)
MR Head without contrast · 2026-03-02 · accession ACC1
====================================================================================================
IMAGES   3 images · MR · 4 x 4 · window 750/1500

REPORT   FINAL
signed by Dr Reader, Rosa · 2026-03-02 09:30 · MR Head without contrast · accession ACC1
----------------------------------------------------------------------------------------------------
FINDINGS
Normal head.
----------------------------------------------------------------------------------------------------
Earlier version: PRELIMINARY · 2026-03-02 09:12
===================================================================================================="""


@pytest.fixture
def drawn_text(monkeypatch):
    """What the picture says: every text that is drawn."""
    texts: list[str] = []
    original = Page.text

    def recording(page, left, base, text, **style):
        texts.append(text)
        original(page, left, base, text, **style)

    monkeypatch.setattr(Page, "text", recording)
    return texts


def every_form(screen: StudyOnScreen, drawn: list[str]) -> tuple[str, str, str]:
    picture.draw(screen)
    return str(screen), screen._repr_html_(), "\n".join(drawn)


# ---- the forms


def test_the_text_form_is_exact(tmp_path):
    preliminary = report(status=ReportStatus.PRELIMINARY, status_changed_at="20260302091200")
    screen = StudyOnScreen.of(study(tmp_path), report(), (preliminary,))
    assert str(screen) == NORMAL
    assert repr(screen) == "<Study ACC1, 3 images, report FINAL>"


def test_html_says_the_same_and_its_image_has_an_alternative_text(tmp_path):
    page = StudyOnScreen.of(study(tmp_path), report())._repr_html_()
    for said in ("Example, Elif", "born 1970-01-01", "accession ACC1", "FINAL", "signed by Dr Reader, Rosa"):
        assert said in page
    assert "FINDINGS\nNormal head." in page
    assert 'alt="3 images · MR · 4 x 4 · window 750/1500. Instances 1 to 3, row by row."' in page
    assert 'src="data:image/png;base64,' in page


def test_html_uses_the_colours_of_its_page(tmp_path):
    """Only the ground of the images is set, to black; lines take the colour of the text, in light and dark themes."""
    page = StudyOnScreen.of(study(tmp_path), report(patient_id="MRN-2"))._repr_html_()
    assert re.findall(r"(?:color|background)[^;\"]*:\s*([^;\"]+)", page) == ["#000"]
    assert "currentColor" in page


def test_the_picture_is_a_png_of_the_promised_size(tmp_path):
    path = StudyOnScreen.of(study(tmp_path), report()).save(tmp_path / "screen.png")
    assert path == tmp_path / "screen.png"
    with Image.open(path) as picture:
        assert picture.size == (1680, 812)
        assert np.asarray(picture.convert("L")).std() > 10


def test_the_picture_is_the_same_each_time(tmp_path):
    screen = StudyOnScreen.of(study(tmp_path), report())
    first, second = (screen.save(tmp_path / name).read_bytes() for name in ("a.png", "b.png"))
    assert first == second


def test_drawing_leaves_pyplot_alone(tmp_path):
    before = "matplotlib.pyplot" in sys.modules
    StudyOnScreen.of(study(tmp_path), report()).save(tmp_path / "screen.png")
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_a_picture_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(SetupError, match=r"nowhere.*cannot be written.*Next step"):
        StudyOnScreen.of(study(tmp_path)).save(tmp_path / "nowhere" / "screen.png")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (ReportStatus.PRELIMINARY, "PRELIMINARY: may still change"),
        (ReportStatus.FINAL, "FINAL"),
        (ReportStatus.CORRECTED, "CORRECTED: replaces"),
        (ReportStatus.CANCELED, "CANCELLED: do not use"),
    ],
)
def test_every_form_says_the_status_in_words(tmp_path, drawn_text, status, said):
    screen = StudyOnScreen.of(study(tmp_path), report(status=status))
    assert all(said in form for form in every_form(screen, drawn_text))


def test_an_attached_document_is_told(tmp_path):
    text = str(StudyOnScreen.of(study(tmp_path), report(document=b"PDF")))
    assert "a PDF of 3 bytes is attached" in text.replace("\n", " ")


# ---- whose it is


def test_a_report_of_another_patient_is_covered_in_every_form(tmp_path, drawn_text):
    screen = StudyOnScreen.of(study(tmp_path), report("SECRET", patient_id="MRN-2"), (report("OLD SECRET"),))
    assert screen.covered
    for form in every_form(screen, drawn_text):
        assert "SECRET" not in form
        assert "images and report do not agree" in form.casefold().replace("&#9888;", "")
        assert "Patient ID: the images say MRN-1, the report says MRN-2." in form
        assert "signed by" not in form
    assert str(screen).index("WARNING") < str(screen).index("Example, Elif")
    assert screen._repr_html_().index('role="alert"') < screen._repr_html_().index("Example, Elif")


def test_images_of_two_patients_cover_the_report(tmp_path):
    paths = (*study(tmp_path, 2), write(image(3, PatientID="MRN-2"), tmp_path))
    screen = StudyOnScreen.of(paths, report("SECRET"))
    assert "The images disagree on Patient ID: MRN-1 / MRN-2." in str(screen)
    assert "SECRET" not in str(screen)


def test_images_of_two_patients_are_warned_of_without_a_report(tmp_path, drawn_text):
    paths = (*study(tmp_path, 1), write(image(2, PatientID="MRN-2"), tmp_path))
    for form in every_form(StudyOnScreen.of(paths), drawn_text):
        assert "uncertain whose images these are" in form.casefold()
        assert "No report yet" in form
        assert "covered" not in form


def test_what_the_archive_knows_covers_the_report_too(tmp_path):
    screen = StudyOnScreen.of(study(tmp_path), report("SECRET"), disagreements=["The study is under reconciliation."])
    assert "- The study is under reconciliation." in str(screen)
    assert "SECRET" not in str(screen)


def test_images_that_match_no_order_are_warned_of_and_the_report_is_not_covered(tmp_path):
    screen = StudyOnScreen.of(study(tmp_path), report("Normal head."), unscheduled=1)
    for form in (screen.text(), screen.html()):
        assert "images of this study match no order" in form.casefold()
        assert "unscheduled: 1 of " in form
        assert "Normal head." in form


def test_a_long_word_is_wrapped_in_little_time(tmp_path):
    """A word of a megabyte; wrapped at once it takes minutes."""
    assert StudyOnScreen.of(study(tmp_path), report("x" * 1_000_000)).text().count("x" * 100 + "\n") == 10_000


def test_a_held_report_is_warned_of_and_the_attached_one_is_shown(tmp_path, drawn_text):
    screen = StudyOnScreen.of(study(tmp_path), report("Normal head."), held=["it names patient MRN-7"])
    for form in every_form(screen, drawn_text):
        assert "held back in the exceptions queue" in form.casefold()
        assert "it names patient MRN-7" in form
        assert "Normal head." in form


# ---- what is missing


def test_no_report_yet(tmp_path, drawn_text):
    assert all("No report yet" in form for form in every_form(StudyOnScreen.of(study(tmp_path)), drawn_text))


def test_no_images_yet_and_the_report_says_whose_it_is(drawn_text):
    for form in every_form(StudyOnScreen.of((), report()), drawn_text):
        assert "No images yet" in form
        assert "EXAMPLE, ELIF" in form
        assert "Normal head." in form


def test_nothing_at_all_is_a_screen_too(drawn_text):
    assert all("Name unknown" in form for form in every_form(StudyOnScreen.of(()), drawn_text))


@pytest.mark.parametrize("broken", [1, 2])
def test_an_image_that_cannot_be_shown_hides_no_other(tmp_path, drawn_text, broken):
    ds = image(broken)
    ds.PixelData = encapsulate([b"\xff\xd8 nothing \xff\xd9"])
    ds["PixelData"].is_undefined_length = True
    good = write(image(3 - broken), tmp_path)
    paths = sorted([good, write(ds, tmp_path, JPEGLSLossless)])
    screen = StudyOnScreen.of(paths, report())
    text, page, _ = every_form(screen, drawn_text)
    assert f"Image {broken}: JPEG-LS Lossless Image Compression cannot be shown here" in text.replace("\n  ", " ")
    assert f"Image {broken}: JPEG-LS Lossless" in page
    assert "Normal head." in text


def test_a_single_image_that_cannot_be_shown_is_a_placeholder_with_the_reason(tmp_path, drawn_text):
    path = tmp_path / "broken.dcm"
    path.write_bytes(b"no image")
    text, page, picture = every_form(StudyOnScreen.of((path,)), drawn_text)
    assert "Image broken.dcm: This file cannot be read as DICOM" in text
    assert "Image broken.dcm: This file cannot be read as DICOM" in page
    assert "This file cannot be read as DICOM" in picture


def test_of_a_long_series_24_are_shown_and_all_are_compared(tmp_path):
    paths = (*study(tmp_path, 30), write(image(31, PatientID="MRN-2"), tmp_path))
    screen = StudyOnScreen.of(paths)
    assert "31 images · MR · 4 x 4 · window 750/1500 · 24 of them shown" in str(screen)
    assert [one.instance_number for one in (screen.shown[0], screen.shown[-1])] == ["1", "31"]
    assert "MRN-1 / MRN-2" in str(screen)


# ---- text from files and from the wire


def test_markup_is_text(tmp_path):
    evil = "<script>alert(1)</script>"
    paths = study(tmp_path, 1, PatientName=f"{evil}^X", StudyDescription=evil, Modality="<B>")
    screen = StudyOnScreen.of(paths, report(evil, patient_name=f"{evil}^X", signed_by=evil), disagreements=[evil])
    shown = replace(screen, disagreements=())
    for page in (screen._repr_html_(), shown._repr_html_()):
        assert "<script" not in page
        assert "<B>" not in page
        assert "&lt;script&gt;" in page


def test_an_attribute_cannot_be_left(tmp_path):
    page = StudyOnScreen.of(study(tmp_path, 1, Modality='" ONERROR="X'))._repr_html_()
    assert '" ONERROR' not in page


def test_control_characters_are_seen_and_line_ends_kept(tmp_path, drawn_text):
    screen = StudyOnScreen.of(study(tmp_path), report("one\r\ntwo\x1b[31m\x0bred\rthree\nfour \u202eback"))
    text, page, picture = every_form(screen, drawn_text)
    assert "one\ntwo␛[31m␋red\nthree\nfour \ufffdback" in text
    assert "one\ntwo␛[31m␋red\nthree\nfour \ufffdback" in page
    assert "two␛[31m␋red" in picture
    for form in (text, page):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", form)


def test_half_a_surrogate_pair_breaks_nothing(tmp_path, drawn_text):
    for form in every_form(StudyOnScreen.of(study(tmp_path), report("bad \ud800 end")), drawn_text):
        form.encode("utf-8")


def test_a_name_in_three_writings_is_whole_in_text_and_html(tmp_path):
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    screen = StudyOnScreen.of(study(tmp_path, 1, PatientName=name), report("所見なし", patient_name=name))
    for form in (str(screen), screen._repr_html_()):
        assert "Yamada, Tarou = 山田 太郎 = やまだ たろう" in form
        assert "所見なし" in form


def test_a_writing_without_a_font_is_a_square_and_a_note(tmp_path, drawn_text, monkeypatch):
    monkeypatch.setattr(glyphs, "_installed", lambda: ())
    name = "Yamada^Tarou=山田^太郎"
    picture.draw(StudyOnScreen.of(study(tmp_path, 1, PatientName=name), report("所見 normal", patient_name=name)))
    assert "Yamada, Tarou = □" in drawn_text
    assert any(picture.NOT_DRAWN in text for text in drawn_text)


def test_dollars_and_backslashes_are_drawn_as_they_are(tmp_path):
    screen = StudyOnScreen.of(study(tmp_path), report(r"costs $5 and $\frac{broken$ \n %s {x}"))
    assert screen.save(tmp_path / "screen.png").stat().st_size > 10_000


# ---- room on the page


def test_a_long_name_is_made_smaller_then_cut(tmp_path, drawn_text):
    picture.draw(StudyOnScreen.of(study(tmp_path, 1, PatientName="W" * 30 + "^" + "M" * 33)))
    name = drawn_text[0]
    assert Page(10, 10, "black").width_of(name, 18, bold=True) <= 1680
    long = Page(1680, 100, "black")
    cut = long.fitting("M" * 400, 500, 18)
    assert cut.endswith("…")
    assert long.width_of(cut, 18) <= 500


def test_a_report_longer_than_its_panel_says_how_much_is_left_out(tmp_path, drawn_text):
    lines = [f"line {number}" for number in range(200)]
    picture.draw(StudyOnScreen.of(study(tmp_path), report("\n".join(lines))))
    (note,) = [text for text in drawn_text if "more lines" in text]
    shown = [text for text in drawn_text if re.fullmatch(r"line \d+", text)]
    assert shown == lines[: len(shown)]
    assert note.startswith(f"... {200 - len(shown)} more lines")


def test_wrapped_lines_fit_and_lose_nothing():
    page = Page(400, 400, "black")
    text = "A report, one Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen, and 所見所見所見所見所見."
    lines = page.wrapped(text, 150, 14)
    assert all(page.width_of(line, 14) <= 150 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert page.wrapped("", 150, 14) == [""]


def test_a_character_wider_than_the_line_does_not_hang():
    assert Page(100, 100, "black").wrapped("WW", 1, 14) == ["W", "W"]


def test_an_image_keeps_its_proportions():
    page = Page(400, 400, "black")
    drawn = page.image(Box(0, 0, 200, 200), np.zeros((10, 20), np.uint8), 1)
    assert (drawn.width, drawn.height, drawn.top) == (200, 100, 50)
    tall = page.image(Box(0, 0, 200, 200), np.zeros((10, 10), np.uint8), 2)
    assert (tall.width, tall.height, tall.left) == (100, 200, 50)


def test_matplotlib_comes_only_with_the_picture():
    code = "import sys, hl7dicom_lab.views.study.screen; sys.exit('matplotlib' in sys.modules)"
    root = Path(picture.__file__).parents[3]
    finished = subprocess.run([sys.executable, "-c", code], cwd=root, timeout=60, check=False)
    assert finished.returncode == 0
