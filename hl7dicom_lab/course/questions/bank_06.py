"""Final test, storage in the PACS: contexts, statuses, what an archive answers, and whose images they are."""

from __future__ import annotations

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
from hl7dicom_lab.model import StudySummary


def _study(lab: Lab, modality: str) -> StudySummary:
    return next(study for study in lab.pacs.studies() if modality in study.modalities)


def _ct_without_images(lab: Lab) -> str:
    """The accession number of an ordered CT that the PACS has nothing of."""
    stored = {study.accession_number for study in lab.pacs.studies()}
    steps = [step for step in lab.ris.steps() if step.modality == "CT"]
    return next(step.accession_number for step in steps if step.accession_number not in stored)


QUESTIONS = (
    SingleChoice(
        id="11-06-01",
        lesson="06",
        text="What does one presentation context of a storage association propose?",
        options=(
            Option(
                "One SOP class, in one or more transfer syntaxes",
                "One abstract syntax and the ways in which it may be written.",
                correct=True,
            ),
            Option(
                "One image, by its SOP Instance UID and its size",
                "Contexts are agreed before any image is named. The request of a C-STORE names the image.",
            ),
            Option(
                "One study, with the number of its images",
                "An association knows nothing of studies. It agrees on kinds of objects.",
            ),
            Option(
                "One transfer syntax, for all SOP classes at once",
                "It is the other way round: one SOP class, and a list of transfer syntaxes for it.",
            ),
        ),
        because="Abstract syntax says what, transfer syntax says how.",
        source="DICOM PS3.8 section 7.1.1.13",
    ),
    MultipleChoice(
        id="11-06-02",
        lesson="06",
        text="A scanner offers MR Image Storage in two transfer syntaxes, and the context is accepted. What is true?",
        options=(
            Option(
                "All MR images travel on it in one transfer syntax.",
                "Exactly one transfer syntax is agreed for a context.",
                correct=True,
            ),
            Option(
                "The PACS has chosen the transfer syntax.",
                "Who is called chooses among those that were offered.",
                correct=True,
            ),
            Option(
                "A CT image cannot be sent on it.",
                "A context stands for one SOP class, and a CT image is of another one.",
                correct=True,
            ),
            Option(
                "The first transfer syntax of the list is the agreed one.",
                "The order of the list binds nobody: look at the answer to see which one was chosen.",
            ),
            Option(
                "Every MR image on it will be stored.",
                "Each image gets its own answer, and the PACS may still refuse one.",
            ),
        ),
        because="A context fixes one SOP class and one transfer syntax. Each image then gets its own status.",
        source="DICOM PS3.8 section 7.1.1.14",
    ),
    NumberQuestion(
        id="11-06-03",
        lesson="06",
        text="How many presentation contexts can one association have at most?",
        answer=128,
        wrong=(
            Wrong(255, "255 is the highest context ID, but the IDs are odd numbers only."),
            Wrong(256, "A context ID is one byte, and only the odd numbers from 1 to 255 are used."),
        ),
        otherwise="Count the odd numbers from 1 to 255: these are the context IDs.",
        because="Context IDs are the odd numbers from 1 to 255.",
        source="DICOM PS3.8 section 7.1.1.13",
    ),
    SingleChoice(
        id="11-06-04",
        lesson="06",
        text="Images are compressed with JPEG 2000. The PACS has accepted their SOP class, in Explicit VR "
        "Little Endian only. What has to happen before they can be stored?",
        options=(
            Option(
                "They are decompressed, or their own syntax is negotiated.",
                "The bytes on the wire have to be in the transfer syntax of the context.",
                correct=True,
            ),
            Option(
                "They are sent as they are, and the PACS finds out.",
                "The PACS reads bytes by the syntax of the context. It would take compressed bytes for something else.",
            ),
            Option(
                "They are sent twice, so that both sides agree on how they are written.",
                "What is agreed is agreed in the association, before the first image.",
            ),
            Option(
                "They get new UIDs, and then they are sent.",
                "UIDs say which image it is, not how it is written. The syntax still does not fit.",
            ),
        ),
        because="A data set travels in the transfer syntax of its context and in no other.",
        source="DICOM PS3.5 section 10",
    ),
    Matching(
        id="11-06-05",
        lesson="06",
        text="What does the standard say about each status of C-STORE?",
        pairs=(
            Pair("0x0000", "stored", "All four digits are zero: there is nothing to add."),
            Pair("0xB006", "stored, elements left out", "Statuses that begin with B are warnings: stored, with a but."),
            Pair("0xA702", "out of resources", "A7 stands for the trouble of the receiver: room, for example."),
            Pair("0xA901", "does not match its SOP class", "A9 stands for a data set that is not what it has to be."),
            Pair("0xC123", "cannot be understood", "C stands for everything that the receiver cannot make sense of."),
        ),
        distractors=("more answers follow",),
        because="The first digits are the standard's. What the others mean, a conformance statement tells.",
        source="DICOM PS3.4 section B.2.3, Table B.2-1",
    ),
    Ordering(
        id="11-06-06",
        lesson="06",
        text="Bring the messages of an association that stores one image into order.",
        places=(
            Place("A-ASSOCIATE-RQ", "Nothing comes before the request for the association."),
            Place("A-ASSOCIATE-AC", "The PACS answers the contexts once they have been proposed."),
            Place("C-STORE-RQ", "An image is sent only on a context that was accepted."),
            Place("C-STORE-RSP", "The status answers an image, so the image comes first."),
            Place("A-RELEASE-RQ", "Who opened the association ends it after the last answer."),
            Place("A-RELEASE-RP", "It answers the request for the end."),
        ),
        because="Agree, store, read the status, release.",
        source="DICOM PS3.8 section 7",
    ),
    ShortText(
        id="11-06-07",
        lesson="06",
        text="Which attribute of a query to the PACS says whether you ask for studies, series or images? "
        "Write its keyword.",
        accepted=("QueryRetrieveLevel", "Query/Retrieve Level", "Query Retrieve Level", "(0008,0052)", "0008,0052"),
        wrong=(
            Wrong("Modality", "Modality says which kind of scanner. It is a key of the level SERIES."),
            Wrong("StudyInstanceUID", "It names the study. The level is an attribute of its own, (0008,0052)."),
            Wrong("SERIES", "SERIES is one of its values. What is the attribute called?"),
        ),
        otherwise="It is (0008,0052), and its values are STUDY, SERIES and IMAGE in the Study Root model.",
        because="Without it the PACS refuses the query with 0xA900.",
        source="DICOM PS3.4 section C.4.1.1.3.1",
    ),
    SingleChoice(
        id="11-06-08",
        lesson="06",
        text="Every image of a study was answered with 0x0000. May the scanner delete its own copies?",
        options=(
            Option(
                "Only when the PACS has committed to keep them.",
                "Only there does the PACS say that it takes responsibility for the images.",
                correct=True,
            ),
            Option(
                "Yes, success means that they are kept for ever.",
                "Success means stored. For how long, the PACS's conformance statement tells.",
            ),
            Option(
                "Yes, as soon as the association was released.",
                "A release ends a connection. It says nothing about what becomes of the images.",
            ),
            Option(
                "No, a scanner has to keep every image for ever.",
                "Scanners have little room. They delete, after the PACS has taken responsibility.",
            ),
        ),
        because="The Storage Service Class does not make the receiver take explicit responsibility for safekeeping; "
        "storage commitment does.",
        source="DICOM PS3.4 section J.1.1",
    ),
    MultipleChoice(
        id="11-06-09",
        lesson="06",
        text="A C-STORE is answered with 0xA700. What is right to do?",
        options=(
            Option("Keep the image at the scanner.", "It is stored nowhere else.", correct=True),
            Option("Look whether the archive has room.", "A7xx means out of resources.", correct=True),
            Option(
                "Send the same image again later.",
                "The image is in order, so it can go as it is once there is room.",
                correct=True,
            ),
            Option(
                "Give the image a new SOP Instance UID.",
                "Nobody has complained about the image. A new UID would make another image of it.",
            ),
            Option(
                "Take the image for stored, with a warning.",
                "Warnings begin with B. This is a failure: the image is not stored.",
            ),
        ),
        because="0xA7xx is the receiver's trouble: make room there, then send the unchanged image again.",
        source="DICOM PS3.4 section B.2.3, Table B.2-1",
    ),
    SingleChoice(
        id="11-06-10",
        lesson="06",
        text="The PACS of this lab gets an image whose SOP Instance UID it knows, with other pixels. What does it do?",
        options=(
            Option(
                "It refuses the new one and keeps the old one.",
                "One UID is one content for ever, and the first stays as it is.",
                correct=True,
            ),
            Option(
                "It replaces the old one by the new one.",
                "Then whoever had seen the old image would refer to another picture under the same UID.",
            ),
            Option(
                "It keeps both under the same UID.",
                "A UID names one thing. Two images under one UID could not be told apart.",
            ),
            Option(
                "It answers success and keeps the old one.",
                "That it does where the content is the same. Here the sender has to learn that it was not kept.",
            ),
        ),
        because="It answers 0xC004, and the comment says that another content is stored under this UID.",
    ),
    SingleChoice(
        id="11-06-11",
        lesson="06",
        text="A query of level SERIES has Modality MR, and SeriesInstanceUID empty, and nothing else. What comes back?",
        options=(
            Option(
                "A failure: the query has to name one study.",
                "Below the level STUDY, the levels above are fixed by their UIDs.",
                correct=True,
            ),
            Option(
                "All MR series of the whole archive.",
                "That would be a search across studies, which the Study Root model does not have without negotiation.",
            ),
            Option(
                "All MR studies, one answer for each.",
                "The level of the query decides what an answer stands for, and it is SERIES.",
            ),
            Option(
                "Success without a match, as nothing fits.",
                "No match would mean that the question was understood. This one is not complete.",
            ),
        ),
        because="The PACS answers 0xA900 and names StudyInstanceUID. First ask at the level STUDY for it.",
        source="DICOM PS3.4 section C.4.1.2.1",
    ),
    NumberQuestion(
        id="11-06-12",
        lesson="06",
        text="How many images are in your PACS, in all studies together? lab.pacs.studies() has the numbers.",
        answer=lambda lab: lab.pacs.archive.count(),
        wrong=(
            Wrong(lambda lab: len(lab.pacs.studies()), "That is the number of studies. Each says its instances."),
            Wrong(
                lambda lab: _study(lab, "MR").instances,
                "That is the MR study alone. Add the instances of the other one.",
            ),
        ),
        otherwise="Add up study.instances of every study in lab.pacs.studies().",
        because="A study counts its instances; a query of level STUDY tells the same as NumberOfStudyRelatedInstances.",
    ),
    NumberQuestion(
        id="11-06-13",
        lesson="06",
        text="You send every image of your PACS on to another archive, without compression, in one association. How "
        "many SOP classes do you have to propose?",
        answer=lambda lab: len({one.sop_class_uid for one in lab.pacs.archive.all_instances()}),
        wrong=(
            Wrong(
                lambda lab: lab.pacs.archive.count(),
                "That is the number of images. All images of one SOP class share a context.",
            ),
            Wrong(1, "One context stands for one SOP class. Which kinds of image are in your PACS?"),
        ),
        otherwise="Look at study.modalities in lab.pacs.studies(): each kind of image here has one SOP class.",
        because="Contexts count kinds of objects, not images.",
        source="DICOM PS3.8 section 7.1.1.13",
    ),
    ShortText(
        id="11-06-14",
        lesson="06",
        text="One CT on your RIS's list has no images in your PACS. Which accession number does it have?",
        accepted=(_ct_without_images,),
        wrong=(
            Wrong(
                lambda lab: _study(lab, "CT").accession_number,
                "That CT has images: it stands in lab.pacs.studies(). Look for the other one.",
            ),
        ),
        otherwise="lab.ris.steps() has what is still on the worklist. Which of these steps has CT as its modality?",
        because="It is still on the worklist, and lab.pacs.studies() has no study with its number. Orders without "
        "images are found by comparing both systems.",
    ),
    NumberQuestion(
        id="11-06-15",
        lesson="06",
        text="You query your PACS at level IMAGE, with the UIDs of Elena Rivera's study and of its one series. How "
        "many answers with an image do you get?",
        answer=lambda lab: _study(lab, "MR").instances,
        wrong=(
            Wrong(1, "One answer would come at level STUDY or SERIES. At level IMAGE each image has its own."),
            Wrong(
                lambda lab: _study(lab, "MR").instances + 1,
                "The last answer has the status 0x0000 and no image: it ends the list.",
            ),
        ),
        otherwise="Each image of the series is one answer. How many instances has the MR study in lab.pacs.studies()?",
        because="At level IMAGE one pending answer stands for one image. A final one without an image ends them.",
        source="DICOM PS3.4 section C.4.1.3",
    ),
    SingleChoice(
        id="11-06-16",
        lesson="06",
        text="An image reaches your PACS with the Study Instance UID of Elena Rivera's study and the Patient ID of "
        "Marco Rivera. Where is it kept?",
        options=(
            Option(
                lambda lab: f"In the study with the accession number {_study(lab, 'MR').accession_number}",
                "The Study Instance UID decides, and it is the MR study's.",
                correct=True,
            ),
            Option(
                lambda lab: f"In the study with the accession number {_study(lab, 'CT').accession_number}",
                "That is Marco Rivera's study, and the image names another one by its UID.",
            ),
            Option(
                "In a new study for Marco Rivera, with one image",
                "A study is new where its Study Instance UID is new. This UID is known.",
            ),
            Option(
                "Nowhere, because patient and study do not agree",
                "The archive does not refuse it. It keeps it, and can tell that two patients are in one study.",
            ),
        ),
        because="An image belongs to the study that its Study Instance UID names. That it names another patient, "
        "somebody has to find: lab.pacs.archive.identity_conflicts(...) tells.",
    ),
    SingleChoice(
        id="11-06-17",
        lesson="06",
        text="The scanner reports success for all images. The radiologist finds nothing under the accession number of "
        "the order. What do you do first?",
        options=(
            Option(
                "Search the PACS by patient and by date.",
                "The images are there. The question is under which number.",
                correct=True,
            ),
            Option(
                "Have the patient examined once more.",
                "The images exist: every one was answered with success. Find them first.",
            ),
            Option(
                "Have the scanner send all images again.",
                "The same images would be there once more under the same wrong number, or be taken for known.",
            ),
            Option(
                "Restart the PACS and wait some minutes.",
                "Success came after the images were kept. A restart changes nothing about their number.",
            ),
        ),
        because="Success and not found points to a wrong key. Search with the other keys, and compare with the orders.",
    ),
    Ordering(
        id="11-06-18",
        lesson="06",
        text="A scanner cannot store. Bring your questions into the order in which a store goes on.",
        places=(
            Place("Is the association accepted?", "Without an association there are no contexts to look at."),
            Place("Is there a context for the images?", "Contexts are answered together with the association."),
            Place("Which status has each C-STORE?", "A status exists only where an image was sent on a context."),
            Place("Does a query find all images?", "Ask for the images after their answers said success."),
            Place("Are they the right patient's?", "Whose they are matters once they are there."),
        ),
        because="The first question that is answered with no shows where to look further.",
    ),
    ShortText(
        id="11-06-19",
        lesson="06",
        text="A C-STORE request names a SOP class that is not the one of its presentation context. Which status is the "
        "answer in this lab?",
        accepted=("0x0122", "0122", "122", "0x122", "0122H", "SOP Class not supported"),
        wrong=(
            Wrong("0xA900", "A900 compares the request with the data set. Here the request does not fit its context."),
            Wrong("0xA700", "A700 is a lack of resources. The PACS has room enough."),
            Wrong("0xC000", "C000 is a data set that cannot be decoded. It has not been looked at yet."),
        ),
        otherwise="It is one of the general statuses of PS3.7 Annex C: SOP Class not supported.",
        because="0x0122 is SOP Class not supported. The request is answered before its data set is looked at.",
        source="DICOM PS3.7 Annex C",
    ),
    Matching(
        id="11-06-20",
        lesson="06",
        text="A store did not work. Where do you look first for each of these?",
        pairs=(
            Pair("no C-STORE in the trace", "the answer to the contexts", "Nothing was sent: see what was accepted."),
            Pair("0xA700", "the archive's disk", "A7xx is about the resources of the receiver."),
            Pair("0xC003 with a comment", "the image's pixel data", "In this lab C003 is pixel data too short."),
            Pair("success, but not found", "the accession number in the image", "They are there, under other keys."),
        ),
        distractors=("the HL7 port of the PACS",),
        because="Each symptom stands for a stage of the way: contexts, resources, the image itself, its identity.",
    ),
)
