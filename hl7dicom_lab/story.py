"""The story: Northgate Imaging Center, its people and its machines. All of them are invented.

One patient is followed from the order to the report; the names here are the ones that every lesson and the demo show.
"""

from __future__ import annotations

from datetime import datetime

from hl7dicom_lab.model import CodedEntry, Identifier, ImagingOrder, Patient, Person, PersonName, Station, Visit

INSTITUTION = "Northgate Imaging Center"
FACILITY = "NORTHGATE"  # MSH-4, MSH-6
ISSUER = "NORTHGATE"  # who issues the medical record numbers

#: HL7 applications (MSH-3, MSH-5) and DICOM AE titles.
EMR, RIS, PACS, DICTATION = "EMR", "RIS", "PACS", "DICTATION"
RIS_AE_TITLE = "NORTHGATE_RIS"
PACS_AE_TITLE = "NORTHGATE_PACS"

#: The station table: which scanner does which modality. One of each kind stands at Northgate.
STATIONS: tuple[Station, ...] = (
    Station("MR", "NORTHGATE_MR1", "MR1", "ROOM 1"),
    Station("CT", "NORTHGATE_CT1", "CT1", "ROOM 2"),
    Station("CR", "NORTHGATE_CR1", "CR1", "ROOM 3"),
    Station("DX", "NORTHGATE_DX1", "DX1", "ROOM 4"),
    Station("US", "NORTHGATE_US1", "US1", "ROOM 5"),
    Station("MG", "NORTHGATE_MG1", "MG1", "ROOM 6"),
    Station("NM", "NORTHGATE_NM1", "NM1", "ROOM 7"),
    Station("PT", "NORTHGATE_PT1", "PT1", "ROOM 8"),
    Station("XA", "NORTHGATE_XA1", "XA1", "ROOM 9"),
    Station("RF", "NORTHGATE_RF1", "RF1", "ROOM 10"),
    Station("OT", "NORTHGATE_OT1", "OT1", "ROOM 11"),
)

DR_OKAFOR = Person("D1017", PersonName("Okafor", "Ngozi", prefix="Dr"))
DR_LINDQVIST = Person("D2041", PersonName("Lindqvist", "Per", prefix="Dr"))

MRI_BRAIN = CodedEntry("MRBRAIN", "MRI brain without contrast", "99NORTHGATE")
MRI_BRAIN_PROTOCOL = CodedEntry("BRAIN-T1", "Brain T1 axial", "99NORTHGATE")
CT_CHEST = CodedEntry("CTCHEST", "CT chest with contrast", "99NORTHGATE")
CHEST_XRAY = CodedEntry("XRCHEST", "Chest radiograph, one view", "99NORTHGATE")

#: The patient of lessons 01 to 08.
PATIENT = Patient(
    identifier=Identifier("NG-100237", ISSUER),
    name=PersonName("Rivera", "Elena", "Maria", prefix="Ms"),
    birth_date="19840617",
    sex="F",
    address="12 Harbour Lane^^Northgate^NG^40213",
    other_identifiers=(Identifier("A-55120", ISSUER, "AN"),),
    weight_kg=64.0,
    height_m=1.68,
    allergies=("Penicillin",),
)

VISIT = Visit(
    number=Identifier("V-2026-0412", ISSUER, "VN"),
    location="IMAGING^WAITING^1",
    referring_physician=DR_OKAFOR,
)


def order(placer_order_number: str = "") -> ImagingOrder:
    """The order of the story: an MRI of the brain at half past nine. The EMR numbers it when it sends it."""
    return ImagingOrder(
        patient=PATIENT,
        placer_order_number=placer_order_number,
        procedure=MRI_BRAIN,
        protocol=MRI_BRAIN_PROTOCOL,
        modality="MR",
        scheduled_for=datetime(2026, 3, 2, 9, 30),
        visit=VISIT,
        priority="R",
        reason="Headache for three weeks",
        ordering_provider=DR_OKAFOR,
    )


REPORT_TEXT = """\
EXAMINATION: MRI of the brain without contrast

HISTORY: Headache for three weeks.

TECHNIQUE: Axial T1-weighted images, 24 slices of 6 mm.

FINDINGS: The ventricles and sulci are of normal size and shape for the age. \
Grey and white matter are well distinguished. No mass, no midline shift. \
The orbits and the skull base show nothing unusual.

IMPRESSION: Normal T1-weighted images of the brain."""
