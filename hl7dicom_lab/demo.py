"""`hl7dicom-lab demo`: the whole path in the terminal, from the order to the report beside the images.

Every message that it prints went over a socket of this machine and is read back from the trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule

from hl7dicom_lab import story
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.trace import Row
from hl7dicom_lab.visible import visible

#: The keys of a worklist item that the demo shows; the lessons show them all.
_SHOWN = ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "RequestedProcedureDescription")


def run(picture: Path, console: Console | None = None) -> None:
    """Walk the path, print each message, and write the final screen to `picture` (PNG).

    Raises `LabError` where a step fails; the department is stopped in any case.
    """
    out = console or Console()
    with Lab() as lab:
        told = _Teller(lab, out)
        told.step("1  The EMR places the order", "ORM^O01 over MLLP. VT is ␋, FS is ␜, CR ends a segment.")
        (order,) = lab.emr.place(story.order())
        told.messages()

        told.step("2  The patient checks in", "ADT^A04: the step goes from SCHEDULED to ARRIVED.")
        lab.clock.advance_to(order.scheduled_for.replace(minute=12))
        lab.emr.check_in(story.PATIENT, story.VISIT)
        told.messages()

        told.step("3  The scanner asks who is next", "C-FIND on the Modality Worklist: station, modality, today.")
        lab.clock.advance_to(order.scheduled_for)
        (item,) = lab.modality.query()
        told.messages()
        told.item(item)

        told.step("4  The scanner acquires and tags", "Identity is copied from the worklist; UIDs and times are made.")
        images = lab.modality.examine(item)
        copied = [one for one in images[0].origins if not one.made]
        out.print(
            f"{len(images)} images; {len(copied)} attributes copied, {len(images[0].origins) - len(copied)} made."
        )

        told.step("5  The images go to the PACS", "C-STORE, one association for the series.")
        results = lab.modality.store(images)
        lab.ris.complete_step(item.AccessionNumber)
        told.messages(most=4)
        out.print(f"{sum(one.stored for one in results)} of {len(results)} images stored.")

        told.step("6  The radiologist reports", "ORU^R01 from the dictation system to EMR and PACS.")
        study = lab.pacs.archive.find_study(accession_number=item.AccessionNumber)
        report = lab.dictation.dictate(study, story.REPORT_TEXT, order=order)
        lab.dictation.send(report)
        told.messages()

        told.step(
            "7  The report stands beside the images", "Attached because patient, accession number and study agree."
        )
        screen = lab.pacs.open_study(item.AccessionNumber)
        out.print(escape(str(screen)), highlight=False, soft_wrap=True)
        screen.save(picture)
        out.print(f"\nThe screen as a picture: [bold]{escape(str(picture))}[/bold]", highlight=False, soft_wrap=True)


class _Teller:
    """Prints what is new in the trace."""

    def __init__(self, lab: Lab, out: Console) -> None:
        self._lab = lab
        self._out = out
        self._told = 0

    def step(self, title: str, what: str) -> None:
        """The heading of a step."""
        self._out.print()
        self._out.print(Rule(f"[bold]{title}[/bold]", align="left"))
        self._out.print(what, style="italic")

    def messages(self, most: int | None = None) -> None:
        """Each message since the last call; of more than `most`, the first ones and the last."""
        rows = [row for row in self._lab.trace.rows() if row.decoded.event.number > self._told]
        self._told = max((row.decoded.event.number for row in self._lab.trace.rows()), default=self._told)
        shown = rows if most is None or len(rows) <= most + 2 else [*rows[:most], None, *rows[-2:]]
        for row in shown:
            if row is None:
                self._out.print(f"   ... {len(rows) - (most or 0) - 2} more like these ...", style="dim")
            else:
                self._message(row)

    def _message(self, row: Row) -> None:
        head = f"{row.time:%H:%M:%S} {row.sender} -> {row.receiver}  {row.decoded.kind}"
        self._out.print(escape(visible(head)), style="bold cyan", highlight=False, soft_wrap=True)
        if row.protocol == "HL7":
            for line in _framed_lines(row.decoded.raw):
                self._out.print(f"   {escape(line)}", highlight=False, soft_wrap=True)
        else:
            self._out.print(f"   {escape(visible(row.decoded.summary))}", highlight=False, soft_wrap=True)

    def item(self, item: Dataset) -> None:
        """The worklist's answer in short."""
        step = item.ScheduledProcedureStepSequence[0]
        self._out.print("The answer:", highlight=False, soft_wrap=True)
        for keyword in _SHOWN:
            self._out.print(
                f"   {keyword}: {escape(visible(str(item[keyword].value)))}", highlight=False, soft_wrap=True
            )
        self._out.print(
            f"   ScheduledProcedureStepStatus: {step.ScheduledProcedureStepStatus}", highlight=False, soft_wrap=True
        )


def _framed_lines(raw: bytes) -> Iterator[str]:
    """A framed message as it is on the wire, a segment a line, its control bytes visible."""
    text = raw.decode("utf-8", "backslashreplace")
    for line in text.rstrip("\r").split("\r"):
        yield visible(line + "\r")
