"""Lessons run against the hospital of a class, two seats at once, and each seat has there what its department has.

SEAT07 takes the lessons from the first on while SEAT08 takes them from the last on, so that at every moment the two
have different patients, images and reports. Afterwards the department in the learner's kernel tells what it holds, and
the hospital's systems of that seat hold the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hl7dicom_lab.actors.hospital_addresses import ADDRESSES_VARIABLE, SEAT_VARIABLE
from hl7dicom_lab.course.solved import asked_in, solved
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.hospital import Hospital

LESSONS = ("02", "03", "04", "05", "06", "07", "08")
#: What is told of a department, in a last cell of the lesson and of the hospital's systems alike.
TOLD = """
import json

def told(ris, pacs):
    return {
        "steps": [
            [one.item.placer_order_number, one.item.accession_number, one.item.study_instance_uid,
             one.item.patient_name, one.item.scheduled_procedure_step_id, one.item.filler_order_number,
             one.item.requested_procedure_id, one.item.start, list(one.item.station_ae_titles), one.item.status.value]
            for one in ris.order_book.steps()
        ],
        "images": [
            [study.accession_number, study.patient_name, one.sop_instance_uid]
            for study in pacs.studies() for one in pacs.archive.instances(study.study_instance_uid)
        ],
        "reports": [
            [one.report.status.value, one.report.text, one.is_current]
            for study in pacs.studies() for one in pacs.reports.history(study_instance_uid=study.study_instance_uid)
        ],
        "held": [[one.report.accession_number, one.reason] for one in pacs.exceptions()],
    }
"""


@pytest.fixture(scope="module")
def hospital() -> Iterator[Hospital]:
    with Hospital() as running:
        yield running


@pytest.fixture(scope="module")
def addresses(hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("class") / "hospital.json"
    file.write_text(json.dumps(hospital.addresses()), encoding="utf-8", newline="\n")
    return file


def with_last_cell(text: str) -> str:
    notebook = json.loads(text)
    cell = {"cell_type": "code", "id": "told", "metadata": {}, "outputs": [], "execution_count": None}
    cell["source"] = TOLD + "print(json.dumps(told(lab.ris, lab.pacs)))"
    notebook["cells"].append(cell)
    return json.dumps(notebook)


#: A learner's machine: runs the notebook of its first argument into the file of its second.
_MACHINE = """
import sys
from pathlib import Path
from hl7dicom_lab.course.refresh import run

lesson, done = map(Path, sys.argv[1:])
done.write_text(run(lesson.read_text(encoding="utf-8"), lesson), encoding="utf-8", newline="\\n")
"""


class Learner:
    """Runs one lesson, solved, at a seat of the hospital, in processes of its own."""

    def __init__(self, number: str, seat: str, addresses: Path, folder: Path) -> None:
        self.seat = seat
        (self.path,) = notebooks_folder().glob(f"{number}_*.ipynb")
        lesson, self._result = folder / self.path.name, folder / "done.ipynb"
        folder.mkdir()
        text = with_last_cell(solved(self.path.read_text(encoding="utf-8")))
        lesson.write_text(text, encoding="utf-8", newline="\n")
        settings = {ADDRESSES_VARIABLE: str(addresses), SEAT_VARIABLE: seat}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _MACHINE, str(lesson), str(self._result)], env={**os.environ, **settings}
        )

    def finish(self) -> None:
        """Wait until the lesson is over."""
        assert self._process.wait() == 0
        self.done: dict[str, Any] = json.loads(self._result.read_text(encoding="utf-8"))

    def wrong(self) -> dict[str, str]:
        """The exercises and quizzes whose check does not say that the answer is correct."""
        said = {}
        for one in asked_in(json.loads(self.path.read_text(encoding="utf-8"))):
            outputs = self.done["cells"][one.place]["outputs"]
            said[one.id] = "".join(outputs[-1].get("data", {}).get("text/plain", "")) if outputs else ""
        assert said, "a lesson asks something"
        return {name: words for name, words in said.items() if not words.startswith("✓ Correct.")}

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads("".join(self.done["cells"][-1]["outputs"][0]["text"]))
        return found


def told_at(hospital: Hospital, seat: str) -> dict[str, Any]:
    there: dict[str, Any] = {}
    exec(TOLD, there)
    found = there["told"](hospital.seat(seat).ris, hospital.seat(seat).pacs)
    again: dict[str, Any] = json.loads(json.dumps(found))
    return again


@pytest.mark.parametrize(("number", "neighbours"), list(zip(LESSONS, reversed(LESSONS), strict=True)))
def test_two_seats_take_lessons_at_once(
    hospital: Hospital, addresses: Path, number: str, neighbours: str, tmp_path: Path
) -> None:
    learners = (
        Learner(number, "SEAT07", addresses, tmp_path / "7"),
        Learner(neighbours, "SEAT08", addresses, tmp_path / "8"),
    )
    for one in learners:
        one.finish()
    for one in learners:
        assert one.wrong() == {}
        assert one.told()["steps"], "something was ordered"
        here, there = one.told(), told_at(hospital, one.seat)
        held_here, held_there = here.pop("held"), there.pop("held")
        assert there == here
        # What a learner releases or dismisses is sent again, and stays in the hospital's queue for its own people.
        assert all(report in held_there for report in held_here)
    if number != neighbours:
        assert learners[0].told() != learners[1].told()
    assert [seat.name for seat in hospital.seats()] == ["SEAT07", "SEAT08"]


def test_the_last_lesson_has_images_and_reports_and_the_first_one_has_none(hospital: Hospital) -> None:
    """After the lessons above: SEAT07 has ended with lesson 08, SEAT08 with lesson 02."""
    last, first = told_at(hospital, "SEAT07"), told_at(hospital, "SEAT08")
    assert len(last["images"]) > 24
    assert last["reports"]
    assert (first["images"], first["reports"]) == ([], [])
    assert "SEAT07_MR1 ══C-STORE-RQ" in str(hospital.timeline(last=5000))
