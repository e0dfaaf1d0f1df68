"""Two departments with one seed say the same, byte for byte; only the ports differ."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hl7dicom_lab import story
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import ReportStatus


def walk(lab):
    """The whole way: order, check-in, query, images, three versions of a report; and a change, a cancellation."""
    (placed,) = lab.emr.place(story.order())
    lab.emr.check_in(story.PATIENT, story.VISIT)
    lab.clock.advance_to(placed.scheduled_for)
    lab.modality.echo()
    (item,) = lab.modality.query()
    images = lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:3])
    results = lab.modality.store(images)
    lab.ris.complete_step(item.AccessionNumber)
    (study,) = lab.pacs.studies()
    for status, text in ((ReportStatus.PRELIMINARY, "Draft."), (ReportStatus.FINAL, story.REPORT_TEXT)):
        report = lab.dictation.dictate(study, text, order=placed, status=status)
        lab.dictation.send(report)
    lab.dictation.send(lab.dictation.correct(report, "Corrected."))
    (second,) = lab.emr.place(story.order(), message="OMI")
    lab.emr.change(second, message="OMI")
    lab.emr.cancel(second)
    assert len(results) == 3
    assert all(result.stored for result in results)


def told(lab) -> dict[str, str]:
    """Everything that a department said and kept, as digests and as the table that a learner sees."""
    messages = [
        event.raw
        for conversation in lab.trace.conversations(protocol="HL7")
        for event in conversation.events
        if event.direction != "note"
    ]
    files = [instance.path.read_bytes() for instance in lab.pacs.archive.all_instances()]
    steps = [step.item.data_set for step in lab.ris.order_book.steps()]
    return {
        "messages": _digest(messages),
        "how many messages": str(len(messages)),
        "data sets": _digest(files),
        "how many data sets": str(len(files)),
        "steps": _digest(steps),
        "clock": lab.clock.now().isoformat(),
        "table": str(lab.trace.show(details=True, raw=True)),
        "html": _digest([lab.trace.show(details=True, raw=True)._repr_html_().encode()]),
        "what the EMR saw": _digest([str(lab.trace.show(system="EMR", details=True)).encode()]),
        "what the scanner saw": _digest([str(lab.trace.show(system="MR1", details=True)).encode()]),
        "screen": _digest([str(lab.pacs.open_study("NG000001")).encode()]),
    }


def _digest(parts: list[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(b"%d:" % len(part) + part)
    return whole.hexdigest()


def run(*, seed: int = 1, home: Path | None = None) -> dict[str, str]:
    with Lab(home, seed=seed) as lab:
        walk(lab)
        return told(lab)


@pytest.fixture(scope="module")
def once():
    return run()


def test_it_is_the_whole_way(once):
    assert int(once["how many messages"]) == 2 * (2 + 6 + 3)
    assert once["how many data sets"] == "3"
    for kind in ("ORM^O01", "ADT^A04", "OMI^O23", "ORU^R01", "ACK AA", "C-ECHO-RQ", "C-FIND-RSP", "C-STORE-RQ"):
        assert kind in once["table"]
    for port in ("127.0.0.1", "localhost"):
        assert port not in once["table"]


def test_the_next_department_in_this_process_says_the_same(once):
    assert run() == once


def test_a_department_in_a_folder_says_the_same_on_its_first_day(once, tmp_path):
    assert run(home=tmp_path) == once


def test_two_departments_at_once_say_the_same(once):
    with Lab() as one, Lab() as other:
        for lab in (one, other):
            walk(lab)
        assert told(one) == told(other) == once


def test_another_process_says_the_same(once):
    code = "import json, sys; sys.path[:0] = sys.argv[1:]; import test_determinism as it; print(json.dumps(it.run()))"
    folder = Path(__file__).resolve().parent
    command = [sys.executable, "-c", code, str(folder), str(folder.parent)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert json.loads(done.stdout) == once


def test_another_seed_says_other_uids(once):
    other = run(seed=2)
    assert other["data sets"] != once["data sets"]
    assert other["how many messages"] == once["how many messages"]
    assert other["clock"] == once["clock"]
