"""Make the sample messages anew: `python data/messages/make.py`. The same bytes each time.

The good ones are built as the systems of the lab build them. The faulty ones are good ones with one thing wrong,
changed byte by byte, because the builders refuse to make them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from hl7dicom_lab import story
from hl7dicom_lab.clock import CLASS_START, Mint
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import orders
from hl7dicom_lab.hl7v2.acknowledge import Answerer, build
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.mapping.report_to_oru import report_to_oru
from hl7dicom_lab.model import (
    Identifier,
    ImagingOrder,
    OrderControl,
    Patient,
    PersonName,
    Report,
    ReportStatus,
)

HERE = Path(__file__).parent

#: What the RIS of a fresh department gives to the first order that it gets.
ACCESSION_NUMBER, STUDY_INSTANCE_UID = "NG000001", Mint().uid("study")

NUNEZ = Patient(Identifier("NG-100301", story.ISSUER), PersonName("Núñez", "Ana", prefix="Dr"), "19710203", "F")
YAMADA = Patient(
    Identifier("NG-100302", story.ISSUER),
    PersonName("Yamada", "Tarou", ideographic="山田^太郎", phonetic="やまだ^たろう"),
    "19650512",
    "M",
)
IVANOV = Patient(Identifier("NG-100303", story.ISSUER), PersonName("Иванов", "Пётр"), "19580930", "M")
LIND = Patient(Identifier("NG-100304", story.ISSUER), PersonName("Lind", "Karin", suffix="Jr"), "20010101", "F")


class Series:
    """Numbers the messages: file name, control id and time go together."""

    def __init__(self) -> None:
        self.number = 0

    def envelope(self, sender: str = story.EMR, receiver: str = story.RIS, charset: str = "UNICODE UTF-8") -> Envelope:
        """The header of the next message."""
        self.number += 1
        moment = CLASS_START + timedelta(minutes=self.number)
        control_id = f"SAMPLE{self.number:02d}"
        return Envelope(sender, story.FACILITY, receiver, story.FACILITY, moment, control_id, character_set=charset)


def order(number: int, patient: Patient = story.PATIENT) -> ImagingOrder:
    """The MRI of the story under a placer order number of its own, for one of Northgate's patients."""
    visit = replace(story.VISIT, number=Identifier(f"V-2026-{9000 + number}", story.ISSUER, "VN"))
    return replace(story.order(f"S{number:04d}"), patient=patient, visit=visit)


def report(status: ReportStatus, text: str, minute: int) -> Report:
    """A report on the first examination."""
    return Report(
        patient_id=story.PATIENT.identifier.value,
        issuer_of_patient_id=story.ISSUER,
        patient_name="Rivera^Elena^Maria^Ms",
        accession_number=ACCESSION_NUMBER,
        study_instance_uid=STUDY_INSTANCE_UID,
        status=status,
        text=text,
        placer_order_number="S0001",
        procedure=story.MRI_BRAIN,
        observed_at="20260302093000",
        status_changed_at=f"202603021000{minute:02d}",
        signed_by="Lindqvist^Per^^Dr",
        requested_by="Okafor^Ngozi^^Dr",
    )


def good(series: Series) -> Iterator[tuple[str, bytes]]:
    """Messages of every kind, as they should be."""
    new, change, cancel, discontinue = OrderControl
    first = order(1)
    yield "order", orders.orm(series.envelope(), new, [first])
    moved = replace(first, scheduled_for=datetime(2026, 3, 2, 11, 0), priority="S", reason="Headache, getting worse")
    yield "change", orders.orm(series.envelope(), change, [moved])
    yield "check_in", orders.adt(series.envelope(), "A04", first.patient, first.visit)
    married = replace(first.patient, name=PersonName("Rivera-Lind", "Elena", "Maria", prefix="Ms"))
    yield "patient_update", orders.adt(series.envelope(), "A08", married, first.visit)
    chest = replace(order(3, LIND), procedure=story.CT_CHEST, protocol=None, modality="CT")
    yield "two_orders", orders.orm(series.envelope(), new, [order(2, LIND), chest])
    yield "cancel", orders.orm(series.envelope(), cancel, [order(2, LIND)], "CA")
    yield "discontinue", orders.orm(series.envelope(), discontinue, [chest], "DC")
    yield "order_version_2_5_1", orders.omi(series.envelope(), new, [order(4, LIND)])
    yield "latin_1", orders.orm(series.envelope(charset="8859/1"), new, [order(5, NUNEZ)])
    yield "cyrillic", orders.orm(series.envelope(charset="8859/5"), new, [order(6, IVANOV)])
    yield "japanese", orders.orm(series.envelope(), new, [order(7, YAMADA)])
    yield "japanese_iso_2022", orders.orm(series.envelope(charset="~ISO IR87"), new, [order(8, YAMADA)])
    yield "enhanced_mode", put(orders.orm(series.envelope(), new, [order(9)]), "MSH-15", "AL")
    for status, minute, text in (
        (ReportStatus.PRELIMINARY, 1, "IMPRESSION: Probably normal."),
        (ReportStatus.FINAL, 2, story.REPORT_TEXT),
        (ReportStatus.CORRECTED, 3, f"{story.REPORT_TEXT}\n\nADDENDUM: Compared with the images of 2024: unchanged."),
    ):
        envelope = series.envelope(story.DICTATION, story.PACS)
        yield f"report_{status.name.lower()}", report_to_oru(envelope, report(status, text, minute))
    envelope = series.envelope(story.DICTATION, story.PACS)
    yield "report_late", report_to_oru(envelope, report(ReportStatus.PRELIMINARY, "IMPRESSION: Still open.", 0))
    elsewhere = replace(report(ReportStatus.FINAL, "IMPRESSION: Normal.", 4), accession_number="NG999999")
    envelope = series.envelope(story.DICTATION, story.PACS)
    yield "report_without_images", report_to_oru(envelope, replace(elsewhere, study_instance_uid=""))


def answers(series: Series, answered: bytes) -> Iterator[tuple[str, bytes]]:
    """What a RIS says: yes, no to the content, no to the message as such."""
    sex = Hl7Fault("sex 'Z' is not in table 0001", code=103, where="PID-8", next_step="send one of: M, F, O, U, A, N")
    kind = Hl7Fault(
        "this system does not process ZZZ", code=200, where="MSH-9.1", next_step="send one of: ADT, OMI, ORM"
    )
    for code, text, fault in (("AA", "1 step scheduled", None), ("AE", str(sex), sex), ("AR", str(kind), kind)):
        envelope = series.envelope()
        answer = build(
            answered,
            code,
            text,
            answerer=Answerer(story.RIS, story.FACILITY),
            moment=envelope.moment,
            control_id=envelope.control_id,
            fault=fault,
        )
        yield f"answer_{code.lower()}", answer


def faulty(series: Series) -> Iterator[tuple[str, bytes]]:
    """Orders with one thing wrong."""
    numbers = iter(range(20, 100))

    def new(patient: Patient = LIND) -> bytes:
        return orders.orm(series.envelope(), OrderControl.NEW, [order(next(numbers), patient)])

    yield "small_letters", new().replace(b"MSH|", b"msh|", 1)
    yield "byte_order_mark", b"\xef\xbb\xbf" + new()
    yield "no_header", new().split(b"\r", 1)[1]
    yield "shifted_header", new().replace(b"||ORM", b"|ORM", 1)
    yield "unknown_type", put(new(), "MSH-9", "ZZZ^Z01")
    yield "unknown_event", put(new(), "MSH-9", "ORM^O99")
    yield "processing_id", put(new(), "MSH-11", "X")
    yield "version", put(new(), "MSH-12", "9.9")
    yield "no_control_id", put(new(), "MSH-10", "")
    yield "other_separators", new().translate(bytes.maketrans(b"|^~\\&", b"#*@!%"))
    yield "line_feeds", new().replace(b"\r", b"\n")
    yield "no_patient", without(new(), "PID")
    yield "no_patient_identifier", put(new(), "PID-3", "")
    yield "impossible_date", put(new(), "PID-7", "20010230")
    yield "unknown_sex", put(new(), "PID-8", "Z")
    yield "long_accession_number", put(new(), "OBR-18", "NORTHGATE-2026-0001")
    yield "accession_number_one_field_too_far", put(new(), "OBR-19", "NG200001")
    yield "escapes", put(new(), "OBR-31", r"^Fall \T\ headache, 3 \F\ 4 days \X28\right\X29\ since then")
    null = orders.orm(series.envelope(), OrderControl.CHANGE, [order(1)])
    yield "null_deletes", put(null, "OBR-31", '""')
    yield "bytes_outside_the_character_set", put(new(NUNEZ).decode().encode("latin-1"), "MSH-18", "")
    yield "unknown_character_set", put(new(), "MSH-18", "KLINGON")
    yield "no_answer_wanted", put(put(new(), "MSH-15", "NE"), "MSH-16", "NE")
    yield "batch", b"BHS|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE\r" + new() + new() + b"BTS|2\r"


def put(body: bytes, path: str, value: str) -> bytes:
    """The message with raw text in a field of the first segment of that name."""
    name, number = path.split("-")
    lines = body.split(b"\r")
    at = next(place for place, line in enumerate(lines) if line.startswith(name.encode()))
    fields = lines[at].split(b"|")
    place = int(number) - (name == "MSH")
    fields += [b""] * (place + 1 - len(fields))
    fields[place] = value.encode()
    lines[at] = b"|".join(fields)
    return b"\r".join(lines)


def without(body: bytes, name: str) -> bytes:
    """The message without the segments of a name."""
    return b"\r".join(line for line in body.split(b"\r") if not line.startswith(name.encode()))


def every() -> Iterator[tuple[str, bytes]]:
    """File names and contents, in the order in which they are to be sent."""
    series = Series()
    answered = orders.orm(Series().envelope(), OrderControl.NEW, [order(1)])
    messages = chain(good(series), answers(series, answered), faulty(series))
    for number, (name, body) in enumerate(messages, 1):
        yield f"{number:02d}_{name}.hl7", body


def main() -> None:
    """Write the files."""
    for old in HERE.glob("*.hl7"):
        old.unlink()
    for name, body in every():
        (HERE / name).write_bytes(body)
        print(name)


if __name__ == "__main__":
    main()
