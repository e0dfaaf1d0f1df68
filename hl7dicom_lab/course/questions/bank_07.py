"""The bank's questions about reports: the ORU^R01, its keys, its statuses, and two receivers."""

from __future__ import annotations

from hl7dicom_lab import story
from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Option,
    Ordering,
    Pair,
    Place,
    ShortText,
    SingleChoice,
    Wrong,
)
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Report

_ACCESSION = "NG000001"


def _in_pacs(lab: Lab) -> Report:
    """The first report that came for Elena Rivera's study."""
    return lab.pacs.reports.history(_ACCESSION)[0].report


def _in_emr(lab: Lab) -> Report:
    return lab.emr.reports.history(_ACCESSION)[0].report


QUESTIONS = (
    SingleChoice(
        id="11-07-01",
        lesson="07",
        text="Which message carries a radiology report from the dictation system to the EMR?",
        options=(
            Option("ORU^R01", "ORU is the message for results.", correct=True),
            Option("ORM^O01", "ORM orders something: it went the other way, before the examination."),
            Option("ADT^A04", "ADT tells of the patient and the visit. It holds no result."),
            Option("ACK^R01", "ACK is the answer to the message that carries the report."),
        ),
        because="ORU^R01 is the unsolicited result: the sender does not wait to be asked.",
        source="HL7 v2.3.1 section 7.2",
    ),
    SingleChoice(
        id="11-07-02",
        lesson="07",
        text="OBR-25 is C, and OBX-11 of one paragraph is F. What does that say?",
        options=(
            Option(
                "The report was corrected, and this paragraph stayed as it was.",
                "Each table speaks of its own: the whole report, and one observation.",
                correct=True,
            ),
            Option(
                "The message contradicts itself, and the receiver has to refuse it.",
                "The two fields are about different things, so they may differ.",
            ),
            Option(
                "The report is final, and this paragraph was corrected.",
                "It is the other way round: OBR-25 is the whole report, OBX-11 the paragraph.",
            ),
            Option(
                "The paragraph is newer than the report.",
                "Neither field is a time. OBR-22 says when the status of the report changed.",
            ),
        ),
        because="OBR-25 (table 0123) is the status of the whole, OBX-11 (table 0085) that of one observation.",
        source="HL7 v2.5.1 sections 7.4.1.25 and 7.4.2.11",
    ),
    Matching(
        id="11-07-03",
        lesson="07",
        text="Which character does each escape sequence stand for, with the usual separators?",
        pairs=(
            Pair("\\F\\", "|", "F is the field separator."),
            Pair("\\S\\", "^", "S separates components."),
            Pair("\\T\\", "&", "T separates subcomponents."),
            Pair("\\R\\", "~", "R separates repetitions."),
        ),
        distractors=("#",),
        because="The letters name the separators by their job, not by their form: a sender may use other characters.",
        source="HL7 v2.5.1 section 2.7",
    ),
    MultipleChoice(
        id="11-07-04",
        lesson="07",
        text="Which of these lead a report to its study in the PACS of this course?",
        options=(
            Option(
                "PID-3: the patient's identifier with its issuer", "Patient and study both have to agree.", correct=True
            ),
            Option("OBR-18: the accession number", "The number of this examination in the department.", correct=True),
            Option(
                "OBX-5 under the code 110180: the Study Instance UID", "The name of the study in DICOM.", correct=True
            ),
            Option("MSH-10: the control id of the message", "MSH-10 names the message. The images know nothing of it."),
            Option(
                "PID-5: the patient's family name and given names",
                "Two patients may have one name, and one patient two spellings.",
            ),
        ),
        because="A patient and a study key have to agree. The name is compared too, but it is no key.",
    ),
    NumberQuestion(
        id="11-07-05",
        lesson="07",
        text="A report goes to the EMR, the PACS and a regional archive. For how many answers does the sender wait?",
        answer=3,
        wrong=(
            Wrong(1, "Each of the three gets a message of its own. Which of them would answer for the others?"),
            Wrong(6, "Messages and acknowledgments together are six. The sender waits for the answers only."),
        ),
        otherwise="Count the receivers: each gets one message and sends one answer.",
        because="In a fan-out each receiver answers for itself.",
    ),
    SingleChoice(
        id="11-07-06",
        lesson="07",
        text="The EMR has the final report, the PACS answered AR. What has to be sent again, and to whom?",
        options=(
            Option("The mended message, to the PACS only.", "The EMR has its copy.", correct=True),
            Option("The mended message, to both.", "The EMR would get a second version of what it already has."),
            Option(
                "The same message unchanged, to the PACS only.",
                "What was refused for its content or its header is refused again.",
            ),
            Option("Nothing, because one receiver has the report.", "The PACS goes on showing what it had before."),
        ),
        because="AR says that the message as such cannot be taken. Mend what the answer names and send it there again.",
    ),
    SingleChoice(
        id="11-07-07",
        lesson="07",
        text="A preliminary report arrives an hour after the final one. What does the PACS of this course do?",
        options=(
            Option(
                "It answers AA, keeps it, and goes on showing the final one.",
                "The message is good, but it is no newer version.",
                correct=True,
            ),
            Option("It answers AA and shows it, because it came last.", "Then a draft would hide the signed report."),
            Option(
                "It answers AE, because a final report on this study is there already.",
                "Nothing is wrong in the message. It is only late.",
            ),
            Option("It answers AA and throws it away.", "What was accepted is kept: it belongs to the history."),
        ),
        because="Here a preliminary report never replaces a final one, in whatever order they arrive. MSA-3 says so.",
    ),
    Ordering(
        id="11-07-08",
        lesson="07",
        text="All four versions have reached the PACS of this course. Which one is shown? Begin with it, then what "
        "would be shown without it.",
        places=(
            Place("Corrected report, OBR-22 at 10:20", "It is no draft, and its OBR-22 is the latest."),
            Place("Final report, OBR-22 at 09:55", "A later correction stands above it, every draft below it."),
            Place("Preliminary report, OBR-22 at 09:45", "Every signed report stands above a preliminary one."),
            Place("Preliminary report, OBR-22 at 09:40", "Of two preliminary reports the later one is shown."),
        ),
        because="Preliminary is below all others. Among equals the later OBR-22 counts, not the order of arrival.",
    ),
    ShortText(
        id="11-07-09",
        lesson="07",
        text="Which field holds the status of the whole report? Write it as segment, hyphen, number.",
        accepted=("OBR-25", "OBR 25", "OBR25", "OBR.25"),
        wrong=(
            Wrong(
                "OBX-11",
                "OBX-11 is the status of one observation. The segment of the examination has that of the whole.",
            ),
            Wrong("ORC-5", "ORC-5 is the status of an order, not of its report."),
        ),
        otherwise="It is in the segment that names the examination, with a value of table 0123.",
        because="OBR-25 holds P, F, C, X and others of table 0123.",
        source="HL7 v2.5.1 section 7.4.1.25",
    ),
    SingleChoice(
        id="11-07-10",
        lesson="07",
        text="Only the impression changes. What does the corrected report hold?",
        options=(
            Option("All paragraphs, the unchanged ones too.", "It takes the place of the whole version.", correct=True),
            Option("Only the impression, to save space.", "Then the findings would be gone from the screen."),
            Option("Only the words that differ.", "A receiver does not put texts together from parts."),
            Option("The findings, and a note to call the radiologist.", "The new impression has to be in the message."),
        ),
        because="A corrected report is sent whole: what it does not hold, nobody sees any more.",
    ),
    Matching(
        id="11-07-11",
        lesson="07",
        text="What does each OBX-2 say about OBX-5?",
        pairs=(
            Pair("TX", "text; a repetition begins a new line", "TX is text for people to read."),
            Pair("FT", r"text with commands such as \.br\ in it", "FT is formatted text; the commands form it."),
            Pair("ED", "a document, such as a PDF in base64", "ED is encapsulated data."),
        ),
        distractors=("a number with its unit",),
        because="Without OBX-2 a receiver could not tell a line of text from a document.",
        source="HL7 v2.5.1 section 7.4.2.2",
    ),
    MultipleChoice(
        id="11-07-12",
        lesson="07",
        text="Which values may stand in OBX-11, but not in OBR-25?",
        options=(
            Option(
                "W: it was wrong, such as for another patient",
                "Only one observation can be withdrawn so.",
                correct=True,
            ),
            Option("D: delete this OBX", "It speaks of one OBX, never of a whole report.", correct=True),
            Option("F: final; only a correction may change it", "F, final, is in both tables."),
            Option("C: corrected; it takes the place of what was final", "C, corrected, is in both tables."),
            Option("P: preliminary; it may still change", "P, preliminary, is in both tables."),
        ),
        because="Table 0085 has D and W, table 0123 has not.",
        source="HL7 v2.3.1 chapter 7, tables 0085 and 0123",
    ),
    SingleChoice(
        id="11-07-13",
        lesson="07",
        text="An ORU comes without OBR-25. Why does this lab refuse it, although its text is complete?",
        options=(
            Option(
                "Nobody could tell a final report from a draft.",
                "The status is part of what the report says.",
                correct=True,
            ),
            Option("The receiver would not know the patient.", "The patient stands in PID, another segment."),
            Option("The text in OBX-5 could not be decoded.", "OBX-2 says how OBX-5 is read, not OBR-25."),
            Option("The answer could not be matched to the message.", "MSH-10 is there for that."),
        ),
        because="A system that guessed final could show a draft as signed. It answers AE and names OBR-25.",
    ),
    SingleChoice(
        id="11-07-14",
        lesson="07",
        text="A text is escaped twice before it is sent. What does the reader see?",
        options=(
            Option(
                r"The letters \T\ where & should be",
                "One escaping is undone, the other stays in the text.",
                correct=True,
            ),
            Option("The text as it was dictated", "The receiver undoes one escaping, not two."),
            Option("Half of the text", "That happens when a | is not escaped at all."),
            Option("Nothing, because the message is refused", "For the receiver the message is well formed."),
        ),
        because="Escape once when you write a field; the receiver undoes it once when it reads the field.",
        source="HL7 v2.5.1 section 2.7",
    ),
    ShortText(
        id="11-07-15",
        lesson="07",
        text="In your department: which control id had the message that brought the PACS its first report on NG000001?",
        accepted=(lambda lab: _in_pacs(lab).control_id,),
        wrong=(
            Wrong(lambda lab: _in_emr(lab).control_id, "That was the EMR's copy. The PACS got a message of its own."),
            Wrong(_ACCESSION, "That is the accession number. The control id names a message."),
        ),
        otherwise='Look at lab.pacs.reports.history("NG000001")[0].report.control_id.',
        because="Each receiver gets a message of its own, so each copy has a control id of its own.",
    ),
    SingleChoice(
        id="11-07-16",
        lesson="07",
        text="In your department: who signed the first report on the study NG000001?",
        options=(
            Option(lambda lab: _in_pacs(lab).signed_by.split("^")[0], "OBR-32 names who interprets.", correct=True),
            Option(story.DR_OKAFOR.name.family, "This physician has ordered the examination. Look at signed_by."),
            Option(story.PATIENT.name.family, "This is the patient. Look at signed_by."),
        ),
        because="OBR-32, the principal result interpreter, is the radiologist who answers for the report; OBR-16 is "
        "who ordered.",
        source="HL7 v2.5.1 section 7.4.1.32",
    ),
    NumberQuestion(
        id="11-07-17",
        lesson="07",
        text="In your department: how many observations (OBX) does the first report on NG000001 in the PACS hold, the "
        "study UID counted?",
        answer=lambda lab: len(_in_pacs(lab).observations),
        wrong=(
            Wrong(0, "Each report has at least one OBX: its text. Look at .report.observations."),
            Wrong(24, "24 is the number of images. Look at .report.observations."),
        ),
        otherwise='Count lab.pacs.reports.history("NG000001")[0].report.observations.',
        because="The study UID travels as an observation, and so does the text.",
    ),
    ShortText(
        id="11-07-18",
        lesson="07",
        text="In your department: with which letter of table 0123 did the first report on NG000001 come to the EMR?",
        accepted=(lambda lab: str(_in_emr(lab).status),),
        wrong=(
            Wrong("P", "P would be an early result, before the signature. Look at .report.status."),
            Wrong("AA", "AA is the answer to a message. The status of the report is one letter."),
        ),
        otherwise='Look at lab.emr.reports.history("NG000001")[0].report.status.',
        because="OBR-25 of the message is kept with the report, in the EMR as in the PACS.",
    ),
    NumberQuestion(
        id="11-07-19",
        lesson="07",
        text="In your department: in how many systems does a report on NG000001 stand?",
        answer=lambda lab: sum(bool(one.reports.history(_ACCESSION)) for one in (lab.emr, lab.pacs)),
        wrong=(
            Wrong(1, "Ask both that keep reports: lab.emr.reports and lab.pacs.reports."),
            Wrong(3, "The RIS keeps orders and steps. Which systems keep reports?"),
        ),
        otherwise="Ask lab.emr.reports.history and lab.pacs.reports.history with the accession number.",
        because="The dictation system sent one report to two receivers, and both accepted it.",
    ),
)
