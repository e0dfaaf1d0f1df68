"""Whatever order is accepted gives a worklist item that DICOM's rules accept, and whatever is refused leaves no trace.

Orders, changes, check-ins and reports as `hostile.py` writes them go over sockets to a department that runs; what its
worklist then answers is judged by `vr_judge.py`. HL7DICOM_LAB_FUZZ makes it try more (`fuzzing.py`).
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache

import hostile
import pytest
from fuzzing import tried
from hl7_text import order
from hostile import Written
from hypothesis import given
from hypothesis import strategies as st
from mllp_client import Answer, MllpClient
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from vr_judge import STEP, complaints

from hl7dicom_lab import story
from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_index import index_entry
from hl7dicom_lab.dicom.worklist_model import WORKLIST_MODEL
from hl7dicom_lab.hl7v2.escapes import Separators, unescape
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.attributes import get
from hl7dicom_lab.storage.order_book import _NARROWED, _SEVERAL_VALUES

_COMPARED = 300  # the newest steps of the book, when it is long


class Desk:
    """A running department as senders see it, and what it keeps."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._ris = MllpClient(lab.ris.hl7)
        self._pacs = MllpClient(lab.pacs.hl7)
        self._kept = self._book()

    def close(self) -> None:
        self._ris.close()
        self._pacs.close()

    def send(self, written: Written) -> Answer:
        """Send a message to the RIS. One that is refused changes nothing, and is refused for a reason."""
        answer = _sound(self._ris.ask(written.body), written)
        book = self._book()
        assert answer.code == "AA" or book == self._kept, "a refused message has left a trace in the book"
        self._kept = book
        return answer

    def report(self, written: Written) -> Answer:
        return _sound(self._pacs.ask(written.body), written)

    def _book(self) -> list[object]:
        database = self.lab.ris.order_book.database
        rows = database.rows(f"SELECT * FROM step ORDER BY id DESC LIMIT {_COMPARED}")
        counts = database.rows("SELECT (SELECT count(*) FROM step), (SELECT count(*) FROM step_value)")
        return [tuple(row) for row in (*counts, *rows)]

    def judged(self, patient: str) -> list[Dataset]:
        """What the worklist answers about a patient when everything is asked for; nothing of it may break a rule."""
        query = everything()
        query.PatientID = patient
        answers = [answer for _, answer in self.lab.ris.order_book.find(query)]
        for answer in answers:
            assert complaints(answer) == []
            assert data_set.decode(data_set.encode(answer)) == answer
        return answers


def _sound(answer: Answer, written: Written) -> Answer:
    assert answer.answers == written.text.control_id
    assert answer.code in ("AA", "AE", "AR")
    if answer.code != "AA":
        assert "could not process" not in answer.text, "the receiver has met something that it does not expect"
        assert answer.location or answer.error in (100, 204), answer
    return answer


@cache
def model() -> Dataset:
    """A query for every attribute of Table K.6-1, sequences as a whole, but for the step, which is asked in parts."""
    query, step = Dataset(), Dataset()
    for path in WORKLIST_MODEL:
        holder, _, keyword = path.rpartition(".")
        if holder in ("", STEP) and keyword != STEP:
            value = [] if dictionary_VR(keyword) == "SQ" else None
            setattr(step if holder else query, keyword, value)
    query.ScheduledProcedureStepSequence = [step]
    return query


def everything() -> Dataset:
    return deepcopy(model())


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def desk(lab):
    desk = Desk(lab)
    yield desk
    desk.close()


@tried(110)
@given(written=hostile.orders())
def test_an_accepted_order_is_on_the_worklist_as_dicom_wants_it(desk, written):
    if desk.send(written).code != "AA":
        return
    answers = desk.judged(f"M{written.text.placer}")
    first = next(one for one in answers if one.PlacerOrderNumberImagingServiceRequest == written.text.placer)
    for keyword, sent in written.identifiers.items():
        at = f"{STEP}.{keyword}" if keyword == "ScheduledProcedureStepID" else keyword
        assert get(first, at) == sent, f"{keyword} is not what was sent"
    if "\\" not in written.text.get("PID-5"):
        assert letters(name_in(written)) == letters(alphabetic(first.PatientName)), "the name is not whole"


def name_in(written: Written) -> str:
    """What the first repetition of PID-5 has of a name: of the family name its first part, then the others."""
    family, *others = written.text.get("PID-5").split("~")[0].replace('""', "").split("^")
    return "".join([family.split("&")[0], *others[:5]])


def alphabetic(name: object) -> str:
    groups = str(name).split("=")
    return next(filter(None, groups))


def letters(text: str) -> list[str]:
    return sorted(one for one in text if one.isalnum())


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
@pytest.mark.parametrize("size", [16, 17, 64, 65])
def test_a_value_of_any_length_is_kept_whole_or_somebody_is_told(desk, kind, size):
    """Each field alone with a text that is as long as a VR allows, or one character longer: nothing is cut unseen."""
    for path in sorted(hostile.every_field(kind).keys() - NOT_READ):
        text = order(kind).put(path, "Q" * size)
        text.put("PID-3", f"L{text.placer}^^^NORTHGATE^MR")
        answer = desk.send(Written(text, "UNICODE UTF-8"))
        if answer.code == "AA":
            (step,) = desk.judged(f"L{text.placer}")
            assert "Q" * size in all_text(step) or path in answer.text, path


#: The first component of a timing is a quantity, the visit's number in PV1-19 comes before PID-18, and PV1-15 says
#: whether a patient is pregnant, or something that DICOM has no attribute for.
NOT_READ = {"ORC-7", "OBR-27", "PID-18", "PV1-15"}


def all_text(step: Dataset) -> str:
    """The values of all attributes; those of one attribute without anything between them."""
    values = (element.value for element in step.iterall() if element.VR != "SQ")
    return "\n".join("".join(value) if isinstance(value, MultiValue) else str(value) for value in values)


@pytest.mark.parametrize("number", range(len(hostile.NOTES)))
def test_notes_as_long_as_they_may_be_and_longer_are_text_of_whole_lines(desk, number):
    text = order().put("NTE-3", hostile.NOTES[number])
    text.put("PID-3", f"N{text.placer}^^^NORTHGATE^MR")
    answer = desk.send(Written(text, "UNICODE UTF-8"))
    (step,) = desk.judged(f"N{text.placer}")
    kept = str(step.RequestedProcedureComments or "")
    sent = unescape(hostile.NOTES[number], Separators()).replace("\n", "\r\n")
    assert answer.code == "AA"
    assert sent.startswith(kept)
    assert kept == sent or "the 10240 that fit are kept" in answer.text or not sent.strip()


@tried(40)
@given(st.sampled_from(["ORM", "OMI"]), st.data())
def test_whatever_is_said_of_an_order_later_leaves_it_as_dicom_wants_it(desk, kind, data):
    first = order(kind).put("OBR-30", "車椅子").put("NTE-3", "ペースメーカー").put("PV1-8", "D1^Øst^Åse")
    first.put("PID-3", f"S{first.placer}^^^NORTHGATE^MR")
    assert desk.send(Written(first, "UNICODE UTF-8")).code == "AA"
    later = st.one_of(
        hostile.orders("XO", first),
        hostile.orders("XO", first),
        hostile.orders("SC", first),
        st.sampled_from(["CA", "DC"]).flatmap(lambda control: hostile.orders(control, first)),
        hostile.admissions(first.get("PID-3")),
        hostile.admissions(first.get("PID-3")),
    )
    for written in data.draw(st.lists(later, min_size=1, max_size=3)):
        answer = desk.send(written)
        found = desk.judged(f"S{first.placer}")
        assert len(found) <= 1
        if answer.code == "AA" and written.text.lines[2].startswith("EVN"):
            assert found == [] or "\\" in written.text.get("PID-5") or found[0].PatientName


def test_the_whole_worklist_over_the_wire_is_as_dicom_wants_it(lab):
    """After the tests above: everything that they entered, as a scanner gets it that asks for everything."""
    answers = lab.modality.query(everything())
    assert len(answers) == len(lab.ris.steps())
    assert [complaint for answer in answers for complaint in complaints(answer)] == []


def test_every_step_is_found_by_what_its_bytes_say(lab):
    """The keys beside the data set are made of the values at hand; read back from the bytes they are the same."""
    database = lab.ris.order_book.database
    rows = database.rows("SELECT * FROM step")
    assert rows
    for row in rows:
        entry = index_entry(data_set.read(row["data_set"]))
        for key, column in _NARROWED.items():
            assert row[column] == next(iter(entry[key]), "")
        listed = database.rows("SELECT key, value FROM step_value WHERE step = ?", (row["id"],))
        assert {(one["key"], one["value"]) for one in listed} == {
            (key, value) for key in _SEVERAL_VALUES for value in entry[key]
        }


@pytest.fixture(scope="module")
def study(lab):
    """A study in the archive."""
    (placed,) = lab.emr.place(story.order("STORY-1"))
    (item,) = lab.modality.query(PlacerOrderNumberImagingServiceRequest=placed.placer_order_number)
    lab.modality.store(lab.modality.examine(item))
    (study,) = lab.pacs.studies()
    return study


@tried(80)
@given(data=st.data())
def test_an_accepted_report_is_beside_its_study_or_in_the_queue(lab, desk, study, data):
    patient = f"{study.patient_id}^^^{study.issuer_of_patient_id}^MR"
    written = data.draw(hostile.reports(patient, study.accession_number, study.study_instance_uid))
    kept = len(lab.pacs.reports.history(study_instance_uid=study.study_instance_uid))
    answer = desk.report(written)
    attached = lab.pacs.reports.history(study_instance_uid=study.study_instance_uid)
    held = lab.pacs.exceptions()
    if answer.code != "AA":
        assert (len(attached), held) == (kept, ())
        return
    assert len(attached) + len(held) == kept + 1
    for one in held:
        lab.pacs.dismiss(one.number, by="the test", because="it has been seen")
    ours = [one.report for one in (*held, *attached) if one.report.control_id == written.text.control_id]
    assert len(ours) == 1
    assert ours[0].patient_id
    if written.text.get("OBX-2") in ("FT", "TX", "ST") and written.text.get("OBX-11") not in ("D", "W"):
        sent = written.text.get("OBX-5").replace('""', "")
        assert "\\" in sent or letters(sent) == letters(ours[0].text)
    if attached[kept:]:
        assert ours[0].patient_id == study.patient_id
        assert study.study_instance_uid == ours[0].study_instance_uid
