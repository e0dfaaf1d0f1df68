"""The rows of the mapping as they were designed: attribute, where an ORM and where an OMI says it, VR, C-FIND key.

Written out here by hand, so that the package's table is compared with something that it did not make itself.
"""

from __future__ import annotations

STEP = "ScheduledProcedureStepSequence."

#: (attribute, ORM^O01, OMI^O23, VR, matching, return type). Matching "" is: no key of the worklist model.
ORDER_ROWS: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("SpecificCharacterSet", "MSH-18", "MSH-18", "CS", "", "1C"),
    ("PatientID", "PID-3", "PID-3", "LO", "R", "1"),
    ("IssuerOfPatientID", "PID-3", "PID-3", "LO", "O", "3"),
    ("OtherPatientIDsSequence", "PID-3", "PID-3", "SQ", "O", "3"),
    ("PatientName", "PID-5", "PID-5", "PN", "R", "1"),
    ("PatientBirthDate", "PID-7", "PID-7", "DA", "O", "2"),
    ("PatientSex", "PID-8.1", "PID-8.1", "CS", "O", "2"),
    ("PatientAddress", "PID-11", "PID-11", "LO", "O", "3"),
    ("PatientWeight", "OBX-5", "OBX-5", "DS", "O", "2"),
    ("PatientSize", "OBX-5", "OBX-5", "DS", "O", "3"),
    ("PatientState", "OBR-12", "OBR-12", "LO", "O", "2"),
    ("PregnancyStatus", "PV1-15", "PV1-15", "US", "O", "2"),
    ("MedicalAlerts", "OBR-13", "OBR-13", "LO", "O", "2"),
    ("Allergies", "AL1-3", "AL1-3", "LO", "O", "2"),
    ("AdmissionID", "PV1-19.1 PID-18.1", "PV1-19.1 PID-18.1", "LO", "O", "2"),
    ("IssuerOfAdmissionIDSequence", "PV1-19 PID-18", "PV1-19 PID-18", "SQ", "O", "3"),
    ("CurrentPatientLocation", "PV1-3", "PV1-3", "LO", "O", "2"),
    ("ReferringPhysicianName", "PV1-8", "PV1-8", "PN", "O", "2"),
    ("RequestingPhysician", "OBR-16 ORC-12", "OBR-16 ORC-12", "PN", "O", "2"),
    ("PlacerOrderNumberImagingServiceRequest", "ORC-2.1 OBR-2.1", "ORC-2.1 OBR-2.1", "LO", "O", "3"),
    ("FillerOrderNumberImagingServiceRequest", "ORC-3.1 OBR-3.1", "ORC-3.1 OBR-3.1", "LO", "O", "3"),
    ("AccessionNumber", "OBR-18", "IPC-1.1", "SH", "O", "2"),
    ("RequestedProcedureID", "OBR-19", "IPC-2.1", "SH", "O", "1"),
    ("StudyInstanceUID", "ZDS-1.1", "IPC-3.1", "UI", "O", "1"),
    ("RequestedProcedureDescription", "OBR-44.2 OBR-4.2", "OBR-44.2 OBR-4.2", "LO", "O", "1C"),
    ("RequestedProcedureCodeSequence", "OBR-44 OBR-4", "OBR-44 OBR-4", "SQ", "O", "1C"),
    ("RequestedProcedurePriority", "ORC-7.6 OBR-27.6", "TQ1-9.1", "SH", "O", "2"),
    ("ReasonForTheRequestedProcedure", "OBR-31", "OBR-31", "LO", "O", "3"),
    ("ReasonForRequestedProcedureCodeSequence", "OBR-31", "OBR-31", "SQ", "O", "3"),
    ("PatientTransportArrangements", "OBR-30", "OBR-30", "LO", "O", "2"),
    ("RequestedProcedureComments", "NTE-3", "NTE-3", "LT", "O", "3"),
    (f"{STEP}ScheduledStationAETitle", "", "IPC-9", "AE", "R", "1"),
    (f"{STEP}ScheduledProcedureStepStartDate", "ORC-7.4 OBR-27.4", "TQ1-7 ORC-7.4 OBR-27.4", "DA", "R", "1"),
    (f"{STEP}ScheduledProcedureStepStartTime", "ORC-7.4 OBR-27.4", "TQ1-7 ORC-7.4 OBR-27.4", "TM", "R", "1"),
    (f"{STEP}Modality", "OBR-24", "IPC-5.1", "CS", "R", "1"),
    (f"{STEP}ScheduledPerformingPhysicianName", "OBR-34", "OBR-34", "PN", "R", "2"),
    (f"{STEP}ScheduledProcedureStepDescription", "OBR-4.5 OBR-4.2", "IPC-6.2 OBR-4.5 OBR-4.2", "LO", "O", "1C"),
    (f"{STEP}ScheduledProtocolCodeSequence", "OBR-4", "IPC-6 OBR-4", "SQ", "O", "1C"),
    (f"{STEP}ScheduledProcedureStepID", "OBR-20", "IPC-4.1", "SH", "O", "1"),
    (f"{STEP}ScheduledStationName", "", "IPC-7.1", "SH", "O", "2"),
    (f"{STEP}ScheduledProcedureStepLocation", "", "IPC-8.1 IPC-8.2", "SH", "O", "2"),
    (f"{STEP}ScheduledProcedureStepStatus", "ORC-1", "ORC-1", "CS", "O", "3"),
)

#: (worklist attribute, image attributes): section 3.
IMAGE_ROWS: tuple[tuple[str, str], ...] = (
    ("SpecificCharacterSet", "SpecificCharacterSet"),
    ("PatientName", "PatientName"),
    ("PatientID", "PatientID"),
    ("IssuerOfPatientID", "IssuerOfPatientID"),
    ("PatientBirthDate", "PatientBirthDate"),
    ("PatientSex", "PatientSex"),
    ("PatientSize", "PatientSize"),
    ("PatientWeight", "PatientWeight"),
    ("StudyInstanceUID", "StudyInstanceUID RequestAttributesSequence.StudyInstanceUID"),
    ("AccessionNumber", "AccessionNumber RequestAttributesSequence.AccessionNumber"),
    ("ReferringPhysicianName", "ReferringPhysicianName"),
    ("InstitutionName", "InstitutionName"),
    ("AdmissionID", "AdmissionID"),
    ("ReferencedStudySequence", "ReferencedStudySequence"),
    ("RequestedProcedureID", "RequestAttributesSequence.RequestedProcedureID"),
    ("RequestedProcedureID", "StudyID"),
    ("RequestedProcedureDescription", "StudyDescription RequestAttributesSequence.RequestedProcedureDescription"),
    (
        "RequestedProcedureCodeSequence",
        "ProcedureCodeSequence RequestAttributesSequence.RequestedProcedureCodeSequence",
    ),
    (f"{STEP}ScheduledProcedureStepID", "RequestAttributesSequence.ScheduledProcedureStepID"),
    (f"{STEP}ScheduledProcedureStepDescription", "RequestAttributesSequence.ScheduledProcedureStepDescription"),
    (f"{STEP}ScheduledProtocolCodeSequence", "RequestAttributesSequence.ScheduledProtocolCodeSequence"),
    (f"{STEP}ScheduledPerformingPhysicianName", "PerformingPhysicianName"),
)

#: (field of the report, where an ORU says it): section 4.
REPORT_ROWS: tuple[tuple[str, str], ...] = (
    ("patient_id", "PID-3"),
    ("issuer_of_patient_id", "PID-3"),
    ("patient_name", "PID-5"),
    ("accession_number", "OBR-18"),
    ("placer_order_number", "OBR-2.1 ORC-2.1"),
    ("filler_order_number", "OBR-3.1 ORC-3.1"),
    ("requested_procedure_id", "OBR-19"),
    ("procedure", "OBR-4"),
    ("study_instance_uid", "OBX-5 ZDS-1.1"),
    ("status", "OBR-25"),
    ("observations", "OBX-11"),
    ("observed_at", "OBR-7"),
    ("status_changed_at", "OBR-22"),
    ("signed_by", "OBR-32"),
    ("requested_by", "OBR-16"),
    ("text", "OBX-5"),
    ("document", "OBX-5.5"),
)
