"""Rows 75 to 87 of the list of faults: what a scanner sends to the archive, and whether it may be kept (C-STORE).

PS3.4 section B.2.3 has the statuses, PS3.5 sections 7 and 8 how a data set and its pixels are encoded.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import dicom_bytes as dicom
from case import Case
from dicom_answers import answer, responses
from image_bytes import (
    ACCESSION,
    BITS,
    CODES,
    DEFLATED,
    FRAMES,
    JPEG_BASELINE,
    MR_IMAGE,
    PATIENT_ID,
    PATIENT_NAME,
    PIXELS,
    REFUSED,
    ROOT,
    ROWS,
    SERIES,
    SOP_CLASS,
    SOP_INSTANCE,
    STUDY,
    UNDEFINED,
    Changes,
    association,
    delimiter,
    element,
    fragments,
    image,
    item,
    kept,
    nested,
    store,
    us,
)

if TYPE_CHECKING:
    from department import Department

CANNOT_UNDERSTAND, MISMATCH, STORED = "C-STORE-RSP 0xC000", "C-STORE-RSP 0xA900", "C-STORE-RSP 0x0000"
PIXELS_WRONG, NO_UID, OTHER_CONTENT = "C-STORE-RSP 0xC003", "C-STORE-RSP 0xC002", "C-STORE-RSP 0xC004"
_OTHER = f"{ROOT}.1.2"
_PROTOCOL = element(0x00081030, "LO", "Brain")


def sent(
    row: int,
    what: str,
    back: str,
    trace: str,
    data_set: bytes,
    *,
    command: bytes | None = None,
    syntax: str = dicom.EXPLICIT,
) -> Case:
    """A data set that is refused."""
    return Case(row, what, back, lambda lab: store(lab, data_set, command=command, syntax=syntax), trace=trace)


def changed(row: int, what: str, back: str, trace: str, changes: Changes, *, syntax: str = dicom.EXPLICIT) -> Case:
    """The image with some elements changed, which is refused."""
    return sent(row, what, back, trace, image(changes=changes), syntax=syntax)


def named(instance: str) -> bytes:
    """The command that stores an MR image."""
    return dicom.store_rq(MR_IMAGE, instance)


IDENTITY = (
    sent(75, "another SOP Instance UID in the data set than in the command", MISMATCH,
         "SOPInstanceUID differs between command and data set", image(_OTHER)),
    changed(75, "another SOP Class UID in the data set than in the command", MISMATCH,
            "SOPClassUID differs between command and data set", {SOP_CLASS: element(SOP_CLASS, "UI", dicom.CT_IMAGE)}),
    sent(78, "an empty SOP Instance UID in the command", MISMATCH, "the request has no AffectedSOPInstanceUID",
         image(), command=named("")),
    sent(78, "no SOP Instance UID in the command", MISMATCH, "the request has no AffectedSOPInstanceUID", image(),
         command=dicom.request(dicom.C_STORE, MR_IMAGE, dicom.number(0x00000700, 0), data_set=dicom.HAS_DATA_SET)),
    changed(78, "an empty SOP Instance UID in the data set", MISMATCH, "the data set has no SOPInstanceUID",
            {SOP_INSTANCE: element(SOP_INSTANCE, "UI", "")}),
    changed(78, "no Study Instance UID in the data set", MISMATCH, "StudyInstanceUID is empty", {STUDY: None}),
    sent(79, "a C-STORE whose command says that there is no data set", MISMATCH, "the request has no data set", b"",
         command=dicom.request(dicom.C_STORE, MR_IMAGE, dicom.number(0x00000700, 0), dicom.uid(0x00001000, REFUSED))),
    sent(82, "a SOP Class that is not the one of its presentation context", "C-STORE-RSP 0x0122",
         "the SOP Class is not the one of context 1", image(), command=dicom.store_rq(dicom.CT_IMAGE, REFUSED)),
    sent(82, "an empty SOP Class UID in the command", "C-STORE-RSP 0x0122",
         "the SOP Class is not the one of context 1", image(), command=dicom.store_rq("", REFUSED)),
    sent(84, "../../etc/passwd as SOP Instance UID", NO_UID, "SOPInstanceUID is no UID", image("../../etc/passwd"),
         command=named("../../etc/passwd")),
    sent(84, "a NUL in the middle of a SOP Instance UID", NO_UID, "SOPInstanceUID is no UID",
         image(f"{ROOT}.1\0/../x"), command=named(f"{ROOT}.1\0/../x")),
    sent(84, "a SOP Instance UID of 65 characters", NO_UID, "a UID has up to 64", image(f"1.{'2' * 63}"),
         command=named(f"1.{'2' * 63}")),
    changed(84, "backslashes in a Series Instance UID", NO_UID, "SeriesInstanceUID is no UID",
            {SERIES: element(SERIES, "UI", "..\\..\\windows")}),
)  # fmt: skip


ENCODING = (
    sent(76, "random bytes as data set", CANNOT_UNDERSTAND, "has no value representation", b"\xde\xad\xbe\xef" * 99),
    sent(76, "Implicit VR on a context for Explicit VR", CANNOT_UNDERSTAND, "has no value representation",
         image(implicit=True)),
    sent(76, "Explicit VR on a context for Implicit VR", CANNOT_UNDERSTAND, "bytes, but only", image(),
         syntax=dicom.IMPLICIT),
    sent(76, "a whole file as data set, with preamble and file meta information", CANNOT_UNDERSTAND,
         "has no value representation", bytes(128) + b"DICM" + image()),
    changed(76, "file meta information in the data set", CANNOT_UNDERSTAND, "does not belong in a data set",
            {0x00020010: element(0x00020010, "UI", dicom.IMPLICIT)}),
    sent(76, "a tag that stands twice", CANNOT_UNDERSTAND, "(0010,0020) stands twice",
         image() + element(PATIENT_ID, "LO", "F-2")),
    sent(77, "a value that runs past the end of the data set", CANNOT_UNDERSTAND, "(7FE0,0010) has 32 bytes",
         image()[:-6]),
    changed(77, "a value that runs past the end of its item", CANNOT_UNDERSTAND, "(0008,0100) has 400 bytes",
            {CODES: element(CODES, "SQ", item(element(0x00080100, "SH", "1", length=400)))}),
    changed(77, "an item that runs past the end of its sequence", CANNOT_UNDERSTAND, "an item has 400 bytes",
            {CODES: element(CODES, "SQ", item(element(0x00080100, "SH", "1"), 400))}),
    changed(77, "a sequence of undefined length without its end", CANNOT_UNDERSTAND, "stands outside a sequence",
            {CODES: element(CODES, "SQ", item(_PROTOCOL, UNDEFINED) + delimiter(0xFFFEE0DD), length=UNDEFINED)}),
    changed(77, "a fragment that runs past the end of the pixel data", CANNOT_UNDERSTAND, "is cut short",
            {PIXELS: fragments(b"\xff\xd8\xff\xd9")[:-9]}, syntax=JPEG_BASELINE),
    changed(85, "65 sequences, one in the other", CANNOT_UNDERSTAND, "more than 64 deep",
            {CODES: nested(65, implicit=False, undefined=False)}),
    sent(85, "5,000 sequences of undefined length, one in the other", CANNOT_UNDERSTAND, "more than 64 deep",
         image(changes={CODES: nested(5000, implicit=True, undefined=True)}, implicit=True), syntax=dicom.IMPLICIT),
    changed(85, "300 sequences in an element of VR UN", CANNOT_UNDERSTAND, "more than 64 deep",
            {0x00091001: element(0x00091001, "UN", nested(300, implicit=True, undefined=True)[8:], length=UNDEFINED)}),
)  # fmt: skip

PIXEL_DATA = (
    changed(86, "fewer bytes of pixels than rows by columns say", PIXELS_WRONG, "pixel data has 30 bytes",
            {PIXELS: element(PIXELS, "OW", bytes(30))}),
    changed(86, "five frames, and pixels for one", PIXELS_WRONG, "the image pixel module says 160",
            {FRAMES: element(FRAMES, "IS", "5")}),
    changed(86, "64 by 4 pixels of one bit in two bytes", PIXELS_WRONG, "the image pixel module says 32",
            {ROWS: element(ROWS, "US", us(64)), BITS: element(BITS, "US", us(1)),
             PIXELS: element(PIXELS, "OW", bytes(2))}),
    changed(86, "rows and columns, and no pixel data", PIXELS_WRONG, "there is no pixel data", {PIXELS: None}),
    changed(86, "two values for Rows", PIXELS_WRONG, "Rows is not one whole number",
            {ROWS: element(ROWS, "US", us(4) + us(4))}),
    changed(86, "two frames, and one fragment of compressed pixels", PIXELS_WRONG, "1 fragment for 2 frames",
            {FRAMES: element(FRAMES, "IS", "2"), PIXELS: fragments(b"\xff\xd8\xff\xd9")}, syntax=JPEG_BASELINE),
    changed(86, "an empty fragment of compressed pixels", PIXELS_WRONG, "0 fragments for 1 frame",
            {PIXELS: fragments(b"")}, syntax=JPEG_BASELINE),
)  # fmt: skip


# ---- what is kept


def small_pieces(department: Department) -> str:
    instance = f"{ROOT}.2.1"
    data_set = image(instance)
    with association(department, dicom.EXPLICIT) as peer:
        peer.sendall(dicom.message(1, named(instance), data_set, longest=2))
        words = answer(peer)
    assert kept(department, instance) == [data_set]
    return words


def as_deep_as_allowed(department: Department) -> str:
    instance = f"{ROOT}.3.1"
    data_set = image(instance, {CODES: nested(64, implicit=False, undefined=True)})
    words = store(department, data_set, command=named(instance))
    assert kept(department, instance) == [data_set]
    return words


def again(department: Department) -> str:
    """The same bytes, and the same content written in another way."""
    instance = f"{ROOT}.4.1"
    first = image(instance)
    padded = {0x00080000: element(0x00080000, "UL", struct.pack("<L", 999)), 0xFFFCFFFC: element(0xFFFCFFFC, "OB", "")}
    told = [store(department, one, command=named(instance)) for one in (first, first, image(instance, padded))]
    told.append(store(department, image(instance, implicit=True), command=named(instance), syntax=dicom.IMPLICIT))
    assert kept(department, instance) == [first]
    assert len(set(told)) == 1
    return told[0]


def other_content(department: Department) -> str:
    instance = f"{ROOT}.5.1"
    first = image(instance)
    assert store(department, first, command=named(instance)) == STORED
    other = image(instance, {PATIENT_NAME: element(PATIENT_NAME, "PN", "Doe^John")})
    with association(department, dicom.EXPLICIT) as peer:
        peer.sendall(dicom.message(1, named(instance), other))
        (response,) = responses(peer)
    assert response.comment == "another content is stored under this UID"
    assert kept(department, instance) == [first]
    return response.words


def flagged(department: Department, instance: str) -> bool:
    return instance in [one.sop_instance_uid for one in department.lab.pacs.unscheduled()]


def without_order(department: Department) -> str:
    instance = f"{ROOT}.6.1"
    words = store(department, image(instance, {ACCESSION: element(ACCESSION, "SH", "")}), command=named(instance))
    assert len(kept(department, instance)) == 1
    assert flagged(department, instance)
    return words


def another_patients_order(department: Department) -> str:
    right, wrong = f"{ROOT}.7.1", f"{ROOT}.8.1"
    assert store(department, image(right), command=named(right)) == STORED
    changes = {ACCESSION: element(ACCESSION, "SH", "F7"), PATIENT_ID: element(PATIENT_ID, "LO", "F-2")}
    words = store(department, image(wrong, changes), command=named(wrong))
    assert len(kept(department, wrong)) == 1
    assert (flagged(department, right), flagged(department, wrong)) == (False, True)
    return words


def unknown_order(department: Department) -> str:
    instance = f"{ROOT}.9.1"
    words = store(department, image(instance), command=named(instance))
    assert not flagged(department, instance)
    (line,) = [one for one in department.lab.reconcile().unscheduled if one.accession_number == "F9"]
    assert (line.because, line.images) == ("no order has this accession number", 1)
    assert flagged(department, instance)
    return words


def deflated(department: Department) -> str:
    """Proposed beside a transfer syntax that is taken, and alone."""
    with association(department, DEFLATED, dicom.EXPLICIT), association(department, DEFLATED, accepted="result 4"):
        return "A-ASSOCIATE-AC, result 4"


KEPT = (
    Case(77, "a data set in pieces of two bytes", STORED, small_pieces, changes=True, untraced="nothing is wrong"),
    Case(80, "the same image again, also encoded in another way", STORED, again, changes=True,
         untraced="nothing is wrong, and each C-STORE is in the trace"),
    Case(81, "another image under a SOP Instance UID that is known", OTHER_CONTENT, other_content, changes=True,
         trace="another content is stored under this UID"),
    Case(83, "an image without accession number", STORED, without_order, changes=True,
         trace="flagged as unscheduled: it has no accession number"),
    Case(83, "an image with the accession number of another patient", STORED, another_patients_order, changes=True,
         trace="flagged as unscheduled: its accession number is that of a study of patient F-1"),
    Case(83, "an image with an accession number that no order has", STORED, unknown_order, changes=True,
         untraced="only the comparison with the order book finds it: lab.reconcile()"),
    Case(85, "64 sequences, one in the other", STORED, as_deep_as_allowed, changes=True, untraced="nothing is wrong"),
    Case(87, "a context with a deflated transfer syntax", "A-ASSOCIATE-AC, result 4", deflated,
         trace="not accepted: presentation context 1 (MR Image Storage)"),
)  # fmt: skip

CASES = IDENTITY + ENCODING + PIXEL_DATA + KEPT
