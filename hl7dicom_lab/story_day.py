"""The story's day: Monday, 2 March 2026, at Northgate Imaging Center. All people are invented.

Six patients and three modalities: one urgent, one cancelled, one who does not come; and one who is due tomorrow. Elena
Rivera's order is always the first one, so that her numbers are the same in every lesson.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hl7dicom_lab import story
from hl7dicom_lab.model import CodedEntry, Identifier, ImagingOrder, Patient, PersonName, Visit


def _patient(number: str, name: PersonName, birth_date: str, sex: str) -> Patient:
    return Patient(Identifier(number, story.ISSUER), name, birth_date, sex)


#: Same family name as Elena Rivera, another patient: what matching by name is careful about.
MARCO_RIVERA = _patient("NG-100251", PersonName("Rivera", "Marco"), "19590903", "M")
LARS_AKESSON = _patient("NG-100318", PersonName("Åkesson", "Lars"), "19710214", "M")
CHIDI_OKONKWO = _patient("NG-100402", PersonName("Okonkwo", "Chidi"), "20010530", "M")
JUERGEN_MUELLER = _patient("NG-100455", PersonName("Müller", "Jürgen"), "19481111", "M")
YUKI_TANAKA = _patient("NG-100467", PersonName("Tanaka", "Yuki", ideographic="田中^由紀"), "19930722", "F")
SAMIR_HADDAD = _patient("NG-100480", PersonName("Haddad", "Samir"), "19660105", "M")


@dataclass(frozen=True)
class Booking:
    """What the physician wants for one patient, and what becomes of it: what a day in the department has to follow.

    `outcome` is `examined`, `cancelled` or `does not come`.
    """

    patient: Patient
    procedure: CodedEntry
    modality: str
    at: datetime
    visit_number: str
    priority: str = "R"
    outcome: str = "examined"
    reason: str = ""

    @property
    def visit(self) -> Visit:
        """The visit under which the patient checks in."""
        number = Identifier(self.visit_number, story.ISSUER, "VN")
        return Visit(number=number, location="IMAGING^WAITING^1", referring_physician=story.DR_OKAFOR)

    def order(self) -> ImagingOrder:
        """The order; the EMR numbers it when it sends it."""
        if self.patient == story.PATIENT:
            return story.order()
        return ImagingOrder(
            patient=self.patient,
            placer_order_number="",
            procedure=self.procedure,
            protocol=story.MRI_BRAIN_PROTOCOL if self.procedure == story.MRI_BRAIN else None,
            modality=self.modality,
            scheduled_for=self.at,
            visit=self.visit,
            priority=self.priority,
            reason=self.reason,
            ordering_provider=story.DR_OKAFOR,
        )


def _at(hour: int, minute: int, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute)


#: Today's six, in the order in which they were ordered.
TODAY: tuple[Booking, ...] = (
    Booking(
        story.PATIENT,
        story.MRI_BRAIN,
        "MR",
        _at(9, 30),
        story.VISIT.number.value,
        reason="Headache for three weeks",
    ),
    Booking(LARS_AKESSON, story.CT_CHEST, "CT", _at(9, 45), "V-2026-0413", "S", reason="Sudden shortness of breath"),
    Booking(CHIDI_OKONKWO, story.CHEST_XRAY, "CR", _at(10, 0), "V-2026-0414", reason="Cough for two weeks"),
    Booking(MARCO_RIVERA, story.CT_CHEST, "CT", _at(10, 30), "V-2026-0415", reason="Follow-up of a nodule"),
    Booking(JUERGEN_MUELLER, story.MRI_BRAIN, "MR", _at(11, 0), "V-2026-0416", outcome="cancelled", reason="Dizziness"),
    Booking(YUKI_TANAKA, story.MRI_BRAIN, "MR", _at(13, 0), "V-2026-0417", outcome="does not come", reason="Migraine"),
)

#: Due tomorrow: what a query for today must not find.
TOMORROW = Booking(SAMIR_HADDAD, story.MRI_BRAIN, "MR", _at(9, 0, day=3), "V-2026-0421", reason="Memory problems")

#: The CT patient's report, for lessons that need a second one.
CT_REPORT_TEXT = """\
EXAMINATION: CT of the chest with contrast

HISTORY: Follow-up of a nodule.

FINDINGS: Nodule in the left lower lobe, unchanged in size.

IMPRESSION: No change."""
