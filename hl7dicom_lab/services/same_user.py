"""Whose connection it is: on a shared machine, a department serves the user who runs it.

Labs of many learners on one host all listen on 127.0.0.1, with the same AE titles, and the same names in MSH-5 and
MSH-6. Who mistypes or guesses a port would reach a neighbour's department. Rule: the other end of a loopback connection
has to belong to the same user, or to root, who may read everything anyway.

Linux alone tells whose it is, through NETLINK_SOCK_DIAG (`man 7 sock_diag`): one question about one connection, about
20 microseconds however many there are. (/proc/net/tcp says the same, but takes milliseconds: the kernel walks through
all its connections.) Where nobody can tell, the connection is let in. It keeps apart people of good will; it is no
password.
"""

from __future__ import annotations

import os
import socket
import struct
import sys

#: linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port id
_WHAT = struct.Struct("=BBBxI")  # struct inet_diag_req_v2: family, protocol, extensions, states
_WHICH = struct.Struct("!HH4s12x4s12x")  # struct inet_diag_sockid: ports and addresses, in network byte order
_ANY_INTERFACE = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # and no cookie
_UID_AT = _HEADER.size + 4 + 48 + 12  # in struct inet_diag_msg, the answer

Address = tuple[str, int]


def other_user(own: Address, peer: Address) -> int | None:
    """The user id of who holds the other end of a loopback connection, where it is another user of this machine.

    `own` and `peer` are the two ends, as `getsockname` and `getpeername` give them. None for the same user, for root,
    for a connection over a network, and where this system does not tell.
    """
    if not own[0].startswith("127."):
        return None
    user = owner(peer, own)
    return None if user in (None, 0, _this_user()) else user


def owner(end: Address, other_end: Address) -> int | None:
    """The user id of who holds `end` of a connection on this machine, or None. Root's where it is closed already."""
    if sys.platform != "linux":
        return None
    which = _WHICH.pack(end[1], other_end[1], socket.inet_aton(end[0]), socket.inet_aton(other_end[0])) + _ANY_INTERFACE
    asked = _WHAT.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0xFFFFFFFF) + which
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(1.0)
            kernel.send(_HEADER.pack(_HEADER.size + len(asked), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0) + asked)
            answer = kernel.recv(4096)
    except OSError:  # a kernel without it, or one that does not let us ask
        return None
    if len(answer) < _UID_AT + 4 or _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        return None  # an error: there is no such connection
    return int(struct.unpack_from("=I", answer, _UID_AT)[0])


def _this_user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0
