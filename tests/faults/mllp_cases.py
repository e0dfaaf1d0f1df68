"""Rows 1 to 14 of the list of faults, but for row 8: where an HL7 message begins and ends on the wire."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

from answers import Line, ask, said, speak
from case import Case
from hl7_text import Hl7Text, order, report
from mllp_client import MllpClient

from hl7dicom_lab.services.mllp_listener import MllpLimits, MllpListener

if TYPE_CHECKING:
    from department import Department

VT, FS, CR, LF = b"\x0b", b"\x1c", b"\r", b"\n"
_MEGABYTE = 1024 * 1024


def _framed(message: Hl7Text) -> bytes:
    return VT + message.bytes() + FS + CR


def _booked(department: Department, *messages: Hl7Text) -> None:
    """Assert that each of these orders stands in the book, once."""
    numbers = [row[2] for row in department.holds().steps]
    assert [numbers.count(message.placer) for message in messages] == [1] * len(messages)


def _taken(department: Department, begin: bytes, end: bytes, before: bytes = b"") -> str:
    """Send an order between other bytes than VT and FS CR; it has to be in the book."""
    message = order()
    told = speak(department, before + begin + message.bytes() + end)
    _booked(department, message)
    return told


def without_vt(department: Department) -> str:
    return speak(department, order().bytes() + FS + CR)


def text_then_vt(department: Department) -> str:
    return _taken(department, VT, FS + CR, before=b"hello\r\n")


def fs_alone(department: Department) -> str:
    return _taken(department, VT, FS)


def two_with_fs_alone(department: Department) -> str:
    first, second = order(), order()
    told = speak(department, VT + first.bytes() + FS + VT + second.bytes() + FS)
    _booked(department, first, second)
    return told


def cr_alone(department: Department) -> str:
    with Line(department) as line:
        line.put(VT + order().bytes() + CR)
        return said(line.until_closed(), False)


def lf_for_cr(department: Department) -> str:
    return _taken(department, VT, FS + LF)


def lf_after_cr(department: Department) -> str:
    return _taken(department, VT, FS + CR + LF)


def two_in_one_packet(department: Department) -> str:
    first, second = order(), order()
    with Line(department) as line:
        line.put(_framed(first) + _framed(second))
        got, still_open = line.until_quiet()
    assert [answer.answers for answer in got] == [first.control_id, second.control_id]
    _booked(department, first, second)
    return said(got, still_open)


def wrong_between_right(department: Department) -> str:
    first, second = order(), order()
    told = speak(department, _framed(first) + _framed(order().put("PID-8", "Z")) + _framed(second))
    _booked(department, first, second)
    return told


def byte_by_byte(department: Department) -> str:
    message = order()
    framed = _framed(message)
    told = speak(department, *(framed[place : place + 1] for place in range(len(framed))))
    _booked(department, message)
    return told


def cut_before_cr(department: Department) -> str:
    message = order()
    with Line(department) as line:
        line.put(VT + message.bytes() + FS)
        acknowledgment = line.answer()  # it does not wait for the CR
        line.put(CR)
        got, still_open = line.until_quiet()
    _booked(department, message)
    return said([acknowledgment, *got], still_open)


def vt_inside(department: Department) -> str:
    return speak(department, _framed(order().put("PID-5", "Rivera\x0b^Elena")))


def begun_anew(department: Department) -> str:
    message = order()
    told = speak(department, _framed(message)[:-30] + _framed(message))
    _booked(department, message)
    return told


def fs_inside(department: Department) -> str:
    return speak(department, _framed(order().put("OBR-31", "^Headache for\x1c three weeks")))


def fs_before_a_packet_ends(department: Department) -> str:
    begin, end = _framed(order()).split(b"Headache")
    return speak(department, begin + b"Head\x1c", b"ache" + end)


def fs_inside_a_report(department: Department) -> str:
    return speak(department, _framed(report("EMR").put("OBX-5", "No\x1cnodule.")), to="emr")


def empty_frame(department: Department) -> str:
    return speak(department, VT + FS + CR)


def empty_frames(department: Department) -> str:
    message = order()
    told = speak(department, (VT + FS + CR) * 200 + _framed(message))
    _booked(department, message)
    return told


def only_cr(department: Department) -> str:
    return speak(department, VT + CR + FS + CR)


def _other_protocol(department: Department, spoken: bytes, to: str = "orders") -> str:
    with Line(department, to) as line:
        line.put(spoken)
        return said(line.until_closed(), False)


def http(department: Department) -> str:
    return _other_protocol(department, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


def http_with_a_message(department: Department) -> str:
    post = b"POST /orders HTTP/1.1\r\nContent-Type: application/hl7-v2\r\n\r\n"
    return _other_protocol(department, post + _framed(order()), to="reports")


def dicom(department: Department) -> str:
    request = struct.pack(">BBLHH16s16s32x", 1, 0, 68, 1, 0, b"NORTHGATE_RIS   ", b"NORTHGATE_MR1   ")
    return _other_protocol(department, request)


def tls(department: Department) -> str:
    return _other_protocol(department, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), to="emr")


def half_and_silence(department: Department) -> str:
    with Line(department) as line:
        line.put(_framed(order())[:60])
        return said(line.until_closed(), False)


def a_byte_now_and_then(department: Department) -> str:
    """To a listener of its own, because the others give a frame five minutes."""
    limits = MllpLimits(frame_time=0.3)
    with (
        MllpListener(_never, trace=department.lab.trace, system="RIS", limits=limits) as listener,
        MllpClient(listener) as client,
    ):
        client.socket.settimeout(0.05)
        client.socket.sendall(VT)
        for _ in range(200):
            try:
                client.socket.sendall(b"M")
                client.answer()
            except TimeoutError:
                continue
            except (EOFError, ConnectionError):
                return "no answer, closed"
    return "no answer, still open"


def _never(*_: object) -> bytes:
    raise AssertionError("what trickles in is no message")


def half_and_close(department: Department) -> str:
    with Line(department) as line:
        line.put(_framed(order())[:60])
        line.half_close()
        return said(line.until_closed(), False)


def over_the_cap(department: Department) -> str:
    with Line(department) as line:
        line.put(VT + order().bytes(), *[b"x" * _MEGABYTE] * 16, b"x", FS + CR)
        return said(line.until_closed(), False)


def a_huge_field(department: Department) -> str:
    return ask(department, order().put("OBR-31", "^" + "x" * (15 * _MEGABYTE)))


def many_segments(department: Department) -> str:
    return ask(department, order().add(*["NTE|1||x"] * 20_000))


def _endless(department: Department, begin: bytes) -> str:
    with Line(department) as line:
        line.put(begin, *itertools.repeat(b"x" * _MEGABYTE, 200))  # it is cut off long before
        return said(line.until_closed(), False)


def endless_frame(department: Department) -> str:
    return _endless(department, VT)


def endless_noise(department: Department) -> str:
    return _endless(department, b"")


_SILENT, _CLOSED = "no answer, still open", "no answer, closed"
_NO_VT, _NO_CR, _LF = "bytes outside a frame are discarded", "no CR after FS", "LF after the frame"
_VT_INSIDE, _FS_INSIDE, _EMPTY = "VT inside a frame", "FS inside a message", "an empty frame is ignored"
_PAUSE, _NO_END = "closed: silence in the middle of a frame", "the frame has no end"
_RIGHT = "the message is right, and so is its frame"

CASES = (
    Case(1, "a message without VT", _SILENT, without_vt, _NO_VT),
    Case(1, "text, then a message with VT", "AA", text_then_vt, _NO_VT, changes=True),
    Case(2, "FS without CR", "AA", fs_alone, _NO_CR, changes=True),
    Case(2, "FS without CR, twice in one packet", "AA; AA", two_with_fs_alone, _NO_CR, changes=True),
    Case(3, "CR without FS, then silence", _CLOSED, cr_alone, _PAUSE),
    Case(4, "LF after FS in the place of CR", "AA", lf_for_cr, _LF, changes=True),
    Case(4, "LF after FS and CR", "AA", lf_after_cr, _LF, changes=True),
    Case(5, "two messages in one packet", "AA; AA", two_in_one_packet, untraced=_RIGHT, changes=True),
    Case(
        5,
        "three in a packet, one wrong",
        "AA; AE 103 at PID-8; AA",
        wrong_between_right,
        "PID-8",
        changes=True,
    ),
    Case(6, "a message byte by byte", "AA", byte_by_byte, untraced=_RIGHT, changes=True),
    Case(6, "a packet that ends between FS and CR", "AA", cut_before_cr, untraced=_RIGHT, changes=True),
    Case(7, "VT inside a message", _SILENT, vt_inside, _VT_INSIDE),
    Case(7, "half a message, then the whole of it with VT", "AA", begun_anew, _VT_INSIDE, changes=True),
    Case(8, "FS inside an order", _SILENT, fs_inside, _FS_INSIDE),
    Case(8, "FS inside an order, where a packet ends", _SILENT, fs_before_a_packet_ends, _FS_INSIDE),
    Case(8, "FS inside a report", _SILENT, fs_inside_a_report, _FS_INSIDE),
    Case(9, "an empty frame", _SILENT, empty_frame, _EMPTY),
    Case(9, "200 empty frames, then a message", "AA", empty_frames, _EMPTY, changes=True),
    Case(9, "a frame with nothing but CR", _SILENT, only_cr, "no MSH"),
    Case(10, "HTTP on the HL7 port", _CLOSED, http, "this port speaks MLLP, you spoke HTTP"),
    Case(10, "a message as the body of an HTTP request", _CLOSED, http_with_a_message, "you spoke HTTP"),
    Case(10, "DICOM on the HL7 port", _CLOSED, dicom, "this port speaks MLLP, you spoke DICOM"),
    Case(10, "TLS on the HL7 port", _CLOSED, tls, "this port speaks MLLP, you spoke TLS"),
    Case(11, "half a message, then silence", _CLOSED, half_and_silence, _PAUSE),
    Case(11, "a frame that trickles in byte by byte", _CLOSED, a_byte_now_and_then, "a frame took too long"),
    Case(12, "half a message, then the end of the connection", _CLOSED, half_and_close, _NO_END),
    Case(13, "a frame of more than 16 MiB", _CLOSED, over_the_cap, "a frame of more than 16777216 bytes"),
    Case(13, "a field of 15 MiB", "AE 104 at OBR-31", a_huge_field, "only a document (ED) may have over 65536"),
    Case(13, "a message of 20,005 segments", "AE 207", many_segments, "at most 20000 are read"),
    Case(14, "a frame without end", _CLOSED, endless_frame, "a frame of more than 16777216 bytes"),
    Case(14, "a stream without end and without VT", _CLOSED, endless_noise, "more than 65536 bytes outside a frame"),
)
