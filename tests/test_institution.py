"""An institution's file: what it gives, what it refuses and how it says so, and a department that lives by it."""

from __future__ import annotations

import base64
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hl7dicom_lab import story
from hl7dicom_lab.actors import site
from hl7dicom_lab.cli import main
from hl7dicom_lab.course.certificate import Certificate
from hl7dicom_lab.course.dashboard import Dashboard
from hl7dicom_lab.course.lesson import open_lesson
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import NotFound, SetupError
from hl7dicom_lab.institution import Institution, read_institution, rules
from hl7dicom_lab.institution.chosen import VARIABLE
from hl7dicom_lab.institution.logo import logo_html
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.serve import ServeOptions, run

_DOCS = Path(__file__).resolve().parent.parent / "docs"
_HEAD = "name: Riverside\nfacility: RIVERSIDE\n"


@pytest.fixture
def write(tmp_path: Path):
    """Write an institution's file, and a list of patients if there is one; the file."""

    def writer(text: str | bytes, patients: str | bytes = "") -> Path:
        for name, content in (("here.yaml", text), ("people.csv", patients)):
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "here.yaml"

    return writer


def refused(path: Path) -> SetupError:
    with pytest.raises(SetupError) as caught:
        read_institution(path)
    assert caught.value.where
    assert caught.value.next_step
    return caught.value


def test_the_example_is_read_as_it_stands() -> None:
    there = read_institution(_DOCS / "institution_example.yaml")
    assert (there.name, there.facility, there.issuer, there.logo) == (
        "Riverside Radiology",
        "RIVERSIDE",
        "RIVERSIDE",
        None,
    )
    assert [station.modality for station in there.stations] == [station.modality for station in story.STATIONS]
    stations = {station.modality: station for station in there.stations}
    assert (stations["MR"].ae_title, stations["MR"].name, stations["MR"].location) == (
        "RIV_MAGNET1",
        "MAGNET1",
        "BASEMENT",
    )
    assert (stations["CT"].ae_title, stations["US"].ae_title) == ("RIVERSIDE_CT7", "RIVERSIDE_US1")
    minji = there.patient("RV-0004")
    assert (minji.name.family, minji.name.ideographic, minji.birth_date) == ("Kim", "김^민지", "20010430")
    assert there.patient("RV-0003").birth_date == ""
    assert {patient.identifier.issuer for patient in there.patients} == {"RIVERSIDE"}


def test_name_and_facility_are_enough(write) -> None:
    there = read_institution(write(_HEAD))
    assert there.issuer == "RIVERSIDE"
    assert there.patients == ()
    assert len({station.ae_title for station in there.stations}) == len(story.STATIONS)
    with pytest.raises(NotFound, match="name a list of patients"):
        there.patient("1")


def test_values_are_texts_whatever_yaml_makes_of_them(write) -> None:
    there = read_institution(
        write("name: 1e3\nfacility: NO\nissuer: 0o17\npatients: people.csv\n", "id,name\n00123,Null^Yes\n")
    )
    assert (there.name, there.facility, there.issuer) == ("1e3", "NO", "0o17")
    assert there.patients[0].identifier.value == "00123"


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("facility: R\n", "line 1", "name is missing"),
        ("name: R\n", "line 1", "facility is missing"),
        (_HEAD + "statoins: []\n", "line 3", "did you mean stations?"),
        (_HEAD + "name: again\n", "line 3", "name stands twice"),
        ("name: R\nfacility: TOO_LONG_A_NAME\n", "line 2, facility", "1 to 11 letters"),
        ("name: R\nfacility: A^B\n", "line 2, facility", "1 to 11 letters"),
        ("name: 'a\\b'\nfacility: R\n", "line 1, name", "no backslash"),
        (f"name: {'x' * 65}\nfacility: R\n", "line 1, name", "1 to 64"),
        ("name: [a]\nfacility: R\n", "line 1, name", "this is a text"),
        (_HEAD + "issuer: A&B\n", "line 3, issuer", "PID-3.4"),
        (_HEAD + "stations: MR\n", "line 3, stations", "this is a list"),
        (_HEAD + "stations:\n  - MR\n", "line 4, stations[1]", "keys with values"),
        (_HEAD + "stations:\n  - modality: MRI\n    name: A\n", "line 4, stations[1].modality", "did you mean MR?"),
        (_HEAD + "stations:\n  - modality: MR\n", "line 4, stations[1]", "name is missing"),
        (_HEAD + "stations:\n  - modality: MR\n    title: A\n", "line 5, stations[1]", "did you mean ae_title?"),
        (_HEAD + "stations:\n  - {modality: MR, name: A B}\n", "stations[1].name", "a station's name"),
        (_HEAD + "stations:\n  - {modality: MR, name: RIS}\n", "stations[1].name", "the system RIS already"),
        (_HEAD + f"stations:\n  - {{modality: MR, name: {'N' * 16}}}\n", "stations[1].ae_title", "1 to 16 characters"),
        (_HEAD + f"stations:\n  - {{modality: MR, name: A, ae_title: {'A' * 17}}}\n", "ae_title", "1 to 16 characters"),
        (_HEAD + "stations:\n  - {modality: MR, name: A, ae_title: 'A\\B'}\n", "ae_title", "no backslash"),
        (_HEAD + "stations:\n  - {modality: MR, name: A, ae_title: Ä}\n", "ae_title", "ASCII"),
        (_HEAD + "stations:\n  - {modality: MR, name: A, ae_title: riverside_pacs}\n", "ae_title", "the PACS already"),
        (_HEAD + f"stations:\n  - {{modality: MR, name: A, location: {'L' * 17}}}\n", "location", "1 to 16"),
        (
            _HEAD + "stations:\n  - {modality: MR, name: A}\n  - {modality: MR, name: B}\n",
            "line 5, stations[2].modality",
            "two scanners of modality MR",
        ),
        (
            _HEAD + "stations:\n  - {modality: MR, name: A}\n  - {modality: CT, name: a}\n",
            "line 5, stations[2].name",
            "another scanner (stations[1]) already",
        ),
        (_HEAD + "patients: nobody.csv\n", "nobody.csv", "cannot be read"),
        (_HEAD + 'patients: "a\\0b"\n', "b", "cannot be read"),
        (_HEAD + "logo: nothing.png\n", "line 3, logo", "cannot be read"),
        (_HEAD + "logo: here.yaml\n", "line 3, logo", "a logo is a PNG"),
        ("name: 'R\n", "line", "this is no YAML"),
        ("a: b: c\n", "line 1", "this is no YAML"),
        ("", "line 1", "keys with values"),
        ("- name\n", "line 1", "keys with values"),
        ("[" * 5000, "here.yaml", "this is no YAML"),
        ("x: !!python/object/apply:os.system ['true']\n", "line 1", "there is no key 'x'"),
        (b"name: \xff\n", "line 1", "UTF-8"),
        (b"#\n" * 200_000, "here.yaml", "256 KB"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(write, text: str | bytes, where: str, says: str) -> None:
    problem = refused(write(text))
    assert where in problem.where
    assert says in str(problem)


@pytest.mark.parametrize(
    ("people", "where", "says"),
    [
        ("", "line 1", "column id is missing"),
        ("id,birth_date\n", "line 1", "column name is missing"),
        ("id,name,gender\n", "line 1", "there is no column 'gender'"),
        ("id,name,birthdate\n", "line 1", "did you mean birth_date?"),
        ("id,name,id\n", "line 1", "stands twice"),
        ("id,name\n", "people.csv", "has no patient"),
        ("id,name\n1,A\n1,B\n", "line 3", "it stands first in people.csv, line 2"),
        ("id,name\n1,A,F\n", "line 2", "3 values, and there are 2 columns"),
        ("id,name\n1,Rivera, Elena\n", "line 2", "quotation marks"),
        ("id,name\n1^2,A\n", "line 2, id", "no HL7 separator"),
        ("id,name\n,A\n", "line 2, id", "1 to 64"),
        ("id,name\n1,^Elena\n", "line 2, name", "begins with the family name"),
        ("id,name\n1,A^B^C^D^E^F\n", "line 2, name", "at most five components"),
        ("id,name\n1,A|B\n", "line 2, name", "none of"),
        (f"id,name\n1,{'x' * 65}\n", "line 2, name", "64 characters each"),
        ("id,name\n1,a=b=c=d\n", "line 2, name", "up to three writings"),
        ("id,name,birth_date\n1,A,17.06.1984\n", "line 2, birth_date", "1984-06-17"),
        ("id,name,birth_date\n1,A,19840231\n", "line 2, birth_date", "a day of the calendar"),
        ("id,name,birth_date\n1,A,2026-03-03\n", "line 2, birth_date", "not after 2026-03-02"),
        ("id,name,sex\n1,A,W\n", "line 2, sex", "table 0001"),
        ('id,name\n1,"A\n', "people.csv, line", "this is no CSV"),
        ("id,name\n" + "".join(f"{number},A\n" for number in range(1001)), "people.csv", "more than 1,000"),
        ("id,name\n1,Müller\n".encode("latin-1"), "line 2", "CSV UTF-8"),
    ],
)
def test_a_list_of_patients_is_told_by_line_and_column(write, people: str | bytes, where: str, says: str) -> None:
    problem = refused(write(_HEAD + "patients: people.csv\n", people))
    assert where in problem.where
    assert says in str(problem)


@pytest.mark.parametrize(
    "people",
    [
        "id,name,birth_date,sex\n1,Sørensen^Bo,1984-06-17,m\n",
        "\ufeffSex;Birth Date;ID;Name\r\nM;19840617;1;Sørensen^Bo\r\n\r\n",
        'name\tid\tsex\tbirth_date\n"Sørensen^Bo"\t1\tM\t19840617\n',
    ],
)
def test_lists_come_as_spreadsheets_save_them(write, people: str) -> None:
    (patient,) = read_institution(write(_HEAD + "patients: people.csv\n", people)).patients
    assert (patient.identifier.value, patient.name.family, patient.name.given) == ("1", "Sørensen", "Bo")
    assert (patient.birth_date, patient.sex) == ("19840617", "M")


def png(width: int = 3, height: int = 2, more: int = 0) -> bytes:
    """The begin of a PNG: its signature and the chunk IHDR."""
    head = struct.pack(">4sLLBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">L", 13) + head + struct.pack(">L", zlib.crc32(head)) + bytes(more)


def test_a_logo_is_a_png_beside_the_file(write, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(4096, 4096))
    assert read_institution(write(_HEAD + "logo: logo.png\n")).logo == tmp_path / "logo.png"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n and so on, without a head",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        png(0, 2),
        png(4097, 2),
        png(2, 2**31),
        png(more=1024 * 1024),
    ],
)
def test_what_is_no_small_png_is_no_logo(write, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "logo.png").write_bytes(content)
    error = refused(write(_HEAD + "logo: logo.png\n"))
    assert "at most 1 MB" in str(error)
    assert "line 3, logo" in str(error)


def test_the_rule_for_a_facility_is_that_of_the_department() -> None:
    assert rules.FACILITY.pattern == site._FACILITY.pattern


def test_without_pyyaml_the_next_step_is_told(write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert "hl7dicom-lab[institution]" in str(refused(write(_HEAD)))


def test_nothing_is_loaded_before_a_file_is_named() -> None:
    code = "import sys, hl7dicom_lab.lab, hl7dicom_lab.institution; print('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "False"


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60), people=st.text(max_size=60))
def test_no_file_gives_a_traceback(write, text: str, people: str) -> None:
    content = (_HEAD + "patients: people.csv\n" + text).encode("utf-8", "surrogatepass")
    file = write(content, ("id,name\n1,A\n" + people).encode("utf-8", "surrogatepass"))
    with suppress(SetupError):
        assert isinstance(read_institution(file), Institution)


def test_a_department_lives_by_it_from_order_to_images() -> None:
    there = read_institution(_DOCS / "institution_example.yaml")
    with Lab(facility=there) as lab:
        assert "Riverside Radiology" in repr(lab)
        for patient, modality in zip(there.patients[:3], ("MR", "CT", "CR"), strict=True):
            (order,) = lab.emr.place(there.order(patient, modality=modality, at=datetime(2026, 3, 2, 10, 0)))
            assert lab.emr.check_in(patient, there.visit(patient)).accepted
            (item,) = lab.modalities[modality].query()
            assert (item.PatientID, item.IssuerOfPatientID) == (patient.identifier.value, "RIVERSIDE")
            (image, *_) = images = lab.modalities[modality].examine(item)
            assert image.data_set.InstitutionName == "Riverside Radiology"
            results = lab.modalities[modality].store(images)
            assert all(one.stored for one in results)
            assert order.procedure.scheme == "99RIVERSIDE"
        assert {study.issuer_of_patient_id for study in lab.pacs.studies()} == {"RIVERSIDE"}
        assert lab.pacs.storage.ae_title == "RIVERSIDE_PACS"
        assert lab.modality.station.ae_title == "RIV_MAGNET1"
        assert not [row for row in lab.trace.rows() if b"NORTHGATE" in row.decoded.raw]


def test_an_examination_that_has_no_images_is_told() -> None:
    there = read_institution(_DOCS / "institution_example.yaml")
    with pytest.raises(NotFound, match="MR, CT, CR"):
        there.order(there.patients[0], modality="US")


def _red(picture: Any) -> bool:
    return bool(((picture[..., 0] > 0.9) & (picture[..., 1] < 0.1)).any())


def test_its_logo_stands_on_a_certificate(tmp_path: Path) -> None:
    import numpy as np
    from matplotlib.image import imread, imsave

    red = tmp_path / "logo.png"
    imsave(red, np.tile(np.array([1.0, 0.0, 0.0]), (20, 60, 1)))
    record = Certificate.of("Zoë", Progress(None))
    plain, drawn = imread(record.save(tmp_path / "plain.png")), imread(record.save(tmp_path / "drawn.png", logo=red))
    corner = np.s_[: drawn.shape[0] // 4, drawn.shape[1] // 2 :]
    assert _red(drawn[corner])
    assert not _red(plain[corner])
    below = np.s_[drawn.shape[0] // 4 :]
    assert (plain[below] == drawn[below]).all(), "it covers nothing"


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n and so on"])
def test_a_logo_that_is_no_picture_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "logo.png").write_bytes(content)
    with pytest.raises(SetupError, match="logo cannot be read"):
        Certificate.of("", Progress(None)).save(tmp_path / "x.png", logo=tmp_path / "logo.png")
    with pytest.raises(SetupError, match="logo cannot be read"):
        Certificate.of("", Progress(None)).save(tmp_path / "x.png", logo=tmp_path / "nothing.png")


def test_a_class_and_an_institution_do_not_go_together() -> None:
    options = ServeOptions(for_class=True, institution=_DOCS / "institution_example.yaml")
    with pytest.raises(SetupError, match="--class"):
        run(options)


# ---- the logo in pages


class Pictures(HTMLParser):
    """The pictures of a page, and how many other elements it has of a kind that runs something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag == "img" and ("class", "logo") in attrs:
            self.found.append(dict(attrs))


_NAME = """A & B "Radiology" <script>alert('x')</script>"""


@pytest.fixture
def with_logo(write, tmp_path: Path) -> Path:
    (tmp_path / "logo.png").write_bytes(png())
    quoted = _NAME.replace("'", "''")
    return write(f"name: '{quoted}'\nfacility: R\nlogo: logo.png\n")


def carried(picture: dict[str, str | None]) -> bytes:
    assert picture["alt"] == f"Logo of {_NAME}"
    kind, _, content = (picture["src"] or "").partition(",")
    assert kind == "data:image/png;base64"
    return base64.b64decode(content)


def test_the_first_slide_bears_the_logo_and_no_other(with_logo: Path, tmp_path: Path) -> None:
    slides = CliRunner().invoke(main, ["slides", "00", "--to", str(tmp_path / "a"), "--institution", str(with_logo)])
    assert slides.exit_code == 0, slides.output
    page = next((tmp_path / "a").iterdir()).read_text(encoding="utf-8")
    (picture,) = Pictures(page).found
    assert carried(picture) == png()
    assert Pictures(page).scripts == 1
    assert page.index('id="slide-1"') < page.index('class="logo"') < page.index("<h1>") < page.index('id="slide-2"')


def test_the_institution_may_be_named_by_the_environment(
    with_logo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(with_logo))
    assert CliRunner().invoke(main, ["slides", "00", "--to", str(tmp_path / "a")]).exit_code == 0
    assert 'class="logo"' in next((tmp_path / "a").iterdir()).read_text(encoding="utf-8")


def test_the_dashboard_bears_the_logo_of_the_institution_that_is_named(
    with_logo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Dashboard.of(Progress(None))
    monkeypatch.delenv(VARIABLE, raising=False)
    assert plain.at_the_institution()._repr_html_() == plain._repr_html_()
    monkeypatch.setenv(VARIABLE, str(with_logo))
    drawn = plain.at_the_institution()
    (picture,) = Pictures(drawn._repr_html_()).found
    assert carried(picture) == png()
    assert Pictures(drawn._repr_html_()).scripts == 0
    assert drawn._repr_html_().endswith(plain._repr_html_())
    assert (str(drawn), drawn.csv(), drawn.json()) == (str(plain), plain.csv(), plain.json())


def test_without_a_logo_nothing_is_added(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(write(_HEAD)))
    assert "<img" not in Dashboard.of(Progress(None)).at_the_institution()._repr_html_()
    assert CliRunner().invoke(main, ["slides", "00", "--to", str(tmp_path / "a")]).exit_code == 0
    assert 'class="logo"' not in next((tmp_path / "a").iterdir()).read_text(encoding="utf-8")


def test_an_institution_that_cannot_be_read_is_told_and_the_dashboard_is_there(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere.yaml"))
    shown = Dashboard.of(Progress(None)).at_the_institution()
    assert "nowhere.yaml" in str(shown)
    assert "Start here" in str(shown)
    assert CliRunner().invoke(main, ["slides", "00", "--to", str(tmp_path / "a")]).exit_code == 1
    there = read_institution(write(_HEAD))
    with pytest.raises(SetupError, match="logo cannot be read"):
        logo_html(replace(there, logo=tmp_path / "gone.png"))


def test_a_lessons_dashboard_bears_it(with_logo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(with_logo))
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", ":memory:")
    with open_lesson("00") as lab:
        assert len(Pictures(lab.progress()._repr_html_()).found) == 1
