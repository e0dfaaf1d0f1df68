"""Lesson 00: the practice exercise. It teaches how an exercise works, with a number read from an output."""

from __future__ import annotations

from typing import Any

from hl7dicom_lab import story
from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.verdict import Verdict, right, wrong


def _check_practice(lab: Lab, answer: Any) -> Verdict:
    steps = [one for one in lab.ris.steps() if one.patient_id == story.PATIENT.identifier.value]
    if not steps:
        return wrong(
            "no order yet",
            "The RIS has no order for Elena Rivera yet. Run the cell that sends the order, then this one again.",
        )
    if isinstance(answer, str):
        answer = answer.strip()
    if answer in [one.accession_number for one in steps]:  # more than one where the order was sent more than once
        return right(f"The RIS knows the examination as {answer}. From here on, images and report carry this number.")
    if answer in [one.placer_order_number for one in steps]:
        return wrong(
            "placer order number",
            f"{answer} is the placer order number: the EMR's own number. The accession number comes from the RIS and "
            "begins with NG.",
        )
    if answer == steps[0].patient_id:
        return wrong("patient id", f"{answer} is the patient's number. The accession number names one examination.")
    return wrong(
        "other",
        f"The RIS holds no accession number {answer!r}. In step 2 the number stands at the beginning of the line below "
        "lab.ris.steps(). Copy it exactly, and put quotation marks around it.",
    )


EXERCISES = (
    Exercise(
        id="00-e1",
        title="Practice: name the accession number",
        answer="accession_number",
        check=_check_practice,
        hints=(
            "Go back to step 2, to the cell with lab.ris.steps(), and look at the line that it printed.",
            "It is the first word of that line and begins with NG. Copy it, and put quotation marks around it.",
            'Write accession_number = "NG000001".',
        ),
        solution='accession_number = "NG000001"',
        mistakes=(
            Mistake("placer order number", 'accession_number = "P00001"', "the EMR's own number"),
            Mistake("patient id", 'accession_number = "NG-100237"', "names one examination"),
            Mistake("other", 'accession_number = "NG1"', "quotation marks"),
        ),
        before="from hl7dicom_lab import story\nlab.emr.place(story.order())",
    ),
)
