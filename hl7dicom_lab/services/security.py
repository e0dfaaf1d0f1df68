"""Who may connect to a department, and how their connections are protected.

Rules: nothing is reached from another machine unless somebody says so; on a shared machine the department serves the
user who runs it; where TLS is used, all who listen use it (PS3.15 section B.12).
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.model import DicomAddress, Hl7Address
from hl7dicom_lab.services.same_user import Address, other_user
from hl7dicom_lab.services.tls import TlsFiles
from hl7dicom_lab.trace import Remark


@dataclass(frozen=True)
class Security:
    """What a department asks of its connections. Without `tls` they are in the clear.

    `other_users` lets in whoever else works on this machine, too.
    """

    tls: TlsFiles | None = None
    other_users: bool = False

    def stranger(self, own: Address, peer: Address) -> Remark | None:
        """Why a connection is turned away; None for those who may come in. The ends are as `getsockname` gives them."""
        user = None if self.other_users else other_user(own, peer)
        if user is None:
            return None
        return Remark(
            f"turned away: another user of this machine (user id {user})",
            "a department on a shared machine serves the user who runs it",
            "connect to your own department: check the port; one for all users is `serve --other-users`",
        )

    def towards(self, address: Hl7Address | DicomAddress) -> TlsFiles | None:
        """What a system needs to connect there; None where connections are in the clear. Raises `SetupError`."""
        if address.tls and self.tls is None:
            raise SetupError(
                "this address takes TLS only, and no certificate was given",
                where=f"{address.host}:{address.port}",
                next_step="give certificate and key (`TlsFiles`), or an address without TLS",
            )
        return self.tls if address.tls else None


def is_this_machine(host: str) -> bool:
    """Whether whoever listens there is reached from this machine only (127.0.0.0/8, ::1, and names of them)."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)
