"""The honest clients: what every fault must leave possible, with peers that have done nothing wrong.

An order is acknowledged and stands on the worklist, an image is stored, a report about it is filed by PACS and EMR, and
both DICOM ports answer C-ECHO. It is asked after each case, so the clients are quick: they write and read bytes.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dicom_bytes as dicom
from dicom_answers import Response, answer, responses
from hl7_text import order, report
from mllp_client import MllpClient

if TYPE_CHECKING:
    from department import Department

PATIENCE = 5.0
_PATIENT = "NG-100237"  # of the messages in hl7_text.py
_ROOT = "1.2.826.0.1.3680043.10.5"
_CHARACTER_SET, _ACCESSION, _PATIENT_ID, _PLACER = 0x00080005, 0x00080050, 0x00100020, 0x00402016

_numbers = itertools.count(1)


def served(department: Department) -> None:
    """Assert that each kind of honest client gets what it asks for."""
    accession = examined(department)
    for port, receiver in (("reports", "PACS"), ("emr", "EMR")):
        _hl7(department, port, report(receiver).put("OBR-18", accession).bytes())


def examined(department: Department) -> str:
    """Order an examination, find it on the worklist and store its image; its accession number."""
    number = next(_numbers)
    accession = f"HONEST-{number}"
    _hl7(department, "orders", order().put("OBR-18", accession).bytes())
    with _association(department, "worklist", dicom.WORKLIST) as peer:
        _echo(peer)
        (found,) = _find(peer, {_ACCESSION: accession, _PATIENT_ID: ""})
        assert found[_PATIENT_ID] == _PATIENT
    with _association(department, "storage", dicom.SECONDARY_CAPTURE) as peer:
        _echo(peer)
        instance = f"{_ROOT}.{number}.1.1"
        peer.sendall(dicom.message(3, dicom.store_rq(dicom.SECONDARY_CAPTURE, instance), _image(accession, number)))
        assert _response(peer).status == 0x0000
    return accession


def on_the_worklist(department: Department, placer: str, *tags: int) -> list[dict[int, str]]:
    """What a scanner finds of an order by its placer order number: the values of these attributes, as text."""
    with _association(department, "worklist", dicom.WORKLIST) as peer:
        return _find(peer, {_CHARACTER_SET: "ISO_IR 192", _PLACER: placer, **dict.fromkeys(tags, "")})


def _hl7(department: Department, port: str, body: bytes) -> None:
    with MllpClient(department.address(port)) as client:
        client.socket.settimeout(PATIENCE)
        acknowledgment = client.ask(body)
        assert (acknowledgment.code, acknowledgment.answers.encode()) == ("AA", body.split(b"|")[9]), acknowledgment


@contextmanager
def _association(department: Department, port: str, abstract_syntax: str) -> Iterator[socket.socket]:
    contexts = [(1, dicom.VERIFICATION, [dicom.IMPLICIT]), (3, abstract_syntax, [dicom.IMPLICIT])]
    with department.connect(port) as peer:
        peer.settimeout(PATIENCE)
        peer.sendall(dicom.associate_rq(contexts=contexts, called=department.address(port).ae_title))
        assert answer(peer) == "A-ASSOCIATE-AC, result 0"
        yield peer
        peer.sendall(dicom.release_rq())
        assert answer(peer) == "A-RELEASE-RP"


def _echo(peer: socket.socket) -> None:
    peer.sendall(dicom.message(1, dicom.echo_rq()))
    assert _response(peer).words == "C-ECHO-RSP 0x0000"


def _response(peer: socket.socket) -> Response:
    (only,) = responses(peer)
    return only


def _find(peer: socket.socket, keys: dict[int, str]) -> list[dict[int, str]]:
    identifier = b"".join(dicom.text(tag, keys[tag]) for tag in sorted(keys))
    peer.sendall(dicom.message(3, dicom.find_rq(), identifier))
    *found, last = responses(peer)
    assert last.words == "C-FIND-RSP 0x0000"
    items = [dicom.elements_of(one.data_set) for one in found]
    return [{tag: value.decode("utf-8").rstrip("\0 ") for tag, value in item.items()} for item in items]


def _image(accession: str, number: int) -> bytes:
    """A secondary capture of 2 by 2 pixels, of the patient of the order."""
    elements = (
        dicom.uid(0x00080016, dicom.SECONDARY_CAPTURE),
        dicom.uid(0x00080018, f"{_ROOT}.{number}.1.1"),
        dicom.text(0x00080050, accession),
        dicom.text(0x00080060, "MR"),
        dicom.text(0x00100010, "Rivera^Elena^Maria^^Ms"),
        dicom.text(0x00100020, _PATIENT),
        dicom.text(0x00100021, "NORTHGATE"),
        dicom.uid(0x0020000D, f"{_ROOT}.{number}"),
        dicom.uid(0x0020000E, f"{_ROOT}.{number}.1"),
        dicom.text(0x00200011, "1"),
        dicom.text(0x00200013, "1"),
        dicom.number(0x00280002, 1),
        dicom.text(0x00280004, "MONOCHROME2"),
        *(dicom.number(0x00280000 + tag, value) for tag, value in _PIXELS.items()),
        dicom.element(0x7FE00010, bytes(8)),
    )
    return b"".join(elements)


_PIXELS = {0x10: 2, 0x11: 2, 0x100: 16, 0x101: 12, 0x102: 11, 0x103: 0}
