"""Lesson 01: a field of an HL7 message, an element of a DICOM file, and where each fact stands in both.

Rule: what is right is read from the order that went over the wire (HL7 v2.3.1 chapter 3, PID) and from the image that
the PACS holds (DICOM PS3.3), never from a list. fact_places.py has the check of the third exercise.
"""

from __future__ import annotations

import re
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.exercises.fact_places import check_places, image_header, order_message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.verdict import Verdict, right, wrong


def _check_account_number(lab: Lab, answer: Any) -> Verdict:
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer).strip()
    if isinstance(answer, str) and re.fullmatch(r"(pid|message)\[.*\]|PID[-.].+", said):
        return _quoted(said)
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


def _quoted(said: str) -> Verdict:
    """In quotation marks Python takes a text as it is, and does not look into message or image."""
    return wrong(
        "quoted",
        f"This is the text {said} itself. It says where the value stands; the value is wanted. Take the quotation "
        "marks away, or put the path into message[...].",
    )


def _check_step_id(lab: Lab, answer: Any) -> Verdict:
    if isinstance(answer, str) and re.fullmatch(r"(image|item)\W.*|[A-Z]\w*(Sequence|ID)\b.*", answer.strip()):
        return wrong(
            "quoted",
            f"This is the text {answer.strip()} itself, and the value that stands there is wanted. Write it without "
            "quotation marks, beginning with image and a point.",
        )
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
            Mistake("quoted", 'account_number = "PID.F3.R2.C1"', "put the path into message"),
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
            Mistake("quoted", 'step_id = "image.ScheduledProcedureStepID"', "beginning with image and a point"),
            Mistake("accession number", f"{_IMAGE}step_id = image.AccessionNumber", "has a number of its own"),
        ),
    ),
    Exercise(
        id="01-e3",
        title="Say where each fact stands",
        answer="places",
        check=check_places,
        hints=(
            "Count the bars of PID up to the birth date: it is PID-7. Go on from there. For OBR, look at step 3.",
            "The sex is the field after the birth date. The keywords stand in the view of step 5, column Name.",
            'The modality is ("OBR-24", "Modality"). Two facts stand in one of the two only: the other is "nowhere".',
        ),
        solution=_places(),
        mistakes=(
            Mistake("other field", _places(sex='"sex": ("PID-9", "PatientSex")'), "PID-9 is empty in the order"),
            Mistake("value", _places(modality='"modality": ("OBR-24", "MR")'), "Its keyword is asked for"),
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
