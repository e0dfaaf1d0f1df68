"""Every view of the department in every form, and what a form may never have in it.

HTML is read by Python's own parser, which knows nothing of how the views escape. The widgets draw text with
`textContent`, so of their state only the characters are looked at; tests/browser/ looks at them in a browser.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from hl7dicom_lab.course.certificate import Certificate
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import LabError
from hl7dicom_lab.lab import Lab

#: What commands a terminal, or moves and hides the text around it; of C0 only tab and line feed are left.
COMMANDS = frozenset(
    chr(code)
    for code in (
        *range(0x09),
        *range(0x0B, 0x20),
        *range(0x7F, 0xA0),
        0x061C,
        *range(0x200E, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
    )
)
#: What the payloads of the cases would make if they were taken for HTML: these elements, and attributes with this name.
SMUGGLED = "smuggled"
_NEVER = ("script", "iframe", "object", "link", "base", SMUGGLED)


@dataclass(frozen=True)
class Form:
    """One form of one view. `shown` is the text that a person reads."""

    name: str
    shown: str
    faults: tuple[str, ...]


def every_form(lab: Lab, accession_number: str, name: str) -> Iterator[Form]:
    """All views of one examination whose patient has this name, each as text, HTML, state and picture."""
    for what, make in _views(lab, accession_number, name).items():
        try:
            view = make()
        except LabError as error:
            yield _text(f"{what}: {type(error).__name__}", str(error))
            continue
        yield _text(what, str(view))
        yield _text(f"{what}, repr", repr(view))
        yield read_html(what, view._repr_html_())
        if hasattr(view, "state"):
            yield _state(what, view.state())
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "timeline.svg"
        lab.timeline().save(picture)
        yield read_html("timeline, SVG", picture.read_text(encoding="utf-8"))


def _views(lab: Lab, accession_number: str, name: str) -> dict[str, Callable[[], Any]]:
    found: dict[str, Callable[[], Any]] = {
        "trace": lab.trace.show,
        "trace, all": lambda: lab.trace.show(details=True, raw=True),
        "timeline": lab.timeline,
        "map": lambda: lab.map(accession_number),
        "study": lambda: lab.pacs.open_study(accession_number),
        "two studies": lambda: lab.pacs.open_study(accession_number, beside=accession_number),
        "reconciliation": lab.reconcile,
        "explanation": lambda: lab.ris.explain(PatientName=name),
        "certificate": lambda: Certificate.of(name, Progress(None)),
        # errors that quote what they were given
        "no study": lambda: lab.pacs.open_study(name),
        "no step": lambda: lab.ris.step(name),
        "no map": lambda: lab.map(name),
        "no file": lambda: lab.look(name),
    }
    for row in lab.trace.rows(protocol="HL7"):
        if row.decoded.raw and not row.decoded.kind.startswith("ACK"):
            found[f"message {row.decoded.event.number}"] = lambda row=row: lab.look(row)
            found[f"messages {row.decoded.event.number}"] = lambda row=row: lab.compare(row, row)
    for study in lab.pacs.archive.studies(accession_number=accession_number):
        for one in lab.pacs.archive.instances(study.study_instance_uid):
            found["image"] = lambda path=one.path: lab.look(path)
            found["images"] = lambda path=one.path: lab.compare(path, path)
    return found


def _text(what: str, text: str) -> Form:
    return Form(f"{what}, text", text, tuple(_commands(text)))


def _state(what: str, state: Mapping[str, Any]) -> Form:
    texts = list(_strings(state))
    return Form(f"{what}, state", "\n".join(texts), tuple(fault for text in texts for fault in _commands(text)))


def _commands(text: str) -> Iterator[str]:
    found = COMMANDS.intersection(text)
    if found:
        line = next(line for line in text.split("\n") if COMMANDS.intersection(line))
        yield f"{sorted(map(ascii, found))} in {line[:120]!a}"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _strings(key)
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


class _Page(HTMLParser):
    """What is in a page: the text, and what should not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NEVER:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or SMUGGLED in name or (value or "").strip().startswith("javascript:"):
                self.faults.append(f"<{tag} {name}>")
            if name == "src" and not (value or "").startswith("data:image/"):
                self.faults.append(f"<{tag} src={value}>")
            self.faults += _commands(value or "")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        self.faults += _commands(data)


def read_html(what: str, page: str) -> Form:
    """HTML or SVG as a browser would read it."""
    reader = _Page()
    reader.feed(page)
    reader.close()
    return Form(f"{what}, HTML", "".join(reader.texts), tuple(reader.faults))
