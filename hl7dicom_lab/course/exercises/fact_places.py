"""The check of exercise 01-e3: where a fact stands in Elena Rivera's order and in her image.

What is right is read from the order that went over the wire (HL7 v2.3.1 chapter 3, PID) and from the image that the
PACS holds (DICOM PS3.3), never from a list. Rule: a place is right when the fact stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.hl7v2.message import Message, Path
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.verdict import Verdict, right, wrong

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


def check_places(lab: Lab, answer: Any) -> Verdict:
    """Each fact in turn; the first wrong one is told, with how many are right."""
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
    if fact.path != NOWHERE and said == order.get(fact.path):
        return wrong("value", f"{fact.name}: {said!r} is the value. Its place is asked for, such as PID-5.")
    if path is None or fact.path == NOWHERE:
        return _check_without_path(fact, said, path)
    wanted, field = Path.parse(fact.path), f"{path.segment}-{path.field}"
    segment = order.first(path.segment)
    if segment is None or (path.segment, path.field) != (wanted.segment, wanted.field):
        holds = order.raw(field)
        told = f"holds {holds!r} in the order" if holds else "is empty in the order"
        return wrong(
            "other field", f"{fact.name}: {field} {told}. Count the bars: field 1 stands behind the first bar."
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
    if fact.keyword != NOWHERE and said == str(header[fact.keyword].value):
        return wrong("value", f"{fact.name}: {said!r} is the value. Its keyword is asked for, in quotation marks.")
    if tag is None:
        return _check_without_keyword(fact, said)
    keyword = keyword_for_tag(tag)
    if fact.keyword == NOWHERE:
        return wrong("not in the image", f"{fact.name}: {keyword} does not tell it; no element of this image does.")
    if keyword == fact.keyword:
        return right(fact.name)
    holds = f"holds {str(header[tag].value)!r}, another fact" if tag in header else "does not stand in this image"
    return wrong("other element", f"{fact.name}: {keyword} {holds}. Look for it in the view of step 5, lab.look(path).")


def _check_without_keyword(fact: _Fact, said: str) -> Verdict:
    nowhere = said.casefold() == NOWHERE
    if nowhere and fact.keyword == NOWHERE:
        return right(fact.name)
    if nowhere:
        return wrong(
            "told by the image",
            f"{fact.name}: the image does tell it. Look for it in the view of step 5, lab.look(path).",
        )
    return wrong(
        "no keyword",
        f"{fact.name}: {said!r} is no DICOM keyword. Keywords are written together, with their capitals and without "
        "apostrophe, as in PatientName.",
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
