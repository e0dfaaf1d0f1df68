"""The bank's questions about reports beside images: keys, the exceptions queue, what the screen shows."""

from __future__ import annotations

from hl7dicom_lab import story, story_day
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

_ELENA, _MARCO = "NG000001", "NG000004"


def _without_report(lab: Lab) -> str:
    """The accession number of a study that has images and no report."""
    numbers = (one.accession_number for one in lab.pacs.studies())
    return next(one for one in numbers if lab.pacs.open_study(one).report is None)


def _family(lab: Lab) -> int:
    return sum(one.patient_name.startswith(f"{story.PATIENT.name.family}^") for one in lab.pacs.studies())


QUESTIONS = (
    Matching(
        id="11-08-01",
        lesson="08",
        text="Which HL7 field has to agree with which DICOM attribute?",
        pairs=(
            Pair("PID-3.1", "PatientID", "The identifier stands in the first component of PID-3."),
            Pair("PID-3.4", "IssuerOfPatientID", "The assigning authority is the fourth component of PID-3."),
            Pair("OBR-18", "AccessionNumber", "The report brings the accession number back where the order had it."),
            Pair("OBX-5 with 110180 in OBX-3", "StudyInstanceUID", "The code says that the value is a study UID."),
        ),
        distractors=("SeriesInstanceUID",),
        because="These are the keys by which a report finds its study.",
        source="DICOM PS3.3 sections C.7.1.1 and C.7.2.1; HL7 v2.3.1 chapters 3 and 7",
    ),
    SingleChoice(
        id="11-08-02",
        lesson="08",
        text="A report names one patient, and the images of its accession number another. What should a PACS do?",
        options=(
            Option(
                "Keep it aside, with the reason, for a person.", "Nothing is lost and nothing is guessed.", correct=True
            ),
            Option(
                "Attach it, since the accession number fits.",
                "Then a text about one patient stands beside images of another.",
            ),
            Option("Attach it to the patient's newest study.", "That is a guess, and a guess about a diagnosis."),
            Option("Throw it away and answer AA.", "Then the report is lost, and the sender believes that it arrived."),
        ),
        because="A report that cannot be attached with certainty belongs to a person, not to a rule of thumb.",
    ),
    SingleChoice(
        id="11-08-03",
        lesson="08",
        text="A report has the right PatientID, but another issuer than the images. Why is it held?",
        options=(
            Option(
                "The same number of another issuer is another patient.",
                "Numbers are unique for one issuer only.",
                correct=True,
            ),
            Option("An issuer must never stand in PID-3.", "It belongs there: in the fourth component."),
            Option("PatientID may not be used as a key.", "It is the key of the patient, together with its issuer."),
            Option(
                "The issuer has to be the application that sends the message.",
                "The issuer gave out the number; MSH-3 sent it.",
            ),
        ),
        because="Two hospitals may give out one number. It names a patient only together with who issued it.",
    ),
    SingleChoice(
        id="11-08-04",
        lesson="08",
        text="PID-3 holds the number without an issuer, the images have both. What does the PACS of this course do?",
        options=(
            Option(
                "It compares the numbers; an unknown issuer contradicts nothing.",
                "Issuers are compared where both sides name one.",
                correct=True,
            ),
            Option(
                "It holds the report until somebody has put the issuer into PID-3.4.",
                "A value that one side does not know is no contradiction.",
            ),
            Option(
                "It answers AE, because PID-3.4 is required.", "PID-3 needs an identifier; the issuer may be missing."
            ),
            Option("It asks the RIS for the issuer.", "The PACS decides with what report and images say."),
        ),
        because="Where both sides name an issuer, they have to agree. Where one is silent, the number decides.",
    ),
    MultipleChoice(
        id="11-08-05",
        lesson="08",
        text="Which reports are attached, if the patient is right and the study is stored?",
        options=(
            Option("One with the accession number only", "One study key is enough.", correct=True),
            Option("One with the Study Instance UID only", "One study key is enough.", correct=True),
            Option("One with both keys, of the same study", "Both lead to the same study.", correct=True),
            Option("One with both keys, of two studies", "They contradict each other, so it is held."),
            Option("One with the patient only", "A patient may have many studies, so it is held."),
        ),
        because="At least one study key, and no contradiction between two of them.",
    ),
    Ordering(
        id="11-08-06",
        lesson="08",
        text="How do you work off a held report? Bring the steps into order.",
        places=(
            Place("Read the reason in the queue.", "It names the key that did not fit."),
            Place(
                "Find out which side is wrong: the report or the images.",
                "The reason tells that they differ, not who is right.",
            ),
            Place(
                "Have the wrong side mended where it was made.",
                "A copy that is mended in the PACS alone comes back wrong.",
            ),
            Place(
                "Check on the screen that report and images stand together.", "Only the screen shows what readers see."
            ),
        ),
        because="Reason, cause, repair at the source, and a look at the result.",
    ),
    NumberQuestion(
        id="11-08-07",
        lesson="08",
        text="A PACS gets five well-formed reports. Two fit no study and are held. How many does it answer with AA?",
        answer=5,
        wrong=(
            Wrong(3, "These are the ones that were attached. A report that is held was accepted as well."),
            Wrong(2, "These are the ones that are held. What does the PACS answer to those that it attaches?"),
        ),
        otherwise="AA says that a message was understood and is kept. For how many is that so?",
        because="All five were taken. Which of them wait for a person stands in MSA-3, so read more than AA.",
    ),
    ShortText(
        id="11-08-08",
        lesson="08",
        text="What does this course call the place where a PACS keeps reports that it cannot attach? Two words.",
        accepted=("exceptions queue", "exception queue", "the exceptions queue", "exceptions list"),
        wrong=(
            Wrong("the inbox", "An inbox holds what was accepted. This place holds what waits for a person."),
            Wrong("worklist", "The worklist is for scanners: what is to be examined."),
        ),
        otherwise="It is what lab.pacs.exceptions() shows, and people wait in one too.",
        because="In the exceptions queue each report stands with the reason, until a person decides.",
    ),
    SingleChoice(
        id="11-08-09",
        lesson="08",
        text="A report is right in all keys and arrives an hour before its images. What happens in this lab?",
        options=(
            Option(
                "It is accepted, held, and released by a person later.",
                "No images are there to stand beside.",
                correct=True,
            ),
            Option("It is refused with AE, and the sender tries again.", "Nothing is wrong with the message."),
            Option("It is attached to an empty study.", "A study is in the archive when images are."),
            Option("It is attached by itself when the images come.", "Other products do that. Here a person decides."),
        ),
        because="Order of arrival is never certain between systems. What comes too early waits and is not lost.",
    ),
    SingleChoice(
        id="11-08-10",
        lesson="08",
        text="The screen shows a warning that a report is held, and below it a final report. What does that mean?",
        options=(
            Option(
                "A final report is attached, and another one names this study.",
                "Somebody has to look at the other one.",
                correct=True,
            ),
            Option("The final report below is the one that is held.", "What is held is shown on no study."),
            Option(
                "The images were changed after the final report below was signed.",
                "The warning is about a report in the queue.",
            ),
            Option("The final report has been cancelled.", "Then the status would say CANCELLED."),
        ),
        because="The warning is there so that nobody takes the screen for complete.",
    ),
    MultipleChoice(
        id="11-08-11",
        lesson="08",
        text="Which differences between report and images make the screen cover the report?",
        options=(
            Option("Another family name", "It may be another person.", correct=True),
            Option("Another given name", "It may be a relative, or a stranger.", correct=True),
            Option("The same name in capitals", "Names are compared without case."),
            Option("The same name without its accent", "Names are compared without accents."),
            Option("A title that only one side has", "A part that one side does not know contradicts nothing."),
        ),
        because="What contradicts covers the report. What is only written differently, or is unknown, does not.",
    ),
    SingleChoice(
        id="11-08-12",
        lesson="08",
        text="Why does a release from the queue ask for a name and a reason?",
        options=(
            Option(
                "A person decides in the place of the rule: that is kept on record.",
                "Later readers can see who decided.",
                correct=True,
            ),
            Option(
                "HL7 requires that both go back to the sender in MSA-3.",
                "MSA-3 is the text of an answer. A release sends none.",
            ),
            Option(
                "Without them the report would stay encrypted in the archive for ever.",
                "Name and reason do not change the report.",
            ),
            Option(
                "They become the name of the radiologist who has signed.",
                "Who signed stands in OBR-32 and does not change.",
            ),
        ),
        because="The history keeps who let the report go, when, and why.",
    ),
    SingleChoice(
        id="11-08-13",
        lesson="08",
        text="You change PID-3 of a held report so that it fits the images of its accession number. What may go wrong?",
        options=(
            Option(
                "The text of one patient stands beside another's images.",
                "Making keys fit does not make them right.",
                correct=True,
            ),
            Option(
                "The PACS sees that PID-3 was changed since, and refuses the report.",
                "The PACS cannot know what stood there before.",
            ),
            Option("The report loses its status.", "The status is in OBR-25 and is not touched."),
            Option("Nothing, because the keys agree now.", "They agree, and they may agree on the wrong patient."),
        ),
        because="First find out who the report is about. Then mend the key that is wrong, at its source.",
    ),
    SingleChoice(
        id="11-08-14",
        lesson="08",
        text="The name at the top of the screen and the report's text: where do they come from?",
        options=(
            Option("The name from the images, the text from an ORU.", "DICOM brings one, HL7 the other.", correct=True),
            Option("Both from the ORU.", "Without images there would be nothing to stand beside; the name is theirs."),
            Option("Both from the images.", "The images of this course hold no report."),
            Option(
                "The name from the worklist, the text from the RIS.",
                "The scanner copied the name into the images; the text comes from dictation.",
            ),
        ),
        because="Two systems, two standards, one screen. That is why the identities are compared.",
    ),
    ShortText(
        id="11-08-15",
        lesson="08",
        text="In your department: which accession number has a study with images and without a report?",
        accepted=(_without_report,),
        wrong=(
            Wrong(_ELENA, "That study has its report. Open the other one."),
            Wrong("NG-100251", "That is a patient. An accession number has no hyphen here."),
        ),
        otherwise="Open each study of lab.pacs.studies() with lab.pacs.open_study(...) and look under REPORT.",
        because="A study without a report is a study that nobody has reported, or whose report is somewhere else.",
    ),
    NumberQuestion(
        id="11-08-16",
        lesson="08",
        text="In your department: how many studies in the PACS belong to a patient with the family name Rivera?",
        answer=_family,
        wrong=(
            Wrong(1, "Look at the names of all studies: lab.pacs.studies()."),
            Wrong(25, "25 is near the number of images. Count studies."),
        ),
        otherwise="Print one.patient_name for each study of lab.pacs.studies().",
        because="Two patients share the name. That is why a name is no key.",
    ),
    NumberQuestion(
        id="11-08-17",
        lesson="08",
        text="In your department, as this test begins: how many reports wait in the exceptions queue of the PACS?",
        answer=lambda lab: len(lab.pacs.exceptions()),
        wrong=(
            Wrong(9, "Count what lab.pacs.exceptions() holds."),
            Wrong(24, "That is a number of images. Count what lab.pacs.exceptions() holds."),
        ),
        otherwise="Count what lab.pacs.exceptions() holds; it may be empty.",
        because="An empty queue is what you hope to see in the morning. Somebody has to look, to know.",
    ),
    ShortText(
        id="11-08-18",
        lesson="08",
        text="In your department: who issued the patient identifier of the report on NG000001?",
        accepted=(lambda lab: lab.pacs.reports.history(_ELENA)[0].report.issuer_of_patient_id,),
        wrong=(
            Wrong("NG-100237", "That is the identifier. Its issuer stands in the fourth component of PID-3."),
            Wrong("DICTATION", "The dictation system sent the report. It gives out no patient numbers."),
        ),
        otherwise='Look at lab.pacs.reports.history("NG000001")[0].report.issuer_of_patient_id.',
        because="The issuer makes the number unique: it goes from PID-3.4 to IssuerOfPatientID.",
    ),
    SingleChoice(
        id="11-08-19",
        lesson="08",
        text="In your department: to which patient does the study NG000004 belong?",
        options=(
            Option(
                lambda lab: lab.pacs.open_study(_MARCO).banner.patient_id,
                "This identifier stands in the images of the study.",
                correct=True,
            ),
            Option(story.PATIENT.identifier.value, "She is the patient of NG000001. The family name is the same."),
            Option(
                story_day.LARS_AKESSON.identifier.value, "His order is NG000002. Open the study and look at the top."
            ),
        ),
        because="The images say it themselves, and a report for this study has to say the same in PID-3.",
    ),
)
