"""Lesson 01: a field of an HL7 message, an element of a DICOM file, and where each fact stands in both.

What is right is read from the order that went over the wire (HL7 v2.3.1 chapter 3, PID) and from the image that the
PACS holds (DICOM PS3.3), never from a list. Rule: a place is right when the fact stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from hl7dicom_lab import story
from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.verdict import Verdict, right, wrong
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.hl7v2.message import Message, Path
from hl7dicom_lab.lab import Lab

NOWHERE = "nowhere"


def order_message(lab: Lab) -> Message:
    """Elena Rivera's order as it went over the wire. Raises `NotFound` where the trace has forgotten it."""
    for row in lab.trace.rows(protocol="HL7"):
        if row.decoded.kind == "ORM^O01":
            message = Message.parse(row.decoded.raw.strip(b"\x0b\x1c\r"))
            if message.get("PID-3.1") == story.PATIENT.identifier.value:
                return message
    raise NotFound("the trace holds no order for Elena Rivera", where="trace", next_step="run the first code cell")


def image_header(lab: Lab) -> Dataset:
    """The elements before the pixels of Elena Rivera's first image. Raises `NotFound` where the PACS holds none."""
    for study in lab.pacs.studies():
        if study.patient_id == story.PATIENT.identifier.value:
            return lab.pacs.archive.header(lab.pacs.archive.instances(study.study_instance_uid)[0])
    raise NotFound("the PACS holds no image of Elena Rivera", where="PACS", next_step="run the first code cell")


def _check_account_number(lab: Lab, answer: Any) -> Verdict:
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer).strip()
    order = order_message(lab)
    if said == order.get("PID-3[2].1"):
        return right(f"{said} is PID-3, second repetition, first component: PID-3[2].1 as people write it.")
    if "~" in said:
        return wrong(
            "whole field",
            "This is the whole of PID-3, with both repetitions. Take one repetition of it, then one component of that.",
        )
    if "^" in said:
        return wrong(
            "whole repetition",
            f"{said} still has its components, separated by ^. The number alone is component 1 of the repetition.",
        )
    other_component = wrong(
        "other component",
        f"{said} stands in PID-3, but in component 4 or 5 of a repetition. The number itself is component 1.",
    )
    known = {
        order.get("PID-3.1"): wrong(
            "first repetition",
            f"{said} is the medical record number: the first repetition of PID-3, with MR in its fifth component. "
            "The account number is the repetition after the ~.",
        ),
        order.get("PV1-19.1"): wrong(
            "visit number", f"{said} is the number of the visit, PV1-19. The account number stands in PID-3 here."
        ),
        **{order.get(path): other_component for path in ("PID-3[1].4", "PID-3[1].5", "PID-3[2].4", "PID-3[2].5")},
    }
    other = wrong("other", f"PID-3 has no number {said!r}. Print pid[3], and look for the part that ends in AN.")
    return known.get(said, other)


def _check_step_id(lab: Lab, answer: Any) -> Verdict:
    part = _part_of_an_image(answer)
    if part is not None:
        return part
    item = image_header(lab).RequestAttributesSequence[0]
    said = str(answer).strip()
    if said == item.ScheduledProcedureStepID:
        return right(
            f"{said} stands in the item of RequestAttributesSequence (0040,0275). The RIS made the number; the scanner "
            "copied it from the worklist."
        )
    description = wrong("description", f"{said} says what the step is. Its number is ScheduledProcedureStepID.")
    known = {
        item.RequestedProcedureID: wrong(
            "procedure id",
            f"{said} is RequestedProcedureID, and here StudyID, too. A procedure is done in one step or several; "
            "the step's own number is ScheduledProcedureStepID.",
        ),
        item.AccessionNumber: wrong(
            "accession number", f"{said} is AccessionNumber (0008,0050). The step has a number of its own."
        ),
        item.ScheduledProcedureStepDescription: description,
        item.ScheduledProtocolCodeSequence[0].CodeValue: description,
    }
    other = wrong(
        "other",
        f"The item of RequestAttributesSequence has no ScheduledProcedureStepID {said!r}. Look at the last lines that "
        "the cell above printed.",
    )
    return known.get(said, other)


def _part_of_an_image(answer: Any) -> Verdict | None:
    """What to say to a piece of a data set that is no value; None for everything else."""
    match answer:
        case DataElement():
            return wrong(
                "whole element",
                "This is a whole data element, with tag and VR. Write .value behind it, or name the element by its "
                "keyword after a point.",
            )
        case Sequence():
            return wrong(
                "sequence",
                "This is the sequence: a list of items. Take its first item with [0], then name the element inside.",
            )
        case Dataset():
            return wrong(
                "item",
                "This is a data set with many elements. Name the one that is wanted after a point: "
                "ScheduledProcedureStepID.",
            )
    return None


@dataclass(frozen=True)
class _Fact:
    """A fact and where it stands: HL7 path and DICOM keyword, or `NOWHERE`."""

    name: str
    path: str
    keyword: str


FACTS = (
    _Fact("medical record number", "PID-3.1", "PatientID"),
    _Fact("birth date", "PID-7", "PatientBirthDate"),
    _Fact("sex", "PID-8", "PatientSex"),
    _Fact("modality", "OBR-24", "Modality"),
    _Fact("reason for the examination", "OBR-31.2", NOWHERE),
    _Fact("rows of pixels", NOWHERE, "Rows"),
)


def _check_places(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, Mapping):
        return wrong(
            "no dictionary", "The check expects the dictionary places, with the names of the facts as they are."
        )
    order, header = order_message(lab), image_header(lab)
    found = [_check_fact(fact, answer.get(fact.name), order, header) for fact in FACTS]
    problems = [one for one in found if not one.correct]
    if not problems:
        return right(
            "Four facts stand in both, each language in its own place. The reason has stayed in the order, and the "
            "rows are only in the image."
        )
    good = len(FACTS) - len(problems)
    return wrong(problems[0].mistake, f"{good} of {len(FACTS)} facts are right. {problems[0].words}")


def _check_fact(fact: _Fact, places: Any, order: Message, header: Dataset) -> Verdict:
    if not isinstance(places, (list, tuple)) or len(places) != 2:
        return wrong("no pair", f"{fact.name}: two places in brackets are expected, as in the first line.")
    path, keyword = (str(one).strip() for one in places)
    if _tag(path) or _path(keyword):
        return wrong("swapped", f"{fact.name}: the HL7 path stands first, then the DICOM keyword.")
    in_order = _check_path(fact, path, order)
    return in_order if not in_order.correct else _check_keyword(fact, keyword, header)


def _check_path(fact: _Fact, said: str, order: Message) -> Verdict:
    path = _path(said)
    if path is None or fact.path == NOWHERE:
        return _check_without_path(fact, said, path)
    wanted, field = Path.parse(fact.path), f"{path.segment}-{path.field}"
    segment = order.first(path.segment)
    if segment is None or (path.segment, path.field) != (wanted.segment, wanted.field):
        holds = order.raw(field)
        told = f"holds {holds!r} in the order" if holds else "is empty in the order"
        return wrong(
            "other field", f"{fact.name}: {field} {told}. Count the bars: the first field is behind the first."
        )
    value = segment.value(path.field, path.component, repetition=path.repetition)
    if (path.component or path.repetition > 1) and value != order.get(fact.path):
        return wrong("other component", f"{fact.name}: the field {field} is right, but {said} holds {value!r}.")
    return right(fact.name)


def _check_without_path(fact: _Fact, said: str, path: Path | None) -> Verdict:
    nowhere = said.casefold() == NOWHERE
    if nowhere and fact.path == NOWHERE:
        return right(fact.name)
    if nowhere:
        return wrong("told by the order", f"{fact.name}: the order does tell it. Look at its segment {fact.path[:3]}.")
    if path is None:
        return wrong("no path", f"{fact.name}: {said!r} is no HL7 path. Write segment, hyphen and number, as in PID-5.")
    return wrong(
        "not in the order",
        f"{fact.name}: {said} does not tell it. The order was sent before there was an image, so it cannot know.",
    )


def _check_keyword(fact: _Fact, said: str, header: Dataset) -> Verdict:
    tag = _tag(said)
    if tag is None:
        return _check_without_keyword(fact, said)
    keyword = keyword_for_tag(tag)
    if fact.keyword == NOWHERE:
        return wrong("not in the image", f"{fact.name}: {keyword} does not tell it; no element of this image does.")
    if keyword == fact.keyword:
        return right(fact.name)
    holds = f"holds {str(header[tag].value)!r}, another fact" if tag in header else "does not stand in this image"
    return wrong("other element", f"{fact.name}: {keyword} {holds}. Run print(image) and look for it.")


def _check_without_keyword(fact: _Fact, said: str) -> Verdict:
    nowhere = said.casefold() == NOWHERE
    if nowhere and fact.keyword == NOWHERE:
        return right(fact.name)
    if nowhere:
        return wrong("told by the image", f"{fact.name}: the image does tell it. Run print(image) and look for it.")
    return wrong(
        "no keyword",
        f"{fact.name}: {said!r} is no DICOM keyword. Keywords are written together, without apostrophe, as in "
        "PatientName.",
    )


def _path(said: str) -> Path | None:
    """`PID-7`, `pid.7`, `PID-F7`, `PID.F3.R1.C1`: the path that is meant, None for anything else."""
    parts = re.fullmatch(
        r"([A-Za-z][A-Za-z0-9]{2})[-. ]F?(\d{1,3})(?:\[(\d{1,3})\]|\.R(\d{1,3}))?(?:\.C?(\d{1,3}))?",
        said,
        re.IGNORECASE,
    )
    if not parts or not int(parts[2]):
        return None
    repetition = int(parts[3] or parts[4] or 1)
    return Path(parts[1].upper(), int(parts[2]), int(parts[5] or 0), repetition=max(repetition, 1))


def _tag(said: str) -> int | None:
    """The tag of a keyword, or of a tag as people write it, `(0010,0030)`; None for anything else."""
    digits = re.fullmatch(r"\(?([0-9A-Fa-f]{4}),? ?([0-9A-Fa-f]{4})\)?", said)
    if digits:
        tag = int(digits[1] + digits[2], 16)
        return tag if keyword_for_tag(tag) else None
    return tag_for_keyword(said)


_ORDER = """\
import hl7

orders = [row for row in lab.trace.rows(protocol="HL7") if row.decoded.kind == "ORM^O01"]
message = hl7.parse(orders[0].decoded.raw.strip(b"\\x0b\\x1c\\r").decode("utf-8"))
pid = message.segment("PID")
"""

_IMAGE = """\
from pydicom import dcmread

study = lab.pacs.studies()[0]
path = lab.pacs.archive.instances(study.study_instance_uid)[11].path
image = dcmread(path)
"""


def _places(**changed: str) -> str:
    """The dictionary of exercise 3, with other lines in the place of some of its own."""
    lines = {
        "number": '"medical record number": ("PID-3.1", "PatientID")',
        "birth": '"birth date": ("PID-7", "PatientBirthDate")',
        "sex": '"sex": ("PID-8", "PatientSex")',
        "modality": '"modality": ("OBR-24", "Modality")',
        "reason": '"reason for the examination": ("OBR-31", "nowhere")',
        "rows": '"rows of pixels": ("nowhere", "Rows")',
    } | changed
    return "places = {\n" + "".join(f"    {line},\n" for line in lines.values()) + "}"


EXERCISES = (
    Exercise(
        id="01-e1",
        title="Read the account number out of the order",
        answer="account_number",
        check=_check_account_number,
        hints=(
            "Print pid[3]. The ~ separates its two repetitions; which of them ends in AN?",
            "It is the second one. Python calls it pid[3][1]; what you want is its first component.",
            'In pid[3][1][0] the last 0 is the first component; HL7 counts it as message["PID.F3.R2.C1"].',
        ),
        solution=f'{_ORDER}\naccount_number = message["PID.F3.R2.C1"]',
        mistakes=(
            Mistake(
                "first repetition", f"{_ORDER}account_number = str(pid[3][0][0])", "with MR in its fifth component"
            ),
            Mistake("whole field", f"{_ORDER}account_number = pid[3]", "with both repetitions"),
            Mistake("whole repetition", f"{_ORDER}account_number = pid[3][1]", "still has its components"),
            Mistake("other component", f"{_ORDER}account_number = pid[3][1][4]", "The number itself is component 1"),
            Mistake("visit number", f'{_ORDER}account_number = message["PV1.F19.R1.C1"]', "number of the visit"),
            Mistake("other", 'account_number = "A55120"', "look for the part that ends in AN"),
        ),
    ),
    Exercise(
        id="01-e2",
        title="Read the number of the step out of the image",
        answer="step_id",
        check=_check_step_id,
        hints=(
            "The element is inside an item, and the item is inside image.RequestAttributesSequence.",
            "Take the first item of the sequence with [0], then name the element after a point.",
            "It has the form image.TheSequence[0].TheElement, with the keywords of the question.",
        ),
        solution=f"{_IMAGE}\nstep_id = image.RequestAttributesSequence[0].ScheduledProcedureStepID",
        mistakes=(
            Mistake("procedure id", f"{_IMAGE}step_id = image.StudyID", "is RequestedProcedureID"),
            Mistake("sequence", f"{_IMAGE}step_id = image.RequestAttributesSequence", "a list of items"),
            Mistake("item", f"{_IMAGE}step_id = image.RequestAttributesSequence[0]", "data set with many elements"),
            Mistake(
                "whole element",
                f'{_IMAGE}step_id = image.RequestAttributesSequence[0]["ScheduledProcedureStepID"]',
                "Write .value behind it",
            ),
            Mistake(
                "description",
                f"{_IMAGE}step_id = image.RequestAttributesSequence[0].ScheduledProcedureStepDescription",
                "says what the step is",
            ),
            Mistake("accession number", f"{_IMAGE}step_id = image.AccessionNumber", "has a number of its own"),
        ),
    ),
    Exercise(
        id="01-e3",
        title="Say where each fact stands",
        answer="places",
        check=_check_places,
        hints=(
            "Count the bars of PID up to the birth date: it is PID-7. Go on from there. For OBR, look at step 3.",
            "The sex is the field after the birth date. A keyword is the name of print(image), written together.",
            'The modality is ("OBR-24", "Modality"). Two facts stand in one of the two only: the other is "nowhere".',
        ),
        solution=_places(),
        mistakes=(
            Mistake("other field", _places(sex='"sex": ("PID-9", "PatientSex")'), "PID-9 is empty in the order"),
            Mistake("no path", _places(sex='"sex": ("PID8", "PatientSex")'), "is no HL7 path"),
            Mistake(
                "other element", _places(birth='"birth date": ("PID-7", "StudyDate")'), "StudyDate holds '20260302'"
            ),
            Mistake(
                "no keyword",
                _places(birth='"birth date": ("PID-7", "Patient\'s Birth Date")'),
                "is no DICOM keyword",
            ),
            Mistake("swapped", _places(modality='"modality": ("Modality", "OBR-24")'), "the HL7 path stands first"),
            Mistake(
                "not in the image",
                _places(reason='"reason for the examination": ("OBR-31", "StudyDescription")'),
                "no element of this image does",
            ),
            Mistake(
                "not in the order",
                _places(rows='"rows of pixels": ("OBR-4", "Rows")'),
                "sent before there was an image",
            ),
            Mistake(
                "told by the image", _places(modality='"modality": ("OBR-24", "nowhere")'), "the image does tell it"
            ),
        ),
    ),
)
