"""An independent reading of the mapping, to compare the package with: it shares no line of code with it.

It is written from the project's mapping rows and from the standards that decide them (HL7 v2.3.1 and v2.5.1 chapters 2,
3, 4 and 7; DICOM PS3.3, PS3.4 Table K.6-1, PS3.5, PS3.17 Annex J; IHE Radiology RAD-4, RAD-8, RAD-28), and it uses
`hl7.parse`, which the package only uses for display. It is short and slow on purpose.

An expectation is a plain `dict`: keyword path -> value. A value is a text; a list of texts where the attribute has
several; a list of (value, scheme, meaning) where it is a code sequence. What is not known is not in the dict.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import hl7

STEP = "ScheduledProcedureStepSequence."

#: HL7 table 0211 -> Specific Character Set (0008,0005), PS3.3 section C.12.1.1.2. "" is absent: the default repertoire.
CHARACTER_SETS: dict[str, list[str]] = {
    "": [],
    "ASCII": [],
    "8859/1": ["ISO_IR 100"],
    "8859/2": ["ISO_IR 101"],
    "8859/3": ["ISO_IR 109"],
    "8859/4": ["ISO_IR 110"],
    "8859/5": ["ISO_IR 144"],
    "8859/6": ["ISO_IR 127"],
    "8859/7": ["ISO_IR 126"],
    "8859/8": ["ISO_IR 138"],
    "8859/9": ["ISO_IR 148"],
    "UNICODE UTF-8": ["ISO_IR 192"],
    "GB 18030-2000": ["GB18030"],
    "ISO IR87": ["", "ISO 2022 IR 87"],
    "KS X 1001": ["", "ISO 2022 IR 149"],
}

PRIORITIES = {"S": "STAT", "A": "HIGH", "P": "HIGH", "C": "HIGH", "R": "ROUTINE", "T": "MEDIUM"}
SEXES = {"M": "M", "F": "F", "O": "O", "A": "O", "N": "O"}

#: UCUM codes and everyday spellings of OBX-6 -> kilograms, metres.
KILOGRAMS = {"kg": 1.0, "g": 0.001, "[lb_av]": 0.45359237, "lb": 0.45359237, "lbs": 0.45359237}
METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "[in_i]": 0.0254, "in": 0.0254}

#: Modality -> AE title, station name, location: what a test says about the department's scanners.
Stations = dict[str, tuple[str, str, str]]


# --- HL7, taken apart -------------------------------------------------------------------------------------------------


def field(segment: hl7.Segment | None, number: int) -> list[str]:
    """The repetitions of a field, raw; `""` (HL7's null: delete) and nothing both give no repetition."""
    if segment is None or number >= len(segment):
        return []
    raw = str(segment[number])
    return [] if raw in ("", '""') else raw.split("~")


def part(repetition: str, component: int, subcomponent: int = 1) -> str:
    """One component's subcomponent, decoded; `""` counts as nothing."""
    components = repetition.split("^")
    if component > len(components):
        return ""
    subcomponents = components[component - 1].split("&")
    if subcomponent > len(subcomponents):
        return ""
    value = subcomponents[subcomponent - 1]
    return "" if value == '""' else decoded(value)


def first(segment: hl7.Segment | None, number: int, component: int = 1, subcomponent: int = 1) -> str:
    """The same, of the field's first repetition."""
    repetitions = field(segment, number)
    return part(repetitions[0], component, subcomponent) if repetitions else ""


def decoded(text: str) -> str:
    """HL7 chapter 2, "Use of escape sequences in text fields"."""
    characters = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", ".br": "\n", "H": "", "N": ""}

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        if name.startswith("X"):
            return bytes.fromhex(name[1:]).decode("latin-1")
        return characters.get(name, "")

    return re.sub(r"\\([^\\]*)\\", one, text)


def segment(segments: list[hl7.Segment], name: str) -> hl7.Segment | None:
    return next((one for one in segments if str(one[0]) == name), None)


def named(segments: list[hl7.Segment], name: str) -> list[hl7.Segment]:
    return [one for one in segments if str(one[0]) == name]


def line(text: str, most: int = 64) -> str:
    """A value of LO: no backslash, which separates values, no spaces around it, at most 64 characters (PS3.5 6.2)."""
    return text.replace("\\", "/").strip(" ")[:most].rstrip(" ")


def spread(text: str) -> list[str]:
    """Text that concerns safety is never cut: words move on to a further value."""
    if len(text.strip(" ")) <= 64:
        return [line(text)] if line(text) else []
    values = [""]
    for word in text.replace("\\", "/").split():
        if len(values[-1]) + len(word) + 1 > 64 and values[-1]:
            values.append("")
        values[-1] = f"{values[-1]} {word}".strip()
    return [one for one in values if one]


def several(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def digits(text: str) -> str:
    """A TS without its zone (DICOM DA and TM have none) and without its fraction: YYYYMMDDHHMMSS or shorter."""
    return re.split(r"[+.-]", text)[0]


# --- data types -------------------------------------------------------------------------------------------------------


def pn(family: str, given: str, middle: str, suffix: str, prefix: str, degree: str) -> str:
    """HL7 gives suffix, then prefix; PN (PS3.5 section 6.2) prefix, then suffix. A degree belongs to the suffix."""
    suffix = " ".join(one for one in (suffix, degree) if one)
    return "^".join((family, given, middle, prefix, suffix)).rstrip("^")


def xpn(repetition: str) -> str:
    return pn(*(part(repetition, number) for number in range(1, 7)))


def xcn(repetition: str) -> str:
    """XCN begins with the identifier, which is no part of a name."""
    return pn(*(part(repetition, number) for number in range(2, 8)))


def cnn(repetition: str) -> str:
    """OBR-32 and OBR-34 (NDL; CM in v2.3.1): the first component is the person, its parts are subcomponents."""
    return pn(*(part(repetition, 1, number) for number in range(2, 8)))


def patient_name(repetitions: list[str]) -> str:
    """PID-5. XPN-8 says the writing (table 0465: A, I, P): PN's three groups, PS3.5 section 6.2.1.1."""
    groups = {"A": "", "I": "", "P": ""}
    for number, one in enumerate(repetitions):
        writing = part(one, 8) or ("" if number else "A")  # the first repetition is the name, without a code as with A
        if writing in groups and not groups[writing]:
            groups[writing] = xpn(one)
    return "=".join((groups["A"], groups["I"], groups["P"])).rstrip("=")


def the_patient(identifiers: list[str]) -> str:
    """The repetition of PID-3 that names the patient (table 0203): MR, else PI, PT, untyped."""
    wanted = ["MR", "PI", "PT", ""]
    return min(identifiers, key=lambda one: wanted.index(part(one, 5)) if part(one, 5) in wanted else len(wanted))


def code(repetition: str, start: int = 1) -> tuple[str, str, str] | None:
    """(value, scheme, meaning), PS3.3 Table 8.8-1. No code without a scheme; the meaning of a bare code is the code."""
    value, meaning, scheme = (line(part(repetition, start + offset)) for offset in range(3))
    return (value, scheme, meaning or value) if value and scheme else None


def address(repetition: str) -> str:
    """XAD: street, other designation, city, state, postal code, country as one line of text."""
    return line(", ".join(one for one in (line(part(repetition, number)) for number in range(1, 7)) if one))


def location(repetition: str) -> str:
    """PL: point of care, room, bed as one line of text; the facility follows them."""
    return line(" ".join(one for one in (line(part(repetition, number)) for number in range(1, 5)) if one))


def quantity(observation: hl7.Segment, factors: dict[str, float]) -> float | None:
    unit = first(observation, 6).casefold()
    try:
        return float(first(observation, 5)) * factors[unit] or None
    except (KeyError, ValueError):
        return None


# --- order -> worklist ------------------------------------------------------------------------------------------------


def worklist_items(text: str, stations: Stations) -> list[dict[str, Any]]:
    """What an ORM^O01 or OMI^O23 puts on the worklist: one expectation a scheduled procedure step."""
    message = list(hl7.parse(text))
    starts = [index for index, one in enumerate(message) if str(one[0]) == "ORC"]
    head = message[: starts[0]]
    items = []
    for start, end in zip(starts, [*starts[1:], len(message)], strict=True):
        group = message[start:end]
        for ipc in named(group, "IPC") or [None]:
            items.append(_item(head, group, ipc, message, stations))
    return items


def _item(
    head: list[hl7.Segment],
    group: list[hl7.Segment],
    ipc: hl7.Segment | None,
    message: list[hl7.Segment],
    stations: Stations,
) -> dict[str, Any]:
    item: dict[str, Any] = {}
    item.update(_patient(segment(head, "PID"), named(head, "AL1")))
    item.update(_measures([one for one in head + group if str(one[0]) == "OBX"]))
    item.update(_visit(segment(head, "PID"), segment(head, "PV1")))
    item.update(_request(group))
    item.update(_procedure(group, ipc, message))
    item.update({STEP + keyword: value for keyword, value in _step(group, ipc, stations).items()})
    item.update(_words(item, segment(group, "OBR"), ipc))
    item["SpecificCharacterSet"] = CHARACTER_SETS[first(segment(head, "MSH"), 18)]
    return {keyword: value for keyword, value in item.items() if value not in ("", None, [])}


def _patient(pid: hl7.Segment | None, allergies: list[hl7.Segment]) -> dict[str, Any]:
    identifiers = field(pid, 3)
    chosen = the_patient(identifiers)
    others = [one for one in identifiers if one != chosen]
    birth = first(pid, 7)[:8]
    return {
        "PatientID": part(chosen, 1),
        "IssuerOfPatientID": part(chosen, 4),
        "OtherPatientIDsSequence": [(part(one, 1), part(one, 4), "TEXT") for one in others],
        "PatientName": patient_name(field(pid, 5)),
        "PatientBirthDate": birth if len(birth) == 8 else "",
        "PatientSex": SEXES.get(first(pid, 8), ""),
        "PatientAddress": address(field(pid, 11)[0]) if field(pid, 11) else "",
        "Allergies": [one for al1 in allergies for one in spread(first(al1, 3, 2) or first(al1, 3, 1))],
    }


def _measures(observations: list[hl7.Segment]) -> dict[str, Any]:
    measures: dict[str, Any] = {}
    for one in observations:
        named_as = first(one, 3, 2).casefold()
        if named_as == "body weight":
            measures["PatientWeight"] = measures.get("PatientWeight") or quantity(one, KILOGRAMS)
        elif named_as == "body height":
            measures["PatientSize"] = measures.get("PatientSize") or quantity(one, METRES)
    return measures  # the first that says something; nobody weighs nothing


def _visit(pid: hl7.Segment | None, pv1: hl7.Segment | None) -> dict[str, Any]:
    number = field(pv1, 19) or field(pid, 18)
    return {
        "AdmissionID": part(number[0], 1) if number else "",
        "IssuerOfAdmissionIDSequence": part(number[0], 4) if number else "",
        "CurrentPatientLocation": location(field(pv1, 3)[0]) if field(pv1, 3) else "",
        "ReferringPhysicianName": xcn(field(pv1, 8)[0]) if field(pv1, 8) else "",
        "PregnancyStatus": 3 if "B6" in field(pv1, 15) else "",  # US: a number
    }


def _request(group: list[hl7.Segment]) -> dict[str, Any]:
    orc, obr = segment(group, "ORC"), segment(group, "OBR")
    physicians = [xcn(one) for one in (*field(obr, 16)[:1], *field(orc, 12)[:1])]
    return {
        "PatientState": line(first(obr, 12, 2)) or line(first(obr, 12, 1)),
        "MedicalAlerts": [one for said in field(obr, 13) for one in spread(decoded(said))],
        "RequestingPhysician": next((one for one in physicians if one), ""),
        # OBR-2 and OBR-3 are the same fields as ORC-2 and ORC-3 (v2.5.1 4.5.3.2): one of the two places is enough.
        "PlacerOrderNumberImagingServiceRequest": first(orc, 2) or first(obr, 2),
        "FillerOrderNumberImagingServiceRequest": first(orc, 3) or first(obr, 3),
    }


def _procedure(group: list[hl7.Segment], ipc: hl7.Segment | None, message: list[hl7.Segment]) -> dict[str, Any]:
    orc, obr, tq1 = (segment(group, name) for name in ("ORC", "OBR", "TQ1"))
    codes = [code(one) for one in (*field(obr, 44)[:1], *field(obr, 4)[:1])]
    reason = field(obr, 31)[0] if field(obr, 31) else ""
    # One ZDS at the end of the message is the study of every order in it: the steps of one requested procedure (RAD-4).
    all_zds = named(message, "ZDS")
    zds = segment(group, "ZDS") or (all_zds[0] if len(all_zds) == 1 and message[-1] is all_zds[0] else None)
    priority = first(tq1, 9) if tq1 is not None else first(orc, 7, 6) or first(obr, 27, 6)
    return {
        "AccessionNumber": first(ipc, 1) if ipc is not None else first(obr, 18),
        "RequestedProcedureID": first(ipc, 2) if ipc is not None else first(obr, 19),
        "StudyInstanceUID": first(ipc, 3) if ipc is not None else first(zds, 1),
        "RequestedProcedureDescription": line(first(obr, 44, 2)) or line(first(obr, 4, 2)),
        "RequestedProcedureCodeSequence": [one for one in codes if one][:1],
        "RequestedProcedurePriority": PRIORITIES.get(priority, ""),
        "ReasonForTheRequestedProcedure": line(part(reason, 2)) or line(part(reason, 1)),
        "ReasonForRequestedProcedureCodeSequence": [one for one in [code(reason)] if one],
        "PatientTransportArrangements": line(first(obr, 30)),
        "RequestedProcedureComments": "\n".join(_notes(group)).rstrip(" "),  # LT: no significance at its end
    }


def _words(item: dict[str, Any], obr: hl7.Segment | None, ipc: hl7.Segment | None) -> dict[str, str]:
    """Table K.6-1: a description, a code, or both (1C). A code without a coding system is none, but it is words."""
    words = {}
    if not (item["RequestedProcedureDescription"] or item["RequestedProcedureCodeSequence"]):
        said = [first(obr, 44), first(obr, 4), first(obr, 4, 5), first(obr, 4, 4)]
        words["RequestedProcedureDescription"] = next(filter(None, map(line, said)), "")
    if not (item[f"{STEP}ScheduledProcedureStepDescription"] or item[f"{STEP}ScheduledProtocolCodeSequence"]):
        said = [first(ipc, 6), first(obr, 4, 4), first(obr, 4), first(obr, 44, 2), first(obr, 44)]
        words[f"{STEP}ScheduledProcedureStepDescription"] = next(filter(None, map(line, said)), "")
    return words


def _notes(group: list[hl7.Segment]) -> list[str]:
    """The NTE after ORC, TQ1 or OBR are about the order; those after an OBX are about that observation."""
    notes = []
    for one in group:
        name = str(one[0])
        if name == "OBX":
            break
        if name == "NTE":
            notes += [decoded(repetition) for repetition in field(one, 3) if repetition not in ("", '""')]
    return notes if any(one.strip() for one in notes) else []


def _step(group: list[hl7.Segment], ipc: hl7.Segment | None, stations: Stations) -> dict[str, Any]:
    orc, obr, tq1 = (segment(group, name) for name in ("ORC", "OBR", "TQ1"))
    modality = first(ipc, 5) if ipc is not None else first(obr, 24)
    ae_title, station_name, place = stations.get(modality, ("", "", ""))
    start = first(tq1, 7) if tq1 is not None else first(orc, 7, 4) or first(obr, 27, 4)
    if ipc is not None:
        description, codes = first(ipc, 6, 2), [code(one) for one in field(ipc, 6)[:1]]
    else:
        description, codes = "", []
    description = line(description) or line(first(obr, 4, 5)) or line(first(obr, 4, 2))
    codes += [code(one, start) for one in field(obr, 4)[:1] for start in (4, 1)]
    date, time = digits(start)[:8], re.split(r"[+-]", start)[0][8:]
    return {
        "ScheduledStationAETitle": several(field(ipc, 9) or [ae_title]),
        "ScheduledProcedureStepStartDate": date if len(date) == 8 else "",
        "ScheduledProcedureStepStartTime": time,
        "Modality": modality,
        "ScheduledPerformingPhysicianName": cnn(field(obr, 34)[0]) if field(obr, 34) else "",
        "ScheduledProcedureStepDescription": description,
        "ScheduledProtocolCodeSequence": [one for one in codes if one][:1],
        "ScheduledProcedureStepID": first(ipc, 4) if ipc is not None else first(obr, 20),
        # The table's scanner is not the one that the order names, if it names one: then name and room are unknown.
        "ScheduledStationName": line(first(ipc, 7), 16) or (station_name if field(ipc, 9) in ([], [ae_title]) else ""),
        "ScheduledProcedureStepLocation": line(first(ipc, 8), 16)
        or line(first(ipc, 8, 2), 16)
        or (place if field(ipc, 9) in ([], [ae_title]) else ""),
        "ScheduledProcedureStepStatus": _status(first(orc, 1), first(orc, 5)),
    }


def _status(control: str, order_status: str) -> str:
    if control == "CA":
        return "CANCELED"
    if control == "DC":
        return "DISCONTINUED"
    if control == "XO" and order_status == "CM":
        return "COMPLETED"
    return "SCHEDULED"


# --- worklist -> image ------------------------------------------------------------------------------------------------

#: Copied to the image under the same keyword.
COPIED = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientSize",
    "PatientWeight",
    "StudyInstanceUID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "InstitutionName",
    "AdmissionID",
    "ReferencedStudySequence",
)
#: Copied to the image under another keyword.
RENAMED = {
    "RequestedProcedureID": "StudyID",
    "RequestedProcedureDescription": "StudyDescription",
    "RequestedProcedureCodeSequence": "ProcedureCodeSequence",
    f"{STEP}ScheduledPerformingPhysicianName": "PerformingPhysicianName",
}
#: Copied into the item of Request Attributes Sequence (0040,0275), PS3.3 Table 10-9.
REQUEST_ATTRIBUTES = (
    "StudyInstanceUID",
    "AccessionNumber",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "RequestedProcedureCodeSequence",
    f"{STEP}ScheduledProcedureStepID",
    f"{STEP}ScheduledProcedureStepDescription",
    f"{STEP}ScheduledProtocolCodeSequence",
)
#: Never copied: what was planned is not what was done.
PLANS = (
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "ScheduledStationAETitle",
    "ScheduledStationName",
    "ScheduledProcedureStepStatus",
    "ScheduledProcedureStepLocation",
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepSequence",
)


def image_attributes(item: dict[str, Any]) -> dict[str, Any]:
    """What a scanner copies from a worklist item into every image; attributes of the request item have its prefix."""
    image = {keyword: item[keyword] for keyword in COPIED if keyword in item}
    image |= {target: item[source] for source, target in RENAMED.items() if source in item}
    for source in REQUEST_ATTRIBUTES:
        if source in item:
            image[f"RequestAttributesSequence.{source.removeprefix(STEP)}"] = item[source]
    return image


# --- report -> study --------------------------------------------------------------------------------------------------

STUDY_UID_CODES = (("110180", "DCM"), ("113014", "DCM"))


def report(text: str) -> dict[str, Any]:
    """What an ORU^R01 says: the keys by which the report finds its study, its status, its text, its document."""
    message = list(hl7.parse(text))
    pid, obr = segment(message, "PID"), segment(message, "OBR")
    identifiers = field(pid, 3)
    chosen = the_patient(identifiers)
    study_uids, lines, observations, document = [], [], [], b""
    for one in named(message, "OBX"):  # of a message with one OBR
        value_type, status = first(one, 2), first(one, 11)
        observations.append((first(one, 3, 1), value_type, status))
        if (first(one, 3, 1), first(one, 3, 3)) in STUDY_UID_CODES:
            study_uids.append(first(one, 5))
        elif status in ("D", "W"):  # table 0085: the record is deleted, the original was posted as wrong
            continue
        elif value_type in ("TX", "FT", "ST"):
            lines += [decoded(repetition) for repetition in field(one, 5)] or [""]  # an empty OBX is an empty line
        elif value_type == "ED":
            document = base64.b64decode(first(one, 5, 5))
    return {
        "patient_id": part(chosen, 1),
        "issuer_of_patient_id": part(chosen, 4),
        "patient_name": patient_name(field(pid, 5)),
        "accession_number": first(obr, 18),
        "placer_order_number": first(obr, 2),
        "filler_order_number": first(obr, 3),
        "requested_procedure_id": first(obr, 19),
        "procedure": tuple(first(obr, 4, number) for number in (1, 2, 3)),
        "study_instance_uid": study_uids[0] if study_uids else "",
        "status": first(obr, 25),
        "observed_at": digits(first(obr, 7)),
        "status_changed_at": digits(first(obr, 22)),
        "signed_by": cnn(field(obr, 32)[0]) if field(obr, 32) else "",
        "requested_by": xcn(field(obr, 16)[0]) if field(obr, 16) else "",
        "text": "\n".join(lines),
        "observations": observations,
        "document": document,
    }
