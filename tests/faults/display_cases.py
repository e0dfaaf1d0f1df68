"""Rows 96 to 98 of the list of faults: text that wants to be more than text, and names in several writings.

Each case sends it by every way into the department: the name in an order, in an image and in a report, and the names
by which a stranger calls himself. Then every view is looked at in every form. What HL7 does not allow in a text is
refused there and comes with the image alone.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dicom_bytes as dicom
from answers import ask, speak
from case import Case
from dicom_answers import answer
from every_view import COMMANDS, SMUGGLED, every_form, read_html
from hl7_text import Hl7Text, order, report
from image_bytes import ACCESSION, MR_IMAGE, PATIENT_ID, PATIENT_NAME, ROOT, element, image, store

if TYPE_CHECKING:
    from department import Department

_numbers = itertools.count(1)
_PATIENT = "NG-100237"  # of the messages in hl7_text.py
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "^", "&": "\\T\\", "~": "\\R\\"}
_OWN_LINE = "FAKED"  # what a line break in a name wants to have
_TAKEN = "order AA, image C-STORE-RSP 0x0000, report AA"
_IMAGE_ONLY = "order AE 102 at PID-5, image C-STORE-RSP 0x0000, report AE 102 at PID-5"


@dataclass(frozen=True)
class Shown:
    """A name that is sent, and what of it every form has to show that shows the patient's name at all."""

    name: str
    whole: tuple[str, ...]
    hl7: str = ""  # PID-5, where it is not the name with its separators escaped

    def __call__(self, department: Department) -> str:
        accession = f"SHOWN-{next(_numbers)}"
        told = ", ".join(self._send(department, accession))
        forms = list(every_form(department.lab, accession, self.name))
        faults = {form.name: form.faults for form in forms if form.faults}
        assert not faults, faults
        _check_the_check(self.name)
        for what in ("study, text", "study, HTML", "image, text", "image, HTML", "map, text", "map, HTML"):
            (form,) = (one for one in forms if one.name == what)
            assert all(part in form.shown for part in self.whole), (what, self.whole, form.shown)
            assert not any(line.lstrip().startswith(_OWN_LINE) for line in form.shown.split("\n"))
        return told

    def _send(self, department: Department, accession: str) -> list[str]:
        name = self.hl7 or "".join(_ESCAPES.get(one, one) for one in self.name)
        _from_a_stranger(department, name)
        return [
            f"order {_sent(department, order(), name, accession, 'orders')}",
            f"image {_stored(department, self.name, accession)}",
            f"report {_sent(department, report('PACS'), name, accession, 'reports')}",
        ]


def _sent(department: Department, message: Hl7Text, name: str, accession: str, to: str) -> str:
    message.put("PID-5", name).put("OBR-18", accession)
    return ask(department, message.put("OBX-5", name) if to == "reports" else message.put("OBR-31", f"^{name}"), to=to)


def _stored(department: Department, name: str, accession: str) -> str:
    """An image of the order's patient, with the name also as a description and in a private element."""
    study = f"{ROOT}.96{accession.rpartition('-')[2]}"
    names = {
        0x00080005: element(0x00080005, "CS", "ISO_IR 192"),
        0x00081030: element(0x00081030, "LO", name),
        0x00090010: element(0x00090010, "LO", name),
        PATIENT_NAME: element(PATIENT_NAME, "PN", name),
        PATIENT_ID: element(PATIENT_ID, "LO", _PATIENT),
        ACCESSION: element(ACCESSION, "SH", accession),
    }
    return store(department, image(f"{study}.1", names), command=dicom.store_rq(MR_IMAGE, f"{study}.1"))


def _from_a_stranger(department: Department, name: str) -> None:
    """The name as MSH-3 and MSH-10 of a message, and as the AE title of an association; none is welcome."""
    header = order().put("MSH-3", name).put("MSH-4", name).put("MSH-10", name).put("PID-8", name)
    speak(department, b"\x0b" + header.bytes() + b"\x1c\r")
    title = name.encode("ascii", "replace")[:16]
    with department.connect("storage") as peer:
        peer.sendall(dicom.associate_rq(called="NOBODY", calling=title))
        answer(peer)


def _check_the_check(name: str) -> None:
    """A form that escapes nothing would be noticed."""
    is_harmless = "<" not in name and not COMMANDS.intersection(name)
    assert is_harmless or read_html("unescaped", f'<p title="{name}">{name}</p>').faults


_SCRIPT = Shown("<script>alert(1)</script>^Eve", ("<script>alert(1)</script>",))
_BROKEN_OUT = Shown(f"\"'><{SMUGGLED} on{SMUGGLED}=1>^Eve", (f"\"'><{SMUGGLED} on{SMUGGLED}=1>",))
_ENTITIES = Shown(f"A&B&lt;</title></style></svg><{SMUGGLED}>^Eve", ("A&B&lt;</title>",))
_CONTROLS = Shown(f"A\x1b[31mB\x00C\x07\x9b1mD\x85E\n{_OWN_LINE}^Eve", ("A␛[31mB␀C␇", _OWN_LINE))
_TURNED = Shown("A\u202eB\u2066C\u2028D\ufeffE^Eve", ("A\ufffdB\ufffdC\ufffdD\ufffdE",))
_THREE_WRITINGS = Shown(
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ("Yamada", "Tarou", "山田", "太郎", "やまだ", "たろう"),
    hl7="Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P",
)

CASES = (
    Case(96, "<script> in a patient's name", _TAKEN, _SCRIPT, changes=True,
         untraced="it is a text like any other; every view shows it as text"),
    Case(96, "a patient's name that breaks out of an attribute", _TAKEN, _BROKEN_OUT, changes=True,
         untraced="it is a text like any other; every view shows it as text"),
    Case(96, "entities and end tags in a patient's name", _TAKEN, _ENTITIES, changes=True,
         untraced="it is a text like any other; every view shows it as text"),
    Case(97, "line breaks, ESC, NUL and other control characters in a patient's name", _IMAGE_ONLY, _CONTROLS,
         changes=True, trace="is not in the declared character set"),
    Case(97, "characters that turn the direction of the text in a patient's name", _TAKEN, _TURNED, changes=True,
         untraced="it is a text like any other; every view shows these characters as symbols"),
    Case(98, "a patient's name in three writings", _TAKEN, _THREE_WRITINGS, changes=True, untraced="nothing is wrong"),
)  # fmt: skip
