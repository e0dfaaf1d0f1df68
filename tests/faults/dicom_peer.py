"""How a case plays DICOM: bytes on a connection of its own, or on an association that is open, and their answer.

Each function with a port makes what `Case.play` needs; the others are for cases that do more.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import dicom_bytes as dicom
from dicom_answers import answer, ending

if TYPE_CHECKING:
    from department import Department

    from hl7dicom_lab.services.acceptor import DicomAcceptor

Play = Callable[["Department"], str]

#: The presentation contexts of an open association: C-ECHO on 1, and C-FIND or C-STORE on 3.
PORTS = {"worklist": dicom.WORKLIST, "storage": dicom.STUDY_ROOT}
ACCEPTED = "A-ASSOCIATE-AC, result 0"


def contexts_of(port: str) -> list[dicom.Context]:
    return [(1, dicom.VERIFICATION, [dicom.IMPLICIT]), (3, PORTS[port], [dicom.IMPLICIT])]


def first(port: str, sent: bytes) -> Play:
    """The bytes are the first on a connection; their answer has to be the last thing on it."""

    def play(department: Department) -> str:
        with department.connect(port) as peer:
            _send(peer, sent)
            return ending(peer)

    return play


def asks(port: str = "worklist", **changes: Any) -> Play:
    """An A-ASSOCIATE-RQ with changes; where it is accepted, the association is released."""

    def play(department: Department) -> str:
        with department.connect(port) as peer:
            peer.sendall(dicom.associate_rq(**{"called": department.address(port).ae_title} | changes))
            said = answer(peer)
            return released(peer, said) if said.startswith("A-ASSOCIATE-AC") else ended(peer, said)

    return play


def on_open(port: str, *sent: bytes, contexts: Iterable[dicom.Context] = ()) -> Play:
    """Bytes on an open association; their first answer, and what becomes of the association."""

    def play(department: Department) -> str:
        with opened(department, port, contexts) as peer:
            _send(peer, b"".join(sent))
            said = answer(peer)
            return ended(peer, said) if said.startswith(("A-ABORT", "A-RELEASE", "no")) else released(peer, said)

    return play


@contextmanager
def opened(department: Department, port: str, contexts: Iterable[dicom.Context] = ()) -> Iterator[socket.socket]:
    """A connection with an open association, or one whose contexts are refused; nobody releases it."""
    with department.connect(port) as peer:
        asked = dicom.associate_rq(contexts=contexts or contexts_of(port), called=department.address(port).ae_title)
        peer.sendall(asked)
        said = answer(peer)
        assert said.startswith("A-ASSOCIATE-AC"), said
        yield peer


@contextmanager
def connected(acceptor: DicomAcceptor) -> Iterator[socket.socket]:
    """A connection to an acceptor of the case's own."""
    with socket.create_connection(("127.0.0.1", acceptor.port), timeout=20.0) as peer:
        yield peer


def associated(peer: socket.socket, acceptor: DicomAcceptor, *contexts: dicom.Context, calling: str = "SCANNER") -> str:
    """Ask an acceptor of the case's own for an association; its answer."""
    asked = contexts or ((1, dicom.VERIFICATION, (dicom.IMPLICIT,)),)
    peer.sendall(dicom.associate_rq(contexts=asked, called=acceptor.ae_title, calling=calling))
    return answer(peer)


def released(peer: socket.socket, said: str) -> str:
    """What was said, where the association is still there and can be released."""
    peer.sendall(dicom.release_rq())
    return ended(peer, said) if (after := answer(peer)) == "A-RELEASE-RP" else f"{said}, then {after}"


def ended(peer: socket.socket, said: str) -> str:
    """What was said, where the connection ends after it."""
    if said.startswith("no answer"):
        return said
    return said if (after := answer(peer)) == "no answer, closed" else f"{said}, then {after}"


def _send(peer: socket.socket, sent: bytes) -> None:
    with suppress(ConnectionError):  # the other side has heard enough
        peer.sendall(sent)
