"""Messages for the wire tests, as text with numbered fields: written by hand, not by the package's builders.

    order().put("PID-8", "Z").bytes()          an ORM^O01 with an impossible sex
    order("OMI").put("IPC-1", "A1").bytes()    an OMI^O23 with an accession number

Every message has a control id of its own and every order a placer number of its own.
"""

from __future__ import annotations

import itertools
import re
from typing import Self

_control_ids = itertools.count(1)
_order_numbers = itertools.count(1)

_HEADER = r"MSH|^~\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080000||%s|%s|P|%s||||||UNICODE UTF-8"
_PATIENT = """\
PID|1||NG-100237^^^NORTHGATE^MR||Rivera^Elena^Maria^^Ms||19840617|F
PV1|1|O|IMAGING^WAITING^1||||||||||||||||V-2026-0412^^^NORTHGATE^VN"""
_ORM = """\
ORC|NW|%s|||||^^^20260302093000^^R||20260302080000
OBR|1|%s||70551^MRI brain without contrast^C4||||||||||||||||||||MR|||^^^20260302093000^^R||||^Headache"""
_REPORT = r"""
PID|1||NG-100237^^^NORTHGATE^MR||Rivera^Elena^Maria^^Ms
OBR|1|||70551^MRI brain without contrast^C4|||20260302093000|||||||||||||||20260302101500|||F
OBX|1|FT|18748-4^Diagnostic imaging study^LN||Normal.||||||F"""
_OMI = """\
ORC|NW|%s|||||||20260302080000
TQ1|1||||||20260302093000||R
OBR|1|%s||70551^MRI brain without contrast^C4|||||||||||||||||||||||||||^Headache
IPC|||||MR|BRAIN-T1^Brain T1 axial^99NORTHGATE"""

#: Where an ORM^O01 and an OMI^O23 say the same.
ACCESSION = {"ORM": "OBR-18", "OMI": "IPC-1"}
PROCEDURE_ID = {"ORM": "OBR-19", "OMI": "IPC-2"}
STUDY = {"ORM": "ZDS-1", "OMI": "IPC-3"}
STEP_ID = {"ORM": "OBR-20", "OMI": "IPC-4"}


def new_control_id() -> str:
    return f"T{next(_control_ids):05d}"


class Hl7Text:
    """A message by its lines. `put` changes it and returns it."""

    def __init__(self, *lines: str) -> None:
        self.lines = [line for block in lines for line in block.splitlines()]

    def put(self, path: str, value: str) -> Self:
        """Put raw text into a field, `PID-3` or `OBR[2]-18`; a segment that is not there is added at the end."""
        name, occurrence, number = _parts(path)
        found = [index for index, line in enumerate(self.lines) if line[:3] == name]
        if occurrence > len(found):
            self.lines.append(name)
            found.append(len(self.lines) - 1)
        fields = self.lines[found[occurrence - 1]].split("|")
        place = number - 1 if name == "MSH" else number
        fields += [""] * (place + 1 - len(fields))
        fields[place] = value
        self.lines[found[occurrence - 1]] = "|".join(fields)
        return self

    def get(self, path: str) -> str:
        """A field as it stands."""
        name, occurrence, number = _parts(path)
        line = [line for line in self.lines if line[:3] == name][occurrence - 1]
        return line.split("|")[number - 1 if name == "MSH" else number]

    def add(self, *lines: str) -> Self:
        self.lines += [line for block in lines for line in block.splitlines()]
        return self

    def without(self, name: str) -> Self:
        self.lines = [line for line in self.lines if line[:3] != name]
        return self

    def anew(self) -> Hl7Text:
        """The same message under a new control id."""
        return Hl7Text(*self.lines).put("MSH-10", new_control_id())

    @property
    def control_id(self) -> str:
        return self.get("MSH-10")

    @property
    def placer(self) -> str:
        return self.get("ORC-2")

    def bytes(self, codec: str = "utf-8", end: str = "\r") -> bytes:
        return "".join(line + end for line in self.lines).encode(codec)


def _parts(path: str) -> tuple[str, int, int]:
    found = re.fullmatch(r"(\w{3})(?:\[(\d)\])?-(\d+)", path)
    assert found is not None, path
    return found[1], int(found[2] or 1), int(found[3])


def header(kind: str, version: str = "2.3.1") -> str:
    return _HEADER % (kind, new_control_id(), version)


def order(kind: str = "ORM", control: str = "NW", placer: str = "") -> Hl7Text:
    """One order: an ORM^O01 of version 2.3.1, or an OMI^O23 of version 2.5.1."""
    begin = header("ORM^O01") if kind == "ORM" else header("OMI^O23^OMI_O23", "2.5.1")
    return Hl7Text(begin, _PATIENT, group(kind, placer)).put("ORC-1", control)


def group(kind: str = "ORM", placer: str = "") -> str:
    """The segments of one more order in the same message."""
    number = placer or f"P{next(_order_numbers):05d}"
    return (_ORM if kind == "ORM" else _OMI) % (number, number)


def adt(event: str = "A04") -> Hl7Text:
    """A patient's arrival, or another event of the patient."""
    return Hl7Text(header(f"ADT^{event}"), f"EVN|{event}|20260302091500", _PATIENT)


def report(receiver: str = "PACS") -> Hl7Text:
    """A final report without the keys of a study."""
    begin = Hl7Text(header("ORU^R01"), _REPORT.lstrip())
    return begin.put("MSH-3", "DICTATION").put("MSH-5", receiver).put("OBR-32", "&Lindqvist&Per")
