"""The bank's questions about worklist queries: associations, keys, matching, statuses, and empty lists."""

from __future__ import annotations

from hl7dicom_lab import story_day
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
from hl7dicom_lab.model import Patient, WorklistItem

_TODAY, _TOMORROW = "20260302", "20260303"


def _step_of(lab: Lab, patient: Patient) -> WorklistItem:
    """The step of a patient who is on the worklist."""
    return next(step for step in lab.ris.steps() if step.patient_id == patient.identifier.value)


def _name(lab: Lab, patient: Patient) -> str:
    return _step_of(lab, patient).patient_name.partition("=")[0]


def _mr_on(lab: Lab, day: str) -> int:
    return sum(step.modality == "MR" and step.start.startswith(day) for step in lab.ris.steps())


QUESTIONS = (
    SingleChoice(
        id="11-04-01",
        lesson="04",
        text="What has to be entered at a new scanner, so that it reaches the worklist?",
        options=(
            Option("host, port and AE title of the RIS", "All three are needed to open an association.", correct=True),
            Option(
                "host and port of the RIS, nothing else", "The RIS may reject a call that uses a name it does not have."
            ),
            Option("the AE title of the RIS, nothing else", "An AE title is a name, and no address on the network."),
            Option(
                "the UID of the RIS and a password", "An application entity is called by its AE title, not by a UID."
            ),
        ),
        because="Host and port lead to the system; the called AE title says which application on it is meant.",
        source="DICOM PS3.8 section 9.3.2",
    ),
    SingleChoice(
        id="11-04-02",
        lesson="04",
        text="You look at the bytes from the RIS. Its first PDU begins with 03. What has happened?",
        options=(
            Option("The association was rejected.", "Type 03 is A-ASSOCIATE-RJ.", correct=True),
            Option("The association was accepted.", "Acceptance, A-ASSOCIATE-AC, is type 02."),
            Option("The RIS sends data at once.", "Data come in P-DATA-TF, type 04, and only after an acceptance."),
            Option("The RIS asks for an association.", "A request is type 01, and it comes from the one who calls."),
        ),
        because="The first byte of every PDU is its type: 01 request, 02 acceptance, 03 rejection, 04 data.",
        source="DICOM PS3.8 section 9.3.4",
    ),
    NumberQuestion(
        id="11-04-03",
        lesson="04",
        text="In an A-ASSOCIATE-RQ, how many bytes does the called AE title take?",
        answer=16,
        wrong=(
            Wrong(13, "NORTHGATE_RIS has 13 characters, but the field has a fixed length and is filled up."),
            Wrong(64, "64 is the longest UID. An AE title is shorter."),
            Wrong(8, "8 digits make a date. An AE title may be longer."),
        ),
        otherwise="Its field begins at byte 10 and the calling AE title at byte 26, counted from 0.",
        because="An AE title has at most 16 characters, and its field is filled up with spaces to 16 bytes.",
        source="DICOM PS3.8 Table 9-11",
    ),
    MultipleChoice(
        id="11-04-04",
        lesson="04",
        text="Which numbers can be the id of a presentation context?",
        options=(
            Option("1", "The first odd number, and usually the first id.", correct=True),
            Option("3", "Ids are odd numbers.", correct=True),
            Option("255", "255 is odd, and the highest that there is.", correct=True),
            Option("2", "2 is even, and ids are odd numbers."),
            Option("257", "257 is odd, but the id is one byte: 255 is the highest."),
        ),
        keep_order=True,
        because="Ids are the odd numbers from 1 to 255, so there can be 128 contexts on one association.",
        source="DICOM PS3.8 section 9.3.2.2",
    ),
    Matching(
        id="11-04-05",
        lesson="04",
        text="What does each status of a C-FIND response on the worklist say?",
        pairs=(
            Pair("0xFF00", "here is a match, more follows", "Pending: every match comes with it."),
            Pair("0xFF01", "here is a match; a key was not supported", "Pending too, with a warning about a key."),
            Pair("0x0000", "that was all", "Success stands in the final response, which has no data."),
            Pair(
                "0xA900", "the query does not fit, no match is sent", "A refusal: read the comment, correct the query."
            ),
            Pair("0xFE00", "the search was cancelled", "The final response after a C-CANCEL of the scanner."),
        ),
        because="Two kinds of pending come with matches; all other statuses are final.",
        source="DICOM PS3.4 Table K.4-1",
    ),
    SingleChoice(
        id="11-04-06",
        lesson="04",
        text="A query has AccessionNumber with no value. What does this key do?",
        options=(
            Option("It fits every step, and comes back filled.", "An empty key is a return key.", correct=True),
            Option(
                "It finds steps without an accession number.",
                "An empty key has nothing to compare with, so it keeps no step out.",
            ),
            Option("It makes the RIS refuse the query.", "Empty keys are usual. A scanner sends many of them."),
            Option(
                "It is left out of the query and of the answer.",
                "It is sent, and every attribute that is sent comes back.",
            ),
        ),
        because="Universal matching: a key without a value matches everything, and asks for the attribute.",
        source="DICOM PS3.4 section C.2.2.2.3",
    ),
    ShortText(
        id="11-04-07",
        lesson="04",
        text="In which sequence stand Modality and start date in a worklist query? Give its keyword or its tag.",
        accepted=(
            "ScheduledProcedureStepSequence",
            "Scheduled Procedure Step Sequence",
            "(0040,0100)",
            "0040,0100",
            "(0040, 0100)",
            "00400100",
        ),
        wrong=(
            Wrong("RequestAttributesSequence", "That one is in images: it repeats what was requested."),
            Wrong("RequestedProcedureCodeSequence", "That one holds the code of the procedure that was ordered."),
            Wrong("ScheduledProcedureStep", "Nearly: the keyword ends with what holds items."),
        ),
        otherwise="Its name says scheduled, procedure step, and the word for an attribute that holds items.",
        because="What is planned for the step stands in the item of ScheduledProcedureStepSequence (0040,0100).",
        source="DICOM PS3.4 Table K.6-1",
    ),
    SingleChoice(
        id="11-04-08",
        lesson="04",
        text="Your RIS holds Okonkwo^Chidi. A scanner sends the name Okonkwo, as it was typed. What comes back?",
        options=(
            Option(
                "Nobody: the key is not the whole name.",
                "Without a wild card the key has to fit all of it.",
                correct=True,
            ),
            Option(
                "Chidi Okonkwo: the family name fits.", "Matching looks at the whole name, not at its first part alone."
            ),
            Option(
                "A refusal, because the given name is missing.",
                "A name of one part is a right value. It only fits nobody.",
            ),
            Option(
                "Everybody, because the name is not complete.",
                "Only an empty key fits everybody. This one has a value.",
            ),
        ),
        because="Many scanners add the * themselves. This one does not, so Okonkwo* has to be typed.",
        source="DICOM PS3.4 section C.2.2.2.1",
    ),
    Matching(
        id="11-04-09",
        lesson="04",
        text="Which kind of matching does each key ask for?",
        pairs=(
            Pair('Modality = "MR"', "single value matching", "One value, without wild card: this one and no other."),
            Pair('PatientName = "Tanaka*"', "wild card matching", "* stands for any characters or none."),
            Pair(
                'ScheduledProcedureStepStartDate = "20260302-"',
                "range matching",
                "A hyphen in a date makes a range, here with no end.",
            ),
            Pair('AccessionNumber = ""', "universal matching", "An empty key fits every step."),
            Pair(
                "ScheduledProcedureStepSequence with one item", "sequence matching", "Every key in the item has to fit."
            ),
        ),
        because="The kind of matching follows from the value of the key and its value representation.",
        source="DICOM PS3.4 section C.2.2.2",
    ),
    NumberQuestion(
        id="11-04-10",
        lesson="04",
        text="Ask your own worklist for Modality MR on 20260302. How many steps match now?",
        answer=lambda lab: _mr_on(lab, _TODAY),
        wrong=(
            Wrong(
                lambda lab: _mr_on(lab, _TODAY) + 1, "Is one of them over, or due tomorrow? Such a step does not match."
            ),
            Wrong(lambda lab: len(lab.ris.steps()), "That is the whole worklist. Two keys narrow it."),
        ),
        otherwise="lab.modality.query() sends this query for you; count what comes back.",
        because="A step matches when every key fits, and only steps that are not over are on the list.",
    ),
    ShortText(
        id="11-04-11",
        lesson="04",
        text="Lars Åkesson is on your worklist. Under which accession number?",
        accepted=(lambda lab: _step_of(lab, story_day.LARS_AKESSON).accession_number,),
        wrong=(
            Wrong(
                lambda lab: _step_of(lab, story_day.LARS_AKESSON).patient_id,
                "That is his PatientID, which names him, not the examination.",
            ),
            Wrong(
                lambda lab: _step_of(lab, story_day.LARS_AKESSON).placer_order_number,
                "That is the EMR's order number. The accession number is the department's.",
            ),
        ),
        otherwise="Look at lab.ris.steps(), or query the worklist with his name and an empty AccessionNumber.",
        because="The accession number comes back with the step, when the query asks for it.",
    ),
    SingleChoice(
        id="11-04-12",
        lesson="04",
        text=lambda lab: (
            "No query finds Elena Rivera's step on your worklist, and in your RIS its status is "
            f"{lab.ris.step('NG000001').status.value}. What is to be done?"
        ),
        options=(
            Option(
                "Nothing: the step is over and has left the list.",
                "A completed step is no longer to be done.",
                correct=True,
            ),
            Option(
                "Order the MRI again, so that it is on the list.",
                "It would be a second examination. The first has been carried out.",
            ),
            Option("Query with a wild card in the name.", "The keys are not the reason: the step is not on the list."),
            Option(
                "Query without the date, so that all days are found.",
                "The date is not the reason: a step that is over has no day on the list.",
            ),
        ),
        because="Completed, cancelled and discontinued steps leave the worklist. The RIS says which it is.",
    ),
    SingleChoice(
        id="11-04-13",
        lesson="04",
        text='Your scanner sends Modality "MR" and ScheduledProcedureStepStartDate "20260303-". Who comes back?',
        options=(
            Option(
                lambda lab: _name(lab, story_day.SAMIR_HADDAD), "The only MR step on that day or later.", correct=True
            ),
            Option(
                lambda lab: _name(lab, story_day.JUERGEN_MUELLER), "An MR, but on 2 March: before the range begins."
            ),
            Option(lambda lab: _name(lab, story_day.YUKI_TANAKA), "An MR, but on 2 March: before the range begins."),
            Option(lambda lab: _name(lab, story_day.LARS_AKESSON), "A CT, and on 2 March: neither key fits."),
        ),
        because="A range that ends with a hyphen begins at its date, which is included, and has no end.",
    ),
    Ordering(
        id="11-04-14",
        lesson="04",
        text="A service engineer tests the connection with C-ECHO. Bring what goes over the wire into order.",
        places=(
            Place("A-ASSOCIATE-RQ with the context for Verification", "The one who calls proposes what to talk about."),
            Place("A-ASSOCIATE-AC with result 0 for this context", "The answer to the proposal comes before its use."),
            Place("C-ECHO-RQ", "It may be sent once its context is accepted."),
            Place("C-ECHO-RSP with status 0x0000", "It answers the C-ECHO-RQ."),
            Place("A-RELEASE-RQ", "The association is released when the echo has been answered."),
        ),
        because="Even the smallest service needs an association, and a context that was accepted.",
        source="DICOM PS3.7 section 9.1.5",
    ),
    MultipleChoice(
        id="11-04-15",
        lesson="04",
        text="In a query to the RIS of this course, Modality stands at the root by mistake. Which signs tell you?",
        options=(
            Option(
                "Steps of other modalities are on the list.",
                "The key was ignored, so it kept nobody out.",
                correct=True,
            ),
            Option(
                "Modality comes back empty.",
                "The worklist has no Modality at the root, so there is no value.",
                correct=True,
            ),
            Option("The status of the matches is 0xFF01.", "It says that a key was not supported.", correct=True),
            Option("The RIS rejects the association (A-ASSOCIATE-RJ).", "A rejection comes before any query is read."),
            Option(
                "The final status is 0xA900.", "That would be a refusal. Here the RIS answers, and ignores the key."
            ),
        ),
        because="A misplaced key does not narrow the list here. Another RIS may answer it in another way.",
        source="DICOM PS3.4 Table K.4-1",
    ),
    SingleChoice(
        id="11-04-16",
        lesson="04",
        text="How does one query ask for the steps of 2 and 3 March 2026?",
        options=(
            Option('"20260302-20260303"', "Two dates and a hyphen are a range.", correct=True),
            Option(
                '"2026-03-02/2026-03-03"', "A date is eight digits. Hyphens make ranges, and a slash has no meaning."
            ),
            Option('"2026030?"', "Wild cards do not work in dates and times."),
            Option(
                '"20260302\\20260303"',
                "A backslash stands between several values, and dates are not matched by a list.",
            ),
        ),
        because="Range matching works on dates and times. Both ends are included.",
        source="DICOM PS3.4 section C.2.2.2.5",
    ),
    NumberQuestion(
        id="11-04-17",
        lesson="04",
        text="Twelve steps match a query. How many C-FIND responses does the scanner receive?",
        answer=13,
        wrong=(
            Wrong(12, "Twelve carry a match. How does the scanner know that there is no thirteenth?"),
            Wrong(1, "Each match comes in a response of its own."),
        ),
        otherwise="One response for each match, and one that ends them.",
        because="Twelve responses are pending, each with one match; the last has status 0x0000 and no data.",
        source="DICOM PS3.4 section K.4.1.3",
    ),
    ShortText(
        id="11-04-18",
        lesson="04",
        text="Samir Haddad is on your worklist for tomorrow. Which AE title does his step's station have?",
        accepted=(lambda lab: _step_of(lab, story_day.SAMIR_HADDAD).station_ae_titles[0],),
        wrong=(
            Wrong("MR1", "That is the name of the station. The scanner asks by its AE title, which is longer."),
            Wrong("NORTHGATE_RIS", "That is the system that you ask, not the scanner that does the step."),
            Wrong("MR", "That is the modality: a kind of scanner, and not one of them."),
        ),
        otherwise="Query with an empty ScheduledStationAETitle in the step's item, or look at lab.ris.steps().",
        because="ScheduledStationAETitle says on which scanner the step is planned; each scanner asks by its own.",
    ),
    SingleChoice(
        id="11-04-19",
        lesson="04",
        text="The scanner's list is empty, and the final status is 0xA900. What do you know?",
        options=(
            Option(
                "The query was refused; there may well be work.",
                "A refusal says nothing about the list itself.",
                correct=True,
            ),
            Option(
                "Nothing is scheduled for this scanner.",
                "Then the final status would be 0x0000, without any match before it.",
            ),
            Option("The RIS cannot be reached from the scanner.", "It answered, so it can be reached."),
            Option(
                "The scanner's AE title is not known.",
                "Then the association would have been rejected, before any query.",
            ),
        ),
        because="Read the final status before you believe an empty list. The error comment says what is wrong.",
        source="DICOM PS3.4 Table K.4-1",
    ),
    MultipleChoice(
        id="11-04-20",
        lesson="04",
        text="Which of these keys may a scanner send with a wild card?",
        options=(
            Option("PatientName", "Names may have wild cards.", correct=True),
            Option(
                "RequestedProcedureDescription", "It is text that people read, and may have wild cards.", correct=True
            ),
            Option("Modality", "Its matching is by single value only."),
            Option("ScheduledStationAETitle", "Its matching is by single value only."),
            Option("ScheduledProcedureStepStartDate", "In dates there are ranges, and no wild cards."),
        ),
        because="Wild cards work in names and other text, unless the worklist's table allows a single value only.",
        source="DICOM PS3.4 section C.2.2.2.4 and Table K.6-1",
    ),
)
