"""The things of the department as frozen values: who, what was ordered, what is scheduled, stored, reported.

Rule: layers hand each other these values and nothing looser. Every text is decoded (no HL7 escapes, no padding);
an empty string means "not known". Names follow HL7 and DICOM: `placer_order_number` is ORC-2, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True)
class Identifier:
    """A patient's or a visit's identifier with who issued it (HL7 CX; DICOM PatientID with IssuerOfPatientID)."""

    value: str
    issuer: str = ""
    type_code: str = "MR"  # HL7 table 0203: MR medical record number, AN account number, ...


@dataclass(frozen=True)
class PersonName:
    """A person's name by its parts; `ideographic` and `phonetic` are other writings in DICOM PN form."""

    family: str
    given: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""
    ideographic: str = ""
    phonetic: str = ""

    def __str__(self) -> str:
        before = f"{self.prefix} " if self.prefix else ""
        after = f" {self.suffix}" if self.suffix else ""
        given = " ".join(part for part in (self.given, self.middle) if part)
        return f"{before}{self.family}{', ' if given else ''}{given}{after}"


@dataclass(frozen=True)
class Person:
    """A member of staff (HL7 XCN): an identifier and a name."""

    identifier: str
    name: PersonName


@dataclass(frozen=True)
class CodedEntry:
    """A code, what it means, and whose code it is (HL7 CE; DICOM code sequence item, PS3.3 section 8)."""

    value: str
    meaning: str
    scheme: str


@dataclass(frozen=True)
class Patient:
    """Who the examination is for (PID)."""

    identifier: Identifier
    name: PersonName
    birth_date: str = ""  # YYYYMMDD
    sex: str = ""  # HL7 table 0001
    address: str = ""  # HL7 XAD without escapes: street^^city^state^zip
    other_identifiers: tuple[Identifier, ...] = ()
    weight_kg: float | None = None
    height_m: float | None = None
    allergies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Visit:
    """Why the patient is in the building (PV1)."""

    number: Identifier = Identifier("", type_code="VN")
    location: str = ""
    patient_class: str = "O"  # HL7 table 0004: O outpatient
    referring_physician: Person | None = None


class OrderControl(StrEnum):
    """ORC-1, HL7 table 0119: what the placer wants done with the order."""

    NEW = "NW"
    CHANGE = "XO"
    CANCEL = "CA"
    DISCONTINUE = "DC"


class StepStatus(StrEnum):
    """Where a scheduled procedure step stands (0040,0020).

    SCHEDULED, ARRIVED and STARTED are defined terms of PS3.3 C.4.10; the last three are the order filler's own, and
    never reach a scanner, because such a step leaves the worklist.
    """

    SCHEDULED = "SCHEDULED"
    ARRIVED = "ARRIVED"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    DISCONTINUED = "DISCONTINUED"

    @property
    def on_worklist(self) -> bool:
        """Whether a scanner still sees the step."""
        return self in (StepStatus.SCHEDULED, StepStatus.ARRIVED, StepStatus.STARTED)


@dataclass(frozen=True)
class ImagingOrder:
    """What the EMR (Order Placer) asks for. The order filler completes it with its own identifiers."""

    patient: Patient
    placer_order_number: str
    procedure: CodedEntry
    modality: str
    scheduled_for: datetime
    visit: Visit = Visit()
    priority: str = "R"  # HL7 table 0485 (ORC-7.6, TQ1-9): S, A, R, P, C, T
    reason: str = ""
    ordering_provider: Person | None = None
    accession_number: str = ""
    requested_procedure_id: str = ""
    scheduled_procedure_step_id: str = ""
    study_instance_uid: str = ""
    filler_order_number: str = ""
    protocol: CodedEntry | None = None
    comment: str = ""
    danger_code: str = ""
    transport: str = ""


@dataclass(frozen=True)
class Origin:
    """Where one value came from: the provenance that views and lessons show.

    `attribute` is a path of DICOM keywords (`ScheduledProcedureStepSequence.Modality`) or an HL7 path; `source` is an
    HL7 path, a keyword path, or who made the value ("made by the order filler", "station table").
    """

    attribute: str
    value: str
    source: str
    source_value: str = ""
    rule: str = "copied"

    @property
    def made(self) -> bool:
        """Whether a system made the value instead of copying it."""
        return self.source.startswith("made by")


@dataclass(frozen=True)
class WorklistItem:
    """One scheduled procedure step of the order book, as the worklist answers it.

    `data_set` is the whole item as a DICOM data set, Explicit VR Little Endian without file meta: all attributes
    that the order filler knows. The named fields repeat the keys that people ask for.
    """

    accession_number: str
    requested_procedure_id: str
    scheduled_procedure_step_id: str
    study_instance_uid: str
    placer_order_number: str
    filler_order_number: str
    patient_id: str
    issuer_of_patient_id: str
    patient_name: str  # DICOM PN
    modality: str
    station_ae_titles: tuple[str, ...]
    start: str  # YYYYMMDDHHMMSS, shorter where the order is less exact, "" when unknown
    status: StepStatus
    data_set: bytes = field(repr=False)
    origins: tuple[Origin, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class StoredInstance:
    """One image in the archive: its identity and where its Part 10 file is."""

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    accession_number: str
    modality: str
    instance_number: int
    transfer_syntax_uid: str
    path: Path
    digest: str  # SHA-256 of the data set as received, hexadecimal
    calling_ae_title: str = ""
    unscheduled: bool = False


class ReportStatus(StrEnum):
    """OBR-25, HL7 table 0123: the status of the whole report."""

    PRELIMINARY = "P"
    FINAL = "F"
    CORRECTED = "C"
    CANCELED = "X"


@dataclass(frozen=True)
class Observation:
    """One OBX of a report. `status` is OBX-11, table 0085: another table than OBR-25."""

    identifier: CodedEntry
    value_type: str
    text: str
    status: str


@dataclass(frozen=True)
class Report:
    """A report on a study, and the keys by which it finds the study again."""

    patient_id: str
    issuer_of_patient_id: str
    patient_name: str  # DICOM PN
    accession_number: str
    study_instance_uid: str
    status: ReportStatus
    text: str
    placer_order_number: str = ""
    filler_order_number: str = ""
    requested_procedure_id: str = ""
    procedure: CodedEntry | None = None
    observed_at: str = ""  # OBR-7, YYYYMMDDHHMMSS
    status_changed_at: str = ""  # OBR-22
    signed_by: str = ""  # OBR-32
    requested_by: str = ""  # OBR-16
    observations: tuple[Observation, ...] = ()
    document: bytes = field(default=b"", repr=False)  # an attached PDF (OBX-5 of type ED), decoded
    control_id: str = ""  # MSH-10 of the message that brought it
    sent_at: str = ""  # MSH-7 of that message


@dataclass(frozen=True)
class Station:
    """A scanner of the department: what it is called on the network and where it stands."""

    modality: str  # (0008,0060)
    ae_title: str
    name: str  # at most 16 characters
    location: str  # at most 16 characters


@dataclass(frozen=True)
class Hl7Address:
    """Where an HL7 application listens (MLLP), how messages name it (MSH-5, MSH-6), and whether it takes TLS only."""

    host: str
    port: int
    application: str
    facility: str
    tls: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class DicomAddress:
    """Where a DICOM application entity listens, its AE title, and whether it takes TLS only."""

    host: str
    port: int
    ae_title: str
    tls: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class ReceivedInstance:
    """One C-STORE request as it came: what the command says, and the data set's bytes (no file meta)."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: bytes = field(repr=False)
    calling_ae_title: str = ""


@dataclass(frozen=True)
class StudySummary:
    """One study in the archive, as a list of studies shows it. Patient and accession are its first image's."""

    study_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    patient_name: str  # DICOM PN
    patient_birth_date: str  # YYYYMMDD
    patient_sex: str
    accession_number: str
    modalities: tuple[str, ...]
    study_date: str  # YYYYMMDD
    study_time: str  # HHMMSS
    description: str
    series: int  # how many
    instances: int  # how many
