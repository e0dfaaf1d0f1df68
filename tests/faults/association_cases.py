"""Rows 51 to 66 of the list of faults: who may associate, which PDUs may come, and how a connection ends.

PS3.8 section 9.3 has the PDUs, Table 9-10 the state machine: before an association was asked for its answer is A-ABORT
from the service-user (0, 0), whose reason says nothing; on an open one A-ABORT from the service-provider (2, reason).
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import TYPE_CHECKING

import dicom_bytes as dicom
from case import Case
from department import PATIENCE
from dicom_answers import answer, ending
from dicom_peer import ACCEPTED, PORTS, asks, associated, connected, ended, first, on_open, opened, released

from hl7dicom_lab.services.worklist_scp import WorklistScp

if TYPE_CHECKING:
    from department import Department

_EARLY = "A-ABORT (0, 0)"
_LONGEST = 128 * 1024
_ECHO = dicom.message(1, dicom.echo_rq())
_ENDED_AMID = "the association ended amid a C-STORE-RQ: nothing of it was kept"


def _own_acceptor(department: Department, **options: object) -> WorklistScp:
    """An acceptor beside the department's, with a setting of its own; the trace is the department's."""
    lab = department.lab
    common = {"ae_title": "BESIDE", "trace": lab.trace, "system": "BESIDE", "clock": lab.clock}
    return WorklistScp(lambda *_: (), **common, **options)


def _unknown_calling_title(department: Department) -> str:
    with _own_acceptor(department, calling_ae_titles=["NORTHGATE_MR1"]) as beside:
        with connected(beside) as peer:
            assert released(peer, associated(peer, beside, calling="NORTHGATE_MR1")) == ACCEPTED
        with connected(beside) as peer:
            return ended(peer, associated(peer, beside))


def _too_many(department: Department) -> str:
    with _own_acceptor(department, maximum_associations=2) as beside:
        with connected(beside) as one, connected(beside) as other, connected(beside) as third:
            for peer in (one, other):
                assert associated(peer, beside, calling="GREEDY") == ACCEPTED
            said = ended(third, associated(third, beside))
            for peer in (one, other):
                released(peer, "")
        with connected(beside) as again:
            assert released(again, associated(again, beside)) == ACCEPTED
    return said


TITLES = (
    Case(51, "a wrong called AE title", "A-ASSOCIATE-RJ (1, 1, 7)", asks(called="ELSEWHERE"),
         trace="the called AE title is ELSEWHERE, and this is NORTHGATE_RIS"),
    Case(51, "the called AE title in lower case", "A-ASSOCIATE-RJ (1, 1, 7)", asks("storage", called="northgate_pacs"),
         trace="the called AE title is northgate_pacs"),
    Case(51, "a called AE title of spaces only", "A-ASSOCIATE-RJ (1, 1, 7)", asks(called=" "),
         trace="the called AE title is empty"),
    Case(51, "a called AE title that is filled up with NUL", "A-ASSOCIATE-RJ (1, 1, 7)",
         asks(called=b"NORTHGATE_RIS\0\0\0"), trace=r"the called AE title is 'NORTHGATE_RIS\x00\x00\x00'"),
    Case(51, "the called AE title with spaces before it", ACCEPTED, asks(called="  NORTHGATE_RIS"),
         untraced="spaces around a title say nothing"),
    Case(52, "a calling AE title that is not on the list", "A-ASSOCIATE-RJ (1, 1, 3)", _unknown_calling_title,
         trace="SCANNER is not one of those that may call here"),
    Case(52, "a calling AE title of spaces only", "A-ASSOCIATE-RJ (1, 1, 3)", asks(calling=" "),
         trace="the calling AE title is empty"),
    Case(52, "a calling AE title that is not ASCII", "A-ASSOCIATE-RJ (1, 1, 3)", asks("storage", calling="ÉCHO"),
         trace=r"the calling AE title is \xc3\x89CHO"),
)  # fmt: skip

REQUESTS = (
    Case(53, "protocol version 2 alone", "A-ASSOCIATE-RJ (1, 2, 2)", asks(version=2),
         trace="the protocol version is 0x0002"),
    Case(53, "protocol version 2, and no items that version 1 knows", "A-ASSOCIATE-RJ (1, 2, 2)",
         first("storage", dicom.pdu(1, struct.pack(">HH", 2, 0) + b" " * 32 + bytes(32) + b"\x99\x01\x02")),
         trace="the protocol version is 0x0002"),
    Case(53, "every bit of the protocol version", ACCEPTED, asks(version=0xFFFF), untraced="only bit 0 is tested"),
    Case(54, "another application context", "A-ASSOCIATE-RJ (1, 1, 2)", asks(application_context="1.2.3.4"),
         trace="the application context is 1.2.3.4"),
    Case(55, "an abstract syntax that is not served", "A-ASSOCIATE-AC, result 3",
         asks(contexts=[(1, dicom.CT_IMAGE, [dicom.IMPLICIT])]),
         trace="not accepted: presentation context 1 (CT Image Storage)"),
    Case(55, "two abstract syntaxes, one of them served", "A-ASSOCIATE-AC, result 0 and 3",
         asks(contexts=[(1, dicom.CT_IMAGE, [dicom.IMPLICIT]), (3, dicom.WORKLIST, [dicom.IMPLICIT])]),
         trace="not accepted: presentation context 1 (CT Image Storage)"),
    Case(56, "a compressed transfer syntax for a worklist", "A-ASSOCIATE-AC, result 4",
         asks(contexts=[(1, dicom.WORKLIST, ["1.2.840.10008.1.2.4.50"])]),
         trace="not accepted: presentation context 1 (Modality Worklist Information Model - FIND)"),
    Case(57, "an even presentation context id", _EARLY, asks(contexts=[(2, dicom.VERIFICATION, [dicom.IMPLICIT])]),
         trace="the presentation context id 2 is even"),
    Case(57, "a presentation context id twice", _EARLY,
         asks(contexts=[(1, dicom.VERIFICATION, [dicom.IMPLICIT]), (1, dicom.WORKLIST, [dicom.IMPLICIT])]),
         trace="the presentation context id 1 was proposed twice"),
    Case(57, "as many presentation contexts as there can be, 128", ACCEPTED,
         asks(contexts=[(number, dicom.VERIFICATION, [dicom.IMPLICIT]) for number in range(1, 256, 2)]),
         untraced="it is right"),
    Case(57, "129 presentation contexts", _EARLY,
         asks(contexts=[(number % 256, dicom.VERIFICATION, [dicom.IMPLICIT]) for number in range(1, 258, 2)]),
         trace="the presentation context id 1 was proposed twice"),
    Case(57, "no presentation context", _EARLY, asks(contexts=[]), trace="no presentation context is proposed"),
    Case(57, "a presentation context without a transfer syntax", _EARLY,
         asks(contexts=[(1, dicom.VERIFICATION, [])]), trace="1 abstract and 0 transfer syntaxes"),
    Case(57, "an A-ASSOCIATE-RQ without user information", _EARLY, asks(user=b""), trace="no user information item"),
    Case(57, "an item that runs past the end of the A-ASSOCIATE-RQ", _EARLY,
         asks(more=dicom.item(0x60, b"abc", length=4000)), trace="an item of the A-ASSOCIATE-RQ runs past its end"),
    Case(57, "items of types that nobody knows", ACCEPTED,
         asks(user=dicom.user_information(more=dicom.item(0x7F, b"?")), more=dicom.item(0x99, b"?")),
         untraced="PS3.8 section 9.3.1 has them skipped"),
    Case(58, "one association more than there is room for", "A-ASSOCIATE-RJ (2, 3, 2)", _too_many,
         trace="no association is left of 2: GREEDY 2 associations"),
)  # fmt: skip

STATES = (
    Case(59, "P-DATA-TF before an association", _EARLY, first("worklist", _ECHO),
         trace="P-DATA-TF came before an association was asked for"),
    Case(59, "A-RELEASE-RQ before an association", _EARLY, first("storage", dicom.release_rq()),
         trace="A-RELEASE-RQ came before an association was asked for"),
    Case(59, "a second A-ASSOCIATE-RQ on an open association", "A-ABORT (2, 2)",
         on_open("worklist", dicom.associate_rq()), trace="A-ASSOCIATE-RQ came on an open association"),
    Case(59, "A-ASSOCIATE-AC on an open association", "A-ABORT (2, 2)", on_open("storage", dicom.pdu(2, bytes(68))),
         trace="A-ASSOCIATE-AC came on an open association"),
    Case(59, "A-RELEASE-RP that nobody asked for", "A-ABORT (2, 2)", on_open("worklist", dicom.pdu(6)),
         trace="A-RELEASE-RP came on an open association"),
    Case(60, "a PDU of type 08H as the first", _EARLY, first("worklist", dicom.pdu(0x08)),
         trace="these bytes are no DICOM PDU"),
    Case(60, "a PDU of type 08H on an open association", "A-ABORT (2, 1)", on_open("storage", dicom.pdu(0x08)),
         trace="these bytes are no DICOM PDU"),
    Case(60, "a PDU of type 00H with a length of 4 GB", "A-ABORT (2, 1)",
         on_open("worklist", dicom.pdu(0x00, b"", length=0xFFFFFFFF)), trace="these bytes are no DICOM PDU"),
    Case(60, "a PDU of type FFH with 20,000 bytes", "A-ABORT (2, 1)", on_open("storage", dicom.pdu(0xFF, bytes(20000))),
         trace="these bytes are no DICOM PDU"),
)  # fmt: skip


def _silent(department: Department, sent: bytes = b"") -> str:
    with opened(department, "storage") as peer:
        peer.sendall(sent)
        return ending(peer)


ENDINGS = (
    Case(61, "a connection, and nothing on it", "no answer, closed", first("worklist", b""),
         trace=f"no A-ASSOCIATE-RQ came for {PATIENCE.dicom.association:g} s"),
    Case(61, "half an A-ASSOCIATE-RQ, then silence", "no answer, closed",
         first("storage", dicom.associate_rq()[:50]), trace="the connection ended after 50 bytes of a PDU"),
    Case(61, "half a P-DATA-TF, then silence", "A-ABORT (2, 0)", lambda lab: _silent(lab, _ECHO[:30]),
         trace=f"30 bytes of a PDU came, and not the rest within {PATIENCE.dicom.silence:g} s"),
    Case(61, "silence on an open association", _EARLY, _silent, trace=f"nothing came for {PATIENCE.dicom.idle:g} s"),
    Case(61, "an A-ASSOCIATE-RQ of 4 GB", _EARLY, first("storage", dicom.pdu(1, bytes(100), length=0xFFFFFFFF)),
         trace="the PDU says it has 4,294,967,295 bytes"),
    Case(61, "a P-DATA-TF of 4 GB", "A-ABORT (2, 6)", on_open("worklist", dicom.pdu(4, b"", length=0xFFFFFFFF)),
         trace="the PDU says it has 4,294,967,295 bytes"),
    Case(62, "a P-DATA-TF of two bytes more than was negotiated", "A-ABORT (2, 6)",
         on_open("storage", dicom.pdu(4, dicom.pdv(1, 1, bytes(_LONGEST - 4)))),
         trace="the PDU says it has 131,074 bytes"),
    Case(62, "a maximum length in which no fragment has room", _EARLY, asks(user=dicom.user_information(7)),
         trace="a maximum length of 7 bytes has no room for a fragment"),
)  # fmt: skip

MESSAGES = (
    Case(63, "a command that does not exist", "A-ABORT (2, 0)",
         on_open("worklist", dicom.message(1, dicom.request(0x0F0F, dicom.VERIFICATION))),
         trace="the Command Field 0x0F0F, which is no operation"),
    Case(63, "C-MOVE where it is not offered", "C-MOVE-RSP 0x0211",
         on_open("storage", dicom.message(3, dicom.request(dicom.C_MOVE, dicom.STUDY_ROOT, dicom.number(0x700, 0),
                                                           dicom.text(0x600, "SCANNER"), data_set=1),
                                          dicom.text(0x00080052, "STUDY"))),
         trace="C-MOVE is not served here"),
    Case(63, "N-EVENT-REPORT", "N-EVENT-REPORT-RSP 0x0211",
         on_open("worklist", dicom.message(1, dicom.request(0x0100, dicom.VERIFICATION, dicom.uid(0x1000, "1.2.3"),
                                                            dicom.number(0x1002, 1)))),
         trace="N-EVENT-REPORT is not served here"),
    Case(63, "C-CANCEL-RQ for nothing, then C-ECHO", "C-ECHO-RSP 0x0000",
         on_open("worklist", dicom.message(3, dicom.cancel_rq(7)), _ECHO),
         trace="ignored: C-CANCEL-RQ about message 7"),
    Case(63, "a response to no request, then C-ECHO", "C-ECHO-RSP 0x0000",
         on_open("storage", dicom.message(1, dicom.request(0x8030, dicom.VERIFICATION, dicom.number(0x120, 1))), _ECHO),
         trace="ignored: C-ECHO-RSP about message 1"),
    Case(63, "a request without a Message ID", "A-ABORT (2, 0)",
         on_open("storage", dicom.message(1, dicom.command(dicom.uid(2, dicom.VERIFICATION), dicom.number(0x100, 0x30),
                                                           dicom.number(0x800, dicom.NO_DATA_SET)))),
         trace="the request has no Message ID"),
    Case(63, "a command set that is cut", "A-ABORT (2, 0)", on_open("worklist", dicom.message(1, dicom.echo_rq()[:-1])),
         trace="the command set cannot be read: (0000,0800) has 2 bytes, but only 1 follow"),
    Case(63, "a Command Group Length that is wrong", "C-ECHO-RSP 0x0000",
         on_open("storage", dicom.message(1, dicom.request(0x30, dicom.VERIFICATION, group_length=5))),
         trace="the Command Group Length says 5 bytes"),
    Case(63, "a message on a presentation context that was not accepted", "A-ABORT (2, 6)",
         on_open("worklist", dicom.message(5, dicom.echo_rq()),
                 contexts=[(1, dicom.VERIFICATION, [dicom.IMPLICIT]), (5, dicom.CT_IMAGE, [dicom.IMPLICIT])]),
         trace="a message on presentation context 5, which was not accepted"),
    Case(63, "a presentation data value that is longer than its PDU", "A-ABORT (2, 6)",
         on_open("storage", dicom.p_data(dicom.pdv(1, 3, dicom.echo_rq(), length=5000))),
         trace="a presentation data value says it has 5,000 bytes"),
    Case(63, "a data set without a command set", "A-ABORT (2, 0)",
         on_open("worklist", dicom.p_data(dicom.pdv(3, 2, dicom.text(0x00100020, "")))),
         trace="a data set without a command set that announces it"),
    Case(63, "a new command set where a data set was announced", "A-ABORT (2, 0)",
         on_open("worklist", dicom.message(3, dicom.find_rq()), dicom.message(3, dicom.find_rq(message_id=2))),
         trace="a new command set, where the data set of a C-FIND-RQ was to come"),
)  # fmt: skip


def _broken_off(department: Department, how: str) -> str:
    """Half a C-STORE, then A-ABORT, the end of the connection, or a reset."""
    contexts = [(1, dicom.SECONDARY_CAPTURE, [dicom.IMPLICIT])]
    with opened(department, "storage", contexts) as peer:
        peer.sendall(dicom.message(1, dicom.store_rq(dicom.SECONDARY_CAPTURE, "1.2.826.0.1.3680043.10.64")))
        peer.sendall(dicom.p_data(dicom.pdv(1, 0, bytes(4000))))
        if how == "A-ABORT":
            peer.sendall(dicom.abort())
        elif how == "reset":
            at_once = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            return "no answer, closed"
        else:
            peer.shutdown(socket.SHUT_WR)
        return answer(peer)


def _twenty_idle(department: Department) -> str:
    """Twenty connections to each port on which nothing comes, and an honest C-ECHO beside them."""
    said = set()
    with contextlib.ExitStack() as idle:
        for port in PORTS:
            for _ in range(20):
                idle.enter_context(department.connect(port))
        for port in PORTS:
            with opened(department, port) as peer:
                peer.settimeout(5.0)
                peer.sendall(_ECHO)
                said.add(released(peer, answer(peer)))
    return " and ".join(said)


_TLS_HELLO = bytes.fromhex("1603010200010001fc0303") + bytes(500)

PEERS = (
    Case(64, "A-ABORT in the middle of a C-STORE", "no answer, closed", lambda lab: _broken_off(lab, "A-ABORT"),
         trace=_ENDED_AMID),
    Case(64, "the connection closed in the middle of a C-STORE", "no answer, closed",
         lambda lab: _broken_off(lab, "close"), trace=_ENDED_AMID),
    Case(64, "the connection reset in the middle of a C-STORE", "no answer, closed",
         lambda lab: _broken_off(lab, "reset"), trace=_ENDED_AMID),
    Case(65, "twenty idle connections to each port, and C-ECHO on another", "C-ECHO-RSP 0x0000", _twenty_idle,
         untraced="they hang up before their time is over"),
    Case(66, "HTTP on the DICOM port", _EARLY, first("worklist", b"GET / HTTP/1.1\r\nHost: ris\r\n\r\n"),
         trace="this port speaks DICOM, you spoke HTTP"),
    Case(66, "HL7 over MLLP on the DICOM port", _EARLY, first("storage", b"\x0bMSH|^~\\&|EMR|NORTHGATE\r\x1c\r"),
         trace="this port speaks DICOM, you spoke HL7 over MLLP"),
    Case(66, "a TLS handshake on the DICOM port", _EARLY, first("worklist", _TLS_HELLO),
         trace="this port speaks DICOM, you spoke TLS"),
    Case(66, "bytes of no protocol on the DICOM port", _EARLY, first("storage", bytes(range(50, 200))),
         trace="these bytes are no DICOM PDU"),
)  # fmt: skip

CASES = (*TITLES, *REQUESTS, *STATES, *ENDINGS, *MESSAGES, *PEERS)
