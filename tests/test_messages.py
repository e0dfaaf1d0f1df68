"""The sample messages are what their README says: each is sent, and the table is compared with what comes back."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass

import pytest
from hl7_text import order
from mllp_client import MllpClient
from pydicom import Dataset

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.lab import Lab

FOLDER = data_folder() / "messages"


@dataclass(frozen=True)
class Sample:
    """A row of the README."""

    file: str
    shows: str
    goes_to: str
    answer: str
    effect: str


def samples():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+\.hl7)` \| (.+) \| (\w+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    return [Sample(*row) for row in rows]


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make_messages", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_lists_every_file_in_its_order():
    assert [sample.file for sample in samples()] == sorted(path.name for path in FOLDER.glob("*.hl7"))


def test_making_them_anew_gives_the_same_bytes(make):
    made = dict(make.every())
    assert list(made) == [sample.file for sample in samples()]
    for name, body in made.items():
        assert (FOLDER / name).read_bytes() == body, name


def test_segments_end_with_cr_and_nothing_frames_them():
    for path in FOLDER.glob("*.hl7"):
        body = path.read_bytes()
        assert not set(body) & {0x0B, 0x1C}
        assert body.endswith(b"\n" if path.name == "32_line_feeds.hl7" else b"\r")
        assert (b"\n" in body) is (path.name == "32_line_feeds.hl7")


@pytest.fixture
def lab():
    with Lab() as running:
        yield running


def test_every_sample_gets_the_answer_of_the_table(lab):
    told = []
    for sample in samples():
        if sample.file.startswith("14_"):
            _examine(lab)
        before = _measure(lab)
        answer = _send(getattr(lab, sample.goes_to.lower()).hl7, (FOLDER / sample.file).read_bytes())
        told.append(Sample(sample.file, sample.shows, sample.goes_to, answer, _effect(before, _measure(lab), sample)))
    assert told == samples()


def test_what_some_of_them_say_of_their_effect(lab):
    for sample in samples():
        if sample.goes_to == "RIS":
            _send(lab.ris.hl7, (FOLDER / sample.file).read_bytes())
    said = {
        step.item.placer_order_number: {origin.attribute: origin.value for origin in step.item.origins}
        for step in lab.ris.order_book.steps()
    }
    assert lab.ris.step("NG000001").status == "ARRIVED"
    assert said["S0001"]["RequestedProcedurePriority"] == "ROUTINE", "the last change (40) says so again"
    assert "ReasonForTheRequestedProcedure" not in said["S0001"]
    names = {number: values["PatientName"] for number, values in said.items()}
    assert (names["S0005"], names["S0006"]) == ("Núñez^Ana^^Dr", "Иванов^Пётр")
    assert names["S0007"] == names["S0008"] == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    reasons = [values.get("ReasonForTheRequestedProcedure") for values in said.values()]
    assert "Fall & headache, 3 | 4 days (right) since then" in reasons
    assert "NG200001" in {values.get("RequestedProcedureID") for values in said.values()}


def _examine(lab):
    """The images of the first examination, whose accession number the reports carry."""
    query = Dataset()
    query.AccessionNumber = "NG000001"
    for keyword in ("PatientName", "PatientID", "IssuerOfPatientID", "StudyInstanceUID", "RequestedProcedureID"):
        setattr(query, keyword, None)
    (item,) = lab.modality.query(query)
    images = lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:1])
    assert [result.status for result in lab.modality.store(images)] == [0]


def _send(address, body):
    """The answer as the README writes it. That none comes, the answer to an honest message after it proves."""
    with MllpClient(address) as client:
        client.send(body)
        honest = order().put("MSH-9", "ZZZ^Z01").put("MSH-5", "")
        client.send(honest.bytes())
        answer = client.answer()
        if answer.answers == honest.control_id:
            return "none"
        assert client.answer().answers == honest.control_id
    if "ERR" not in answer.segments:
        return answer.code
    segment, *numbers = re.split(r"\W", answer.location)
    place = f"{segment}-{numbers[1]}" if len(numbers) > 1 else segment
    return f"{answer.code} {answer.error}, {place}" + (f".{numbers[3]}" if len(numbers) > 3 else "")


def _measure(lab):
    """Steps on the worklist, reports in the exceptions queue, status of the report that holds."""
    report = lab.pacs.reports.current("NG000001")
    return len(lab.ris.steps()), len(lab.pacs.exceptions()), report.status.name.lower() if report else ""


def _effect(before, after, sample):
    steps, held = after[0] - before[0], after[1] - before[1]
    if sample.goes_to == "RIS":
        return {2: "two steps more", 1: "one step more", 0: "as many steps", -1: "one step less"}[steps]
    if held:
        return f"{'one' if held == 1 else held} report in the exceptions queue"
    return f"the {after[2]} report holds"
