"""Beside bank_05: the questions of the final test about the DICOM file and the window."""

from __future__ import annotations

from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Option,
    Pair,
    SingleChoice,
    Wrong,
)

FILES = (
    Matching(
        id="11-05-12",
        lesson="05",
        text="What is each part of a DICOM file for?",
        pairs=(
            Pair("preamble", "128 bytes that DICOM leaves free", "It comes first and mostly holds zeros."),
            Pair("DICM", "the sign that this is a DICOM file", "Four letters, and readers look for them."),
            Pair("TransferSyntaxUID", "how the data set is written", "Byte order, VRs and compression: needed first."),
            Pair(
                "MediaStorageSOPInstanceUID",
                "which image is in the file",
                "It repeats the SOPInstanceUID, so a file can be known without its data set.",
            ),
        ),
        distractors=("which patient is in the file",),
        because="Preamble and DICM make the file; group 0002 says what it holds and how to read it.",
        source="DICOM PS3.10 section 7.1",
    ),
    NumberQuestion(
        id="11-05-13",
        lesson="05",
        text="Count the bytes of a DICOM file from 0. At which byte do the letters DICM begin?",
        answer=128,
        wrong=(
            Wrong(0, "At 0 the preamble begins. How long is it?"),
            Wrong(4, "DICM has four letters, but something stands before them."),
            Wrong(132, "At 132 the file meta information begins, right behind DICM."),
            Wrong(129, "The 129th byte has the number 128, since the first one has the number 0."),
        ),
        otherwise="They follow the preamble directly, and its length is fixed.",
        because="The preamble has the bytes 0 to 127, DICM the bytes 128 to 131.",
        source="DICOM PS3.10 section 7.1",
    ),
    MultipleChoice(
        id="11-05-14",
        lesson="05",
        text="A DICOM file is sent with C-STORE. What of the file does not travel in the data set?",
        options=(
            Option("the preamble", "It belongs to files alone.", correct=True),
            Option("the letters DICM", "They mark a file, and a message is no file.", correct=True),
            Option(
                "group 0002",
                "The association has agreed on the transfer syntax, and the command names class and instance.",
                correct=True,
            ),
            Option("the SOPInstanceUID (0008,0018)", "It is an element of the data set, and the command repeats it."),
            Option("the patient's name", "It is an element of the data set: without it, whose image would it be?"),
        ),
        because="The data set travels. What was put around it to make a file stays behind.",
        source="DICOM PS3.10 section 7.1",
    ),
)

WINDOWS = (
    NumberQuestion(
        id="11-05-15",
        lesson="05",
        text="A CT image is shown with WindowCenter 40 and WindowWidth 400, in Hounsfield units. Which is the highest "
        "value inside the window, by the exact formula of DICOM's linear function?",
        answer=239,
        tolerance=0.5,
        wrong=(
            Wrong(
                240, "Close: from -160 to 240 there are 401 values, and the window holds 400. Use the exact formula."
            ),
            Wrong(440, "That is center plus width. Half of the width lies above the center, half below."),
            Wrong(400, "400 is the width, a number of values. The window lies around the center."),
            Wrong(200, "That is half the width. Add it to the center."),
        ),
        otherwise="highest = center - 0.5 + (width - 1) / 2",
        because="40 - 0.5 + 399 / 2 = 239. Higher values, such as those of dense bone, are all white.",
        source="DICOM PS3.3 section C.11.2.1.2",
    ),
    SingleChoice(
        id="11-05-16",
        lesson="05",
        text="You keep the window's center and make its width smaller. What changes?",
        options=(
            Option(
                "Values near the center differ more in grey, and more pixels are all black or white.",
                "Fewer values share the same greys: more contrast inside, nothing outside.",
                correct=True,
            ),
            Option(
                "The whole picture becomes darker, and its contrast stays the same.",
                "Darker and lighter come from the center. The width decides about contrast.",
            ),
            Option(
                "The stored pixel values come closer to each other.",
                "A window changes how values are shown. The pixels in the file stay as they are.",
            ),
        ),
        because="The width says how many values share the greys: a narrow window has more contrast for fewer values.",
        source="DICOM PS3.3 section C.11.2.1.2",
    ),
    SingleChoice(
        id="11-05-17",
        lesson="05",
        text="With a window from 100 to 1799, a pixel has the value 3000. Which grey does it get, of 0 to 255?",
        options=(
            Option("255", "All that lies above the window is white.", correct=True),
            Option("435", "This is what the line of the window gives when it goes on. It has to be cut off."),
            Option("179", "Greys do not begin anew above 255: what is brighter than white is white."),
            Option("0", "0 is for values below the window."),
        ),
        because="Below the window all is black, above it all is white.",
        source="DICOM PS3.3 section C.11.2.1.2",
    ),
)
