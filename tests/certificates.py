"""Certificates for the tests of TLS, made while they run: no private key lies in the repository, and none runs out.

X.509 v3 (RFC 5280) with keys on the curve P-256 and signatures of ECDSA with SHA-256 (FIPS 186-5), written as DER by
hand, because Python's standard library cannot make certificates and the course needs no package that can. For tests
only: nothing here is made to withstand an attack.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_ECDSA_WITH_SHA256, _EC_PUBLIC_KEY, _PRIME256V1 = "1.2.840.10045.4.3.2", "1.2.840.10045.2.1", "1.2.840.10045.3.1.7"
_COMMON_NAME, _BASIC_CONSTRAINTS, _EXTENDED_KEY_USAGE = "2.5.4.3", "2.5.29.19", "2.5.29.37"
_KEY_IDENTIFIER, _AUTHORITY_KEY_IDENTIFIER = "2.5.29.14", "2.5.29.35"
FOR_SERVERS, FOR_CLIENTS = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"

Point = tuple[int, int] | None


@dataclass(frozen=True)
class Holder:
    """Somebody with a certificate: where the PEM files are, and what signing for others needs."""

    name: str
    certificate: Path
    key: Path
    secret: int

    @property
    def public(self) -> bytes:
        return _public(self.secret)


def make(
    folder: Path,
    name: str,
    *,
    by: Holder | None = None,
    authority: bool = False,
    days: int = 30,
    usages: tuple[str, ...] = (),
) -> Holder:
    """A new key and its certificate in `folder`, signed `by` somebody or by itself.

    `days` is how long it is valid; a negative number has run out. `usages` limit it (extended key usage).
    """
    secret = secrets.randbelow(_N - 1) + 1
    holder = Holder(name, folder / f"{name}.crt", folder / f"{name}.key", secret)
    issuer = by or holder
    start = datetime.now(UTC) - timedelta(days=400)
    until = datetime.now(UTC) + timedelta(days=days)
    to_sign = _sequence(
        _tagged(0xA0, _integer(2)),
        _integer(secrets.randbits(64) + 1),
        _sequence(_oid(_ECDSA_WITH_SHA256)),
        _named(issuer.name),
        _sequence(_time(start), _time(until)),
        _named(name),
        _sequence(_sequence(_oid(_EC_PUBLIC_KEY), _oid(_PRIME256V1)), _bits(holder.public)),
        _tagged(0xA3, _extensions(holder, issuer, authority, usages)),
    )
    signed = _sequence(to_sign, _sequence(_oid(_ECDSA_WITH_SHA256)), _bits(_sign(issuer.secret, to_sign)))
    private = _sequence(_integer(1), _tagged(0x04, secret.to_bytes(32, "big")), _tagged(0xA0, _oid(_PRIME256V1)))
    holder.certificate.write_bytes(_pem("CERTIFICATE", signed))
    holder.key.write_bytes(_pem("EC PRIVATE KEY", private))
    return holder


@dataclass(frozen=True)
class People:
    """An authority, the department and a peer that it has signed, and somebody who signs for himself."""

    folder: Path
    authority: Holder
    department: Holder
    peer: Holder
    alone: Holder


def people(folder: Path) -> People:
    """Everybody who takes part in the tests of TLS."""
    authority = make(folder, "authority", authority=True)
    return People(
        folder,
        authority,
        department=make(folder, "department", by=authority),
        peer=make(folder, "scanner-17", by=authority),
        alone=make(folder, "alone"),
    )


def _extensions(holder: Holder, issuer: Holder, authority: bool, usages: tuple[str, ...]) -> bytes:
    own, signers = (hashlib.sha1(one.public).digest() for one in (holder, issuer))
    constraints = _sequence(_tagged(0x01, b"\xff")) if authority else _sequence()
    extensions = [
        _sequence(_oid(_BASIC_CONSTRAINTS), _tagged(0x01, b"\xff"), _tagged(0x04, constraints)),
        _sequence(_oid(_KEY_IDENTIFIER), _tagged(0x04, _tagged(0x04, own))),
        _sequence(_oid(_AUTHORITY_KEY_IDENTIFIER), _tagged(0x04, _sequence(_tagged(0x80, signers)))),
    ]
    if usages:
        extensions.append(_sequence(_oid(_EXTENDED_KEY_USAGE), _tagged(0x04, _sequence(*map(_oid, usages)))))
    return _sequence(*extensions)


def _sign(secret: int, content: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(content).digest(), "big")
    once = secrets.randbelow(_N - 1) + 1
    point = _times(once, _G)
    assert point is not None
    r = point[0] % _N
    return _sequence(_integer(r), _integer(pow(once, -1, _N) * (digest + r * secret) % _N))


def _public(secret: int) -> bytes:
    point = _times(secret, _G)
    assert point is not None
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def _times(number: int, point: Point) -> Point:
    result: Point = None
    while number:
        if number & 1:
            result = _add(result, point)
        point = _add(point, point)
        number >>= 1
    return result


def _add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % _P == 0:
        return None
    if one == other:
        slope = 3 * (one[0] ** 2 - 1) * pow(2 * one[1], -1, _P) % _P  # the curve's a is -3
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _P) % _P
    x = (slope**2 - one[0] - other[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _integer(number: int) -> bytes:
    return _tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _tagged(0x03, b"\x00" + content)


def _oid(text: str) -> bytes:
    first, second, *others = map(int, text.split("."))
    encoded = bytes((40 * first + second,))
    for number in others:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | 0x80)
        encoded += bytes(reversed(digits))
    return _tagged(0x06, encoded)


def _named(name: str) -> bytes:
    return _sequence(_tagged(0x31, _sequence(_oid(_COMMON_NAME), _tagged(0x0C, name.encode()))))


def _time(moment: datetime) -> bytes:
    return _tagged(0x17, f"{moment:%y%m%d%H%M%SZ}".encode())


def _pem(what: str, content: bytes) -> bytes:
    lines = base64.encodebytes(content).decode()
    text = "".join(lines.split())
    body = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {what}-----\n{body}\n-----END {what}-----\n".encode()
