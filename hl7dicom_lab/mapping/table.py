"""The table: every value that crosses from HL7 to DICOM and back, where it comes from, and by which rule.

Sources, in the column `source`: C the HL7 conformance statement of dcm4chee-arc (IHE Radiology Scheduled Workflow,
RAD-2, RAD-3, RAD-4), J DICOM PS3.17 Annex J, K DICOM PS3.4 Annex K, G common practice. Key columns: matching R required
or O optional, and return type, PS3.4 Table K.6-1. The arrows, the views and the lessons read these very rows.
"""

from __future__ import annotations

from dataclasses import dataclass

STEP = "ScheduledProcedureStepSequence"
REQUEST = "RequestAttributesSequence"


@dataclass(frozen=True)
class OrderRow:
    """One attribute of a worklist item and the fields that it comes from, the first valued one first.

    `omi` is empty where OMI^O23 says it in the same place as ORM^O01. `rule` names one of `conversions.RULES`. `beside`
    is an attribute that says the other half of the same fact: both are read from the same field, or this one is not.
    """

    attribute: str
    orm: tuple[str, ...]
    rule: str
    matching: str
    returned: str
    source: str
    omi: tuple[str, ...] = ()
    note: str = ""
    beside: str = ""

    def fields(self, structure: str) -> tuple[str, ...]:
        """The HL7 paths of this row in messages of a type (`ORM` or `OMI`)."""
        return self.omi if structure == "OMI" and self.omi else self.orm


def _step(keyword: str) -> str:
    return f"{STEP}.{keyword}"


ORDER_TO_WORKLIST: tuple[OrderRow, ...] = (
    OrderRow("SpecificCharacterSet", ("MSH-18",), "character_set", "", "1C", "C"),
    OrderRow("PatientID", ("PID-3",), "patient_id", "R", "1", "C",
             note="the repetition with PID-3.5 MR; never the account number PID-18"),
    OrderRow("IssuerOfPatientID", ("PID-3",), "issuer_of_patient_id", "O", "3", "C"),
    OrderRow("OtherPatientIDsSequence", ("PID-3",), "other_patient_ids", "O", "3", "C"),
    OrderRow("PatientName", ("PID-5",), "patient_name", "R", "1", "C",
             note="XPN has the suffix before the prefix, PN the prefix before the suffix"),
    OrderRow("PatientBirthDate", ("PID-7",), "birth_date", "O", "2", "C"),
    OrderRow("PatientSex", ("PID-8.1",), "sex", "O", "2", "C"),
    OrderRow("PatientAddress", ("PID-11",), "address", "O", "3", "C"),
    OrderRow("PatientWeight", ("OBX-5",), "body_weight", "O", "2", "C", note="OBX-3 Body Weight; in kilograms"),
    OrderRow("PatientSize", ("OBX-5",), "body_height", "O", "3", "C", note="OBX-3 Body Height; in metres"),
    OrderRow("PatientState", ("OBR-12",), "meaning", "O", "2", "C", note="danger code"),
    OrderRow("PregnancyStatus", ("PV1-15",), "pregnancy", "O", "2", "C", note="B6 is pregnant: 3"),
    OrderRow("MedicalAlerts", ("OBR-13",), "alerts", "O", "2", "C"),
    OrderRow("Allergies", ("AL1-3",), "allergies", "O", "2", "G"),
    OrderRow("AdmissionID", ("PV1-19.1", "PID-18.1"), "identifier_64", "O", "2", "C"),
    OrderRow("IssuerOfAdmissionIDSequence", ("PV1-19", "PID-18"), "issuer_of_admission", "O", "3", "C",
             beside="AdmissionID"),
    OrderRow("CurrentPatientLocation", ("PV1-3",), "location", "O", "2", "G"),
    OrderRow("ReferringPhysicianName", ("PV1-8",), "staff_name", "O", "2", "C", note="XCN: the id is dropped"),
    OrderRow("RequestingPhysician", ("OBR-16", "ORC-12"), "staff_name", "O", "2", "C"),
    OrderRow("PlacerOrderNumberImagingServiceRequest", ("ORC-2.1", "OBR-2.1"), "identifier_64", "O", "3", "C"),
    OrderRow("FillerOrderNumberImagingServiceRequest", ("ORC-3.1", "OBR-3.1"), "identifier_64", "O", "3", "C",
             note="not the accession number"),
    OrderRow("AccessionNumber", ("OBR-18",), "identifier_16", "O", "2", "C", omi=("IPC-1.1",)),
    OrderRow("RequestedProcedureID", ("OBR-19",), "identifier_16", "O", "1", "C", omi=("IPC-2.1",)),
    OrderRow("StudyInstanceUID", ("ZDS-1.1",), "uid", "O", "1", "C", omi=("IPC-3.1",),
             note="made once by the order filler when the order carries none"),
    OrderRow("RequestedProcedureDescription", ("OBR-44.2", "OBR-4.2"), "text", "O", "1C", "C"),
    OrderRow("RequestedProcedureCodeSequence", ("OBR-44", "OBR-4"), "code", "O", "1C", "C"),
    OrderRow("RequestedProcedurePriority", ("ORC-7.6", "OBR-27.6"), "priority", "O", "2", "C", omi=("TQ1-9.1",)),
    OrderRow("ReasonForTheRequestedProcedure", ("OBR-31",), "meaning", "O", "3", "C"),
    OrderRow("ReasonForRequestedProcedureCodeSequence", ("OBR-31",), "code", "O", "3", "C"),
    OrderRow("PatientTransportArrangements", ("OBR-30",), "text", "O", "2", "C"),
    OrderRow("RequestedProcedureComments", ("NTE-3",), "comments", "O", "3", "C"),
    OrderRow(_step("ScheduledStationAETitle"), (), "station_ae_title", "R", "1", "C", omi=("IPC-9",),
             note="station table, by modality"),
    OrderRow(_step("ScheduledProcedureStepStartDate"), ("ORC-7.4", "OBR-27.4"), "date", "R", "1", "C",
             omi=("TQ1-7", "ORC-7.4", "OBR-27.4"), note="OBR-7 is when it was observed, not the schedule"),
    OrderRow(_step("ScheduledProcedureStepStartTime"), ("ORC-7.4", "OBR-27.4"), "time", "R", "1", "C",
             omi=("TQ1-7", "ORC-7.4", "OBR-27.4"), beside=_step("ScheduledProcedureStepStartDate")),
    OrderRow(_step("Modality"), ("OBR-24",), "modality", "R", "1", "C", omi=("IPC-5.1",)),
    OrderRow(_step("ScheduledPerformingPhysicianName"), ("OBR-34",), "technician_name", "R", "2", "C"),
    OrderRow(_step("ScheduledProcedureStepDescription"), ("OBR-4.5", "OBR-4.2"), "text", "O", "1C", "C",
             omi=("IPC-6.2", "OBR-4.5", "OBR-4.2")),
    OrderRow(_step("ScheduledProtocolCodeSequence"), ("OBR-4",), "alternate_code", "O", "1C", "C",
             omi=("IPC-6", "OBR-4"), note="OBR-4.4 to 4.6, else OBR-4.1 to 4.3"),
    OrderRow(_step("ScheduledProcedureStepID"), ("OBR-20",), "identifier_16", "O", "1", "C", omi=("IPC-4.1",)),
    OrderRow(_step("ScheduledStationName"), (), "station_name", "O", "2", "C", omi=("IPC-7.1",), note="station table"),
    OrderRow(_step("ScheduledProcedureStepLocation"), (), "station_location", "O", "2", "C",
             omi=("IPC-8.1", "IPC-8.2"), note="station table"),
    OrderRow(_step("ScheduledProcedureStepStatus"), ("ORC-1",), "status", "O", "3", "C",
             note="with ORC-5 for XO and SC; ARRIVED comes from check-in, STARTED from the technologist"),
)  # fmt: skip


@dataclass(frozen=True)
class ImageRow:
    """One attribute of a worklist item and the attributes of the image that get its value."""

    worklist: str
    image: tuple[str, ...]
    source: str
    note: str = ""


#: IHE RAD-8 and its Appendix A; PS3.17 Annex J. What is not here is not copied.
WORKLIST_TO_IMAGE: tuple[ImageRow, ...] = (
    ImageRow("SpecificCharacterSet", ("SpecificCharacterSet",), "G", "must hold the copied text"),
    ImageRow("PatientName", ("PatientName",), "C J"),
    ImageRow("PatientID", ("PatientID",), "C J"),
    ImageRow("IssuerOfPatientID", ("IssuerOfPatientID",), "C J"),
    ImageRow("PatientBirthDate", ("PatientBirthDate",), "C J"),
    ImageRow("PatientSex", ("PatientSex",), "C J"),
    ImageRow("PatientSize", ("PatientSize",), "C J"),
    ImageRow("PatientWeight", ("PatientWeight",), "C J"),
    ImageRow("StudyInstanceUID", ("StudyInstanceUID", f"{REQUEST}.StudyInstanceUID"), "J"),
    ImageRow("AccessionNumber", ("AccessionNumber", f"{REQUEST}.AccessionNumber"), "J"),
    ImageRow("ReferringPhysicianName", ("ReferringPhysicianName",), "C"),
    ImageRow("InstitutionName", ("InstitutionName",), "C"),
    ImageRow("AdmissionID", ("AdmissionID",), "C"),
    ImageRow("ReferencedStudySequence", ("ReferencedStudySequence",), "J"),
    ImageRow("RequestedProcedureID", (f"{REQUEST}.RequestedProcedureID",), "J"),
    ImageRow("RequestedProcedureID", ("StudyID",), "G", "the scanner's choice; IHE's Appendix A recommends this id"),
    ImageRow("RequestedProcedureDescription",
             ("StudyDescription", f"{REQUEST}.RequestedProcedureDescription"), "C"),
    ImageRow("RequestedProcedureCodeSequence",
             ("ProcedureCodeSequence", f"{REQUEST}.RequestedProcedureCodeSequence"), "C"),
    ImageRow(_step("ScheduledProcedureStepID"), (f"{REQUEST}.ScheduledProcedureStepID",), "J"),
    ImageRow(_step("ScheduledProcedureStepDescription"), (f"{REQUEST}.ScheduledProcedureStepDescription",), "J"),
    ImageRow(_step("ScheduledProtocolCodeSequence"), (f"{REQUEST}.ScheduledProtocolCodeSequence",), "J"),
    ImageRow(_step("ScheduledPerformingPhysicianName"), ("PerformingPhysicianName",), "C"),
)  # fmt: skip

#: Worklist attributes that must not be copied, and what the image has instead.
NOT_COPIED: tuple[tuple[str, str], ...] = (
    (_step("ScheduledProcedureStepStartDate"), "StudyDate and AcquisitionDate: when it really happened"),
    (_step("ScheduledProcedureStepStartTime"), "StudyTime and AcquisitionTime: when it really happened"),
    (_step("ScheduledStationAETitle"), "StationName: where it really happened"),
    (_step("ScheduledProcedureStepStatus"), "nothing: an image has no step status"),
)

#: What the modality makes for every image.
MADE_BY_MODALITY: tuple[str, ...] = (
    "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID", "SeriesNumber", "InstanceNumber", "StudyDate",
    "StudyTime", "SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime",
    "Modality", "StationName", "PixelData",
)  # fmt: skip


@dataclass(frozen=True)
class ReportRow:
    """One key or fact of a report: its place in ORU^R01 and what it is in the study."""

    field: str  # of model.Report
    oru: tuple[str, ...]
    study: str
    rule: str
    source: str
    note: str = ""


REPORT_TO_STUDY: tuple[ReportRow, ...] = (
    ReportRow("patient_id", ("PID-3",), "PatientID", "patient_id", "C"),
    ReportRow("issuer_of_patient_id", ("PID-3",), "IssuerOfPatientID", "issuer_of_patient_id", "C"),
    ReportRow("patient_name", ("PID-5",), "PatientName", "patient_name", "C"),
    ReportRow("accession_number", ("OBR-18",), "AccessionNumber", "plain", "C"),
    ReportRow("placer_order_number", ("OBR-2.1", "ORC-2.1"), "PlacerOrderNumberImagingServiceRequest", "plain", "C"),
    ReportRow("filler_order_number", ("OBR-3.1", "ORC-3.1"), "FillerOrderNumberImagingServiceRequest", "plain", "C"),
    ReportRow("requested_procedure_id", ("OBR-19",), "RequestedProcedureID", "plain", "C"),
    ReportRow("procedure", ("OBR-4",), "RequestedProcedureCodeSequence", "coded_entry", "C"),
    ReportRow("study_instance_uid", ("OBX-5", "ZDS-1.1"), "StudyInstanceUID", "study_observation", "C",
              note="OBX-3 110180^Study Instance UID^DCM (RAD-28) or 113014^DICOM Study^DCM (RAD-128)"),
    ReportRow("status", ("OBR-25",), "", "report_status", "C", note="table 0123; OBX-11 is another table, 0085"),
    ReportRow("observations", ("OBX-11",), "", "observations", "C",
              note="each observation with its status; table 0085: another table than OBR-25"),
    ReportRow("observed_at", ("OBR-7",), "StudyDate", "moment", "C"),
    ReportRow("status_changed_at", ("OBR-22",), "", "moment", "C"),
    ReportRow("signed_by", ("OBR-32",), "", "interpreter", "C"),
    ReportRow("requested_by", ("OBR-16",), "RequestingPhysician", "staff_name", "C"),
    ReportRow("text", ("OBX-5",), "", "report_text", "C", note=r"OBX-2 TX or FT; \.br\ is a line break"),
    ReportRow("document", ("OBX-5.5",), "", "report_document", "C", note="OBX-2 ED, base64"),
)  # fmt: skip
