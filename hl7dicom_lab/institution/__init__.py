"""An institution of your own in the place of the story's: its names, its scanners, its patients, in one YAML file.

    there = read_institution("institution.yaml")
    with Lab(facility=there) as lab:
        lab.emr.place(there.order(there.patients[0]))

Rule: the lessons are about Northgate, and stay so; their texts, checks and stored outputs name its people and scanners.
An institution is for departments outside of lessons: `Lab` and `serve`. YAML is read only when a file is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hl7dicom_lab import story
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.model import CodedEntry, Identifier, ImagingOrder, Patient, Station, Visit

_KEYS = ("name", "facility", "issuer", "stations", "patients", "logo")
_STATION_KEYS = ("modality", "name", "ae_title", "location")


@dataclass(frozen=True)
class Institution:
    """What a department is called, what stands in it, and who comes. `stations` has one scanner for every modality."""

    name: str
    facility: str
    issuer: str
    stations: tuple[Station, ...]
    patients: tuple[Patient, ...] = ()
    logo: Path | None = None

    def patient(self, number: str) -> Patient:
        """A patient by id. Raises `NotFound`."""
        for one in self.patients:
            if one.identifier.value == number:
                return one
        some = ", ".join(one.identifier.value for one in self.patients[:10])
        raise NotFound(
            f"there is no patient {number!r} at {self.name}",
            where="institution",
            next_step=f"choose one of {some}" if some else "name a list of patients in the institution's file",
        )

    def visit(self, patient: Patient) -> Visit:
        """The visit under which a patient checks in."""
        number = Identifier(f"V-{patient.identifier.value}"[:64], self.issuer, "VN")
        return Visit(number=number, location="IMAGING^WAITING^1", referring_physician=story.DR_OKAFOR)

    def order(self, patient: Patient, *, modality: str = "MR", at: datetime | None = None) -> ImagingOrder:
        """An order for one of its patients: the story's examination of that modality, under this institution's codes.

        `at` is when; half past nine of the course's day without it. Raises `NotFound` for a modality of no procedure.
        """
        procedures = {"MR": story.MRI_BRAIN, "CT": story.CT_CHEST, "CR": story.CHEST_XRAY}
        if modality not in procedures:
            raise NotFound(
                f"the story has no examination of modality {modality!r}",
                where="institution.order",
                next_step="use one of " + ", ".join(procedures) + ", or make an ImagingOrder yourself",
            )
        return ImagingOrder(
            patient=patient,
            placer_order_number="",
            procedure=self._own(procedures[modality]),
            protocol=self._own(story.MRI_BRAIN_PROTOCOL) if modality == "MR" else None,
            modality=modality,
            scheduled_for=at or datetime(2026, 3, 2, 9, 30),
            visit=self.visit(patient),
            ordering_provider=story.DR_OKAFOR,
        )

    def _own(self, code: CodedEntry) -> CodedEntry:
        """A local code: its scheme begins with 99 and names whose it is (HL7 table 0396)."""
        return CodedEntry(code.value, code.meaning, f"99{self.facility}")


def read_institution(path: Path | str) -> Institution:
    """An institution from its YAML file. Raises `SetupError`, which names line and key, the rule and the next step."""
    from hl7dicom_lab.institution import rules
    from hl7dicom_lab.institution.document import read_document
    from hl7dicom_lab.institution.logo import read_logo
    from hl7dicom_lab.institution.patients import read_patients
    from hl7dicom_lab.institution.stations import read_stations

    file = Path(path).expanduser()
    document = read_document(file, _KEYS)
    facility = rules.facility(document.text("facility"))
    issuer = rules.issuer(document.text("issuer", default=facility))
    given = list(document.sections("stations", _STATION_KEYS))
    patients, logo = document.text("patients", default="").text, document.text("logo", default="")
    if logo.text:
        read_logo(file.parent / logo.text, logo.where)
    return Institution(
        name=rules.text(document.text("name"), 64, "an institution's name"),
        facility=facility,
        issuer=issuer,
        stations=read_stations(given, facility),
        patients=read_patients(file.parent / patients, issuer) if patients else (),
        logo=file.parent / logo.text if logo.text else None,
    )
