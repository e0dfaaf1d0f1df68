"""The Modality Worklist's information model: which attribute stands where, and what a query may do with it.

A scanner asks for scheduled procedure steps; each answer gathers the step, the requested procedure, the imaging
service request, the visit and the patient (PS3.4 section K.6.1.2). This module is Table K.6-1 as data, with the
attributes "of the module" that this department can hold. The source is PS3.4; nothing here is code.

Rule: an attribute means something only in its place. The step's own attributes stand in the single item of
ScheduledProcedureStepSequence (0040,0100), everything else at the root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STEP = "ScheduledProcedureStepSequence"
START_DATE = f"{STEP}.ScheduledProcedureStepStartDate"
START_TIME = f"{STEP}.ScheduledProcedureStepStartTime"

#: R: an SCP has to match on it. O: it may, and this one does. "-": the table forbids matching; it is only returned.
Matching = Literal["R", "O", "-"]
#: 1 and 1C always with a value, 2 and 2C always there but perhaps empty, 3 perhaps not at all (PS3.5 section 7.4).
ReturnType = Literal["1", "1C", "2", "2C", "3"]
#: Which types of matching an attribute allows: those of its VR (PS3.4 section C.2.2.2), or a single value and no more.
MatchedBy = Literal["as its VR", "single value only"]


@dataclass(frozen=True)
class WorklistAttribute:
    """One row of Table K.6-1. `path` is keywords joined by dots; `module` is the table's heading."""

    path: str
    module: str
    matching: Matching
    returned: ReturnType
    matched_by: MatchedBy = "as its VR"


_ONLY_ONE: MatchedBy = "single value only"
_CODE: tuple[tuple[str, Matching, ReturnType], ...] = (
    ("CodeValue", "O", "1"),
    ("CodingSchemeDesignator", "O", "1"),
    ("CodingSchemeVersion", "O", "3"),
    ("CodeMeaning", "O", "3"),
)
_REFERENCE: tuple[tuple[str, Matching, ReturnType], ...] = (
    ("ReferencedSOPClassUID", "O", "1"),
    ("ReferencedSOPInstanceUID", "O", "1"),
)
_CODE_RETURNED: tuple[tuple[str, Matching, ReturnType], ...] = tuple(
    (keyword, "-", returned) for keyword, _, returned in _CODE
)
#: HL7v2 Hierarchic Designator macro (PS3.3 Table 10-17): who issued an identifier.
_ISSUER: tuple[tuple[str, Matching, ReturnType], ...] = (
    ("LocalNamespaceEntityID", "O", "1C"),
    ("UniversalEntityID", "O", "1C"),
    ("UniversalEntityIDType", "O", "1C"),
)
_DOCUMENT: tuple[tuple[str, Matching, ReturnType], ...] = (
    ("ReferencedSOPClassUID", "-", "1"),
    ("ReferencedSOPInstanceUID", "-", "1"),
    ("DocumentTitle", "-", "2"),
)
_CONTEXT = f"{STEP}.ScheduledProtocolCodeSequence.ProtocolContextSequence"
_CONTEXT_ITEM: tuple[tuple[str, Matching, ReturnType], ...] = (
    ("ValueType", "-", "1"),
    ("DateTime", "-", "1C"),
    ("PersonName", "-", "1C"),
    ("TextValue", "-", "1C"),
    ("NumericValue", "-", "1C"),
)
_OTHER_ID: tuple[tuple[str, Matching, ReturnType], ...] = (
    ("PatientID", "O", "1"),
    ("IssuerOfPatientID", "O", "3"),
    ("TypeOfPatientID", "O", "3"),
)


def _sequence(
    path: str,
    module: str,
    matching: Matching,
    returned: ReturnType,
    inside: tuple[tuple[str, Matching, ReturnType], ...],
) -> tuple[WorklistAttribute, ...]:
    """A sequence and the attributes of its items."""
    items = (WorklistAttribute(f"{path}.{keyword}", module, *key) for keyword, *key in inside)  # type: ignore[arg-type]
    return (WorklistAttribute(path, module, matching, returned), *items)


def _optional(module: str, *keywords: str) -> tuple[WorklistAttribute, ...]:
    """The table's last row of a module, "all other attributes of": the ones that this department can hold."""
    return tuple(WorklistAttribute(keyword, module, "O", "3") for keyword in keywords)


_STEP_ROWS = (
    WorklistAttribute(STEP, "Scheduled Procedure Step", "R", "1"),
    WorklistAttribute(f"{STEP}.ScheduledStationAETitle", "Scheduled Procedure Step", "R", "1", _ONLY_ONE),
    WorklistAttribute(START_DATE, "Scheduled Procedure Step", "R", "1"),
    WorklistAttribute(START_TIME, "Scheduled Procedure Step", "R", "1"),
    WorklistAttribute(f"{STEP}.Modality", "Scheduled Procedure Step", "R", "1", _ONLY_ONE),
    WorklistAttribute(f"{STEP}.ScheduledPerformingPhysicianName", "Scheduled Procedure Step", "R", "2"),
    WorklistAttribute(f"{STEP}.ScheduledProcedureStepDescription", "Scheduled Procedure Step", "O", "1C"),
    WorklistAttribute(f"{STEP}.ScheduledStationName", "Scheduled Procedure Step", "O", "2"),
    WorklistAttribute(f"{STEP}.ScheduledProcedureStepLocation", "Scheduled Procedure Step", "O", "2"),
    *_sequence(f"{STEP}.ReferencedDefinedProtocolSequence", "Scheduled Procedure Step", "O", "3", _REFERENCE),
    *_sequence(f"{STEP}.ReferencedPerformedProtocolSequence", "Scheduled Procedure Step", "O", "3", _REFERENCE),
    *_sequence(f"{STEP}.ScheduledProtocolCodeSequence", "Scheduled Procedure Step", "O", "1C", _CODE),
    *_sequence(_CONTEXT, "Scheduled Procedure Step", "-", "3", _CONTEXT_ITEM),
    *_sequence(f"{_CONTEXT}.ConceptNameCodeSequence", "Scheduled Procedure Step", "-", "1", _CODE_RETURNED),
    *_sequence(f"{_CONTEXT}.ConceptCodeSequence", "Scheduled Procedure Step", "-", "1C", _CODE_RETURNED),
    *_sequence(f"{_CONTEXT}.MeasurementUnitsCodeSequence", "Scheduled Procedure Step", "-", "1C", _CODE_RETURNED),
    WorklistAttribute(f"{STEP}.PreMedication", "Scheduled Procedure Step", "O", "2C"),
    WorklistAttribute(f"{STEP}.ScheduledProcedureStepID", "Scheduled Procedure Step", "O", "1"),
    WorklistAttribute(f"{STEP}.RequestedContrastAgent", "Scheduled Procedure Step", "O", "2C"),
    WorklistAttribute(f"{STEP}.ScheduledProcedureStepStatus", "Scheduled Procedure Step", "O", "3"),
    *_optional(
        "Scheduled Procedure Step",
        f"{STEP}.ScheduledProcedureStepEndDate",
        f"{STEP}.ScheduledProcedureStepEndTime",
        f"{STEP}.CommentsOnTheScheduledProcedureStep",
    ),
)
_PROCEDURE_ROWS = (
    WorklistAttribute("RequestedProcedureID", "Requested Procedure", "O", "1"),
    WorklistAttribute("RequestedProcedureDescription", "Requested Procedure", "O", "1C"),
    *_sequence("RequestedProcedureCodeSequence", "Requested Procedure", "O", "1C", _CODE),
    WorklistAttribute("StudyInstanceUID", "Requested Procedure", "O", "1"),
    WorklistAttribute("StudyDate", "Requested Procedure", "O", "3"),
    WorklistAttribute("StudyTime", "Requested Procedure", "O", "3"),
    *_sequence("ReferencedStudySequence", "Requested Procedure", "O", "2", _REFERENCE),
    WorklistAttribute("RequestedProcedurePriority", "Requested Procedure", "O", "2"),
    WorklistAttribute("PatientTransportArrangements", "Requested Procedure", "O", "2"),
    *_sequence("ReasonForRequestedProcedureCodeSequence", "Requested Procedure", "O", "3", _CODE),
    *_optional(
        "Requested Procedure",
        "ReasonForTheRequestedProcedure",
        "RequestedProcedureComments",
        "RequestedProcedureLocation",
        "ConfidentialityCode",
        "ReportingPriority",
        "NamesOfIntendedRecipientsOfResults",
    ),
)
_REQUEST_ROWS = (
    WorklistAttribute("AccessionNumber", "Imaging Service Request", "O", "2"),
    *_sequence("IssuerOfAccessionNumberSequence", "Imaging Service Request", "O", "3", _ISSUER),
    WorklistAttribute("RequestingPhysician", "Imaging Service Request", "O", "2"),
    WorklistAttribute("ReferringPhysicianName", "Imaging Service Request", "O", "2"),
    *_sequence("OrderPlacerIdentifierSequence", "Imaging Service Request", "O", "3", _ISSUER),
    *_sequence("OrderFillerIdentifierSequence", "Imaging Service Request", "O", "3", _ISSUER),
    *_optional(
        "Imaging Service Request",
        "PlacerOrderNumberImagingServiceRequest",
        "FillerOrderNumberImagingServiceRequest",
        "ImagingServiceRequestComments",
        "RequestingService",
        "ReasonForTheImagingServiceRequest",
        "IssueDateOfImagingServiceRequest",
        "IssueTimeOfImagingServiceRequest",
        "OrderEnteredBy",
        "OrderEntererLocation",
        "OrderCallbackPhoneNumber",
    ),
)
_VISIT_ROWS = (
    WorklistAttribute("AdmissionID", "Visit Identification", "O", "2"),
    *_sequence("IssuerOfAdmissionIDSequence", "Visit Identification", "O", "3", _ISSUER),
    *_optional("Visit Identification", "InstitutionName", "InstitutionAddress", "IssuerOfAdmissionID"),
    WorklistAttribute("CurrentPatientLocation", "Visit Status", "O", "2"),
    *_optional("Visit Status", "VisitStatusID", "PatientInstitutionResidence", "VisitComments"),
    *_sequence("ReferencedPatientSequence", "Visit Relationship", "O", "2", _REFERENCE),
    *_optional("Visit Admission", "AdmittingDate", "AdmittingTime", "AdmittingDiagnosesDescription"),
)
_PATIENT_ROWS = (
    WorklistAttribute("PatientName", "Patient Identification", "R", "1"),
    WorklistAttribute("PatientID", "Patient Identification", "R", "1", _ONLY_ONE),
    WorklistAttribute("IssuerOfPatientID", "Patient Identification", "O", "3"),
    *_sequence("IssuerOfPatientIDQualifiersSequence", "Patient Identification", "O", "3", _ISSUER[1:]),
    *_sequence("OtherPatientIDsSequence", "Patient Identification", "O", "3", _OTHER_ID),
    *_optional("Patient Identification", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName"),
    WorklistAttribute("PatientBirthDate", "Patient Demographic", "O", "2"),
    WorklistAttribute("PatientSex", "Patient Demographic", "O", "2"),
    *_sequence("PatientPrimaryLanguageCodeSequence", "Patient Demographic", "O", "3", _CODE),
    WorklistAttribute("PatientWeight", "Patient Demographic", "O", "2"),
    WorklistAttribute("PatientSize", "Patient Demographic", "O", "3"),
    WorklistAttribute("ConfidentialityConstraintOnPatientDataDescription", "Patient Demographic", "O", "2"),
    *_optional(
        "Patient Demographic",
        "PatientAge",
        "PatientAddress",
        "PatientTelephoneNumbers",
        "PatientComments",
        "EthnicGroup",
        "MilitaryRank",
        "Occupation",
        "ResponsiblePerson",
        "ResponsiblePersonRole",
    ),
    WorklistAttribute("PatientState", "Patient Medical", "O", "2"),
    WorklistAttribute("PregnancyStatus", "Patient Medical", "O", "2"),
    WorklistAttribute("MedicalAlerts", "Patient Medical", "O", "2"),
    WorklistAttribute("Allergies", "Patient Medical", "O", "2"),
    WorklistAttribute("SpecialNeeds", "Patient Medical", "O", "2"),
    *_sequence("PertinentDocumentsSequence", "Patient Medical", "-", "3", _DOCUMENT),
    *_sequence(
        "PertinentDocumentsSequence.PurposeOfReferenceCodeSequence", "Patient Medical", "-", "2", _CODE_RETURNED
    ),
    *_optional("Patient Medical", "SmokingStatus", "AdditionalPatientHistory", "LastMenstrualDate"),
)

#: Table K.6-1, by the path of keywords.
WORKLIST_MODEL: dict[str, WorklistAttribute] = {
    row.path: row for row in (*_STEP_ROWS, *_PROCEDURE_ROWS, *_REQUEST_ROWS, *_VISIT_ROWS, *_PATIENT_ROWS)
}


def right_place(keyword: str, wrong_path: str) -> str:
    """Where the model has a keyword that stands at `wrong_path`: "" for the root, else the sequence's path.

    Raises KeyError where the model does not have the keyword at the root or directly in the step.
    """
    for path in (keyword, f"{STEP}.{keyword}"):
        if path in WORKLIST_MODEL and path != wrong_path:
            return path.rpartition(".")[0]
    raise KeyError(keyword)
