"""The other side of DICOM wire tests where a library would be too slow or too well-behaved: PDUs as bytes.

    with RawAssociation(address, {1: VERIFICATION}) as scanner:
        assert scanner.ask(1, echo_rq())[-1].status == 0x0000

Standard: PS3.8 section 9.3 (PDUs), PS3.7 section 6.3 and Annex E (command sets). It shares no code with the package.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import Self

import dicom_bytes
from dicom_bytes import EXPLICIT, IMPLICIT, SECONDARY_CAPTURE
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

PATIENCE = 20.0
_LONGEST_FRAGMENT = 64 * 1024


@dataclass(frozen=True)
class Response:
    """One DIMSE response: its status, its Error Comment, and the identifier that came with it."""

    status: int
    comment: str
    data_set: bytes

    @property
    def identifier(self) -> Dataset:
        """The identifier, which is in Implicit VR Little Endian here."""
        return read_dataset(BytesIO(self.data_set), is_implicit_VR=True, is_little_endian=True)


# ---- bytes out


def associate_rq(called: str, calling: str, contexts: Mapping[int, str], syntax: str = EXPLICIT) -> bytes:
    """An A-ASSOCIATE-RQ with one transfer syntax for storage and Implicit VR Little Endian for the rest."""
    proposed = [
        (number, abstract, (syntax if abstract == SECONDARY_CAPTURE else IMPLICIT,))
        for number, abstract in contexts.items()
    ]
    user = dicom_bytes.user_information(_LONGEST_FRAGMENT)
    return dicom_bytes.associate_rq(contexts=proposed, called=called, calling=calling, user=user)


RELEASE_RQ = dicom_bytes.release_rq()
ABORT = dicom_bytes.abort()


def p_data(context: int, command: bytes, data_set: bytes = b"") -> bytes:
    """A DIMSE message as P-DATA-TF PDUs."""
    return dicom_bytes.message(context, command, data_set, _LONGEST_FRAGMENT)


def store_command(sop_instance_uid: str, message_id: int = 1) -> bytes:
    return dicom_bytes.store_rq(SECONDARY_CAPTURE, sop_instance_uid, message_id)


def keys(**values: str) -> bytes:
    """An identifier of the tags of a query: `keys(t00100020="NG-1", t00100010="")`."""
    return b"".join(dicom_bytes.text(int(tag[1:], 16), value) for tag, value in sorted(values.items()))


def step_keys(**values: str) -> bytes:
    """ScheduledProcedureStepSequence with one item of keys."""
    return dicom_bytes.sequence(0x00400100, keys(**values))


def image(uid: str, *, study: str, number: int, patient: str, accession: str, size: int = 32) -> bytes:
    """A secondary capture image of `size` rows in Explicit VR Little Endian, its pixels made from its number.

    `uid` is the SOP Instance UID; the series is the UID before its last component.
    """
    pixels = (number * 2654435761 % 2**32).to_bytes(4, "little") * (size * size // 4)
    return b"".join(
        (
            _text(0x00080005, b"CS", "ISO_IR 192"),
            _text(0x00080016, b"UI", SECONDARY_CAPTURE),
            _text(0x00080018, b"UI", uid),
            _text(0x00080050, b"SH", accession),
            _text(0x00080060, b"CS", "OT"),
            _text(0x00100010, b"PN", f"Load^{patient}"),
            _text(0x00100020, b"LO", patient),
            _text(0x0020000D, b"UI", study),
            _text(0x0020000E, b"UI", uid.rpartition(".")[0]),
            _text(0x00200013, b"IS", str(number)),
            _short(0x00280002, 1),
            _text(0x00280004, b"CS", "MONOCHROME2"),
            _short(0x00280010, size),
            _short(0x00280011, size),
            *(_short(0x00280100 + place, value) for place, value in enumerate((8, 8, 7, 0))),
            struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, len(pixels)) + pixels,
        )
    )


def _text(tag: int, vr: bytes, value: str) -> bytes:
    encoded = value.encode()
    encoded += (b"\0" if vr == b"UI" else b" ") * (len(encoded) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(encoded)) + encoded


def _short(tag: int, value: int) -> bytes:
    return struct.pack("<HH2sHH", tag >> 16, tag & 0xFFFF, b"US", 2, value)


# ---- bytes in


class RawAssociation:
    """An association of one's own with an acceptor. `address` has a host, a port and an AE title.

    Raises ConnectionError where it is not accepted or ends too soon, TimeoutError where no answer comes.
    """

    def __init__(
        self,
        address: object,
        contexts: Mapping[int, str],
        *,
        calling: str = "SCANNER",
        called: str = "",
        patience: float = PATIENCE,
    ) -> None:
        host, port, title = (getattr(address, name) for name in ("host", "port", "ae_title"))
        self.socket = socket.create_connection((host, port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")
        try:
            self.socket.sendall(associate_rq(called or title, calling, contexts))
            kind, body = self.read_pdu()
            if kind != 0x02:
                raise ConnectionError(f"not accepted: PDU {kind:02X}H {body[:4].hex()}")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.release()
        finally:
            self.close()

    def ask(self, context: int, command: bytes, data_set: bytes = b"") -> list[Response]:
        """Send a request; every response to it, the final one last."""
        self.socket.sendall(p_data(context, command, data_set))
        return self.responses()

    def responses(self) -> list[Response]:
        """Every response to the request that is under way."""
        found = [self._response()]
        while found[-1].status in (0xFF00, 0xFF01):
            found.append(self._response())
        return found

    def release(self) -> None:
        self.socket.sendall(RELEASE_RQ)
        kind, body = self.read_pdu()
        if kind != 0x06:
            raise ConnectionError(f"not released: PDU {kind:02X}H {body[:4].hex()}")

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def read_pdu(self) -> tuple[int, bytes]:
        """Type and content of the next PDU."""
        kind, _, length = struct.unpack(">BBL", self._read(6))
        return kind, self._read(length)

    def _read(self, length: int) -> bytes:
        data = self._file.read(length)
        if data is None or len(data) < length:
            raise ConnectionError("the other side has closed the connection")
        return data

    def _response(self) -> Response:
        command, data_set = b"", b""
        while True:
            kind, body = self.read_pdu()
            if kind != 0x04:
                raise ConnectionError(f"PDU {kind:02X}H in place of a response: {body[:4].hex()}")
            for _, header, fragment in dicom_bytes.pdvs_of(body):
                if header & 1:
                    command += fragment
                else:
                    data_set += fragment
                fields = dicom_bytes.elements_of(command) if header == 3 else {}
                if header == 2 or fields.get(0x0800) == struct.pack("<H", dicom_bytes.NO_DATA_SET):
                    told = dicom_bytes.elements_of(command)
                    status = struct.unpack("<H", told[0x0900])[0]
                    return Response(status, told.get(0x0902, b"").decode().strip(), data_set)
