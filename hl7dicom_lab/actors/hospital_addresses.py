"""Where the hospital of a class listens, and under which name a learner works with it.

Clinical step: a site is connected to a hospital, and both sides agree on addresses and names before anything is sent.
Standard: HL7 v2.5.1 sections 2.15.9.4 and 2.15.9.6 (facilities), PS3.8 section 9.3.2 (AE titles). Rule: one setting
says it all, `SEAT07@hospital.json`: a seat's name and a file of addresses. The name may also stand in a setting of its
own, and at a hub it is the learner's; a file without a name, or a name without a file, is a mistake that is told.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hl7dicom_lab.actors.site import check_facility
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.model import DicomAddress, Hl7Address

#: The environment variables that name the file with the hospital's addresses, and the seat where that one does not.
ADDRESSES_VARIABLE, SEAT_VARIABLE = "HL7DICOM_LAB_HOSPITAL", "HL7DICOM_LAB_SEAT"
_HUB_VARIABLE = "JUPYTERHUB_USER"
_SEAT_AND_FILE = re.compile(r"(?P<seat>[A-Za-z0-9_]{1,11})@(?P<file>.+)")
_MISSING = {ADDRESSES_VARIABLE: "the file with its addresses", SEAT_VARIABLE: "the name of your seat"}
_OR = {ADDRESSES_VARIABLE: "", SEAT_VARIABLE: f", or write {ADDRESSES_VARIABLE}=SEAT07@hospital.json"}


@dataclass(frozen=True)
class HospitalAddresses:
    """Where a RIS and a PACS listen."""

    ris_hl7: Hl7Address
    worklist: DicomAddress
    pacs_hl7: Hl7Address
    storage: DicomAddress

    @classmethod
    def read(cls, path: Path) -> HospitalAddresses:
        """The addresses in a file that `hl7dicom-lab serve --addresses` wrote. Raises `SetupError`."""
        try:
            return cls.of(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetupError(
                f"these are no addresses of a hospital ({type(error).__name__}: {error})",
                where=str(path),
                next_step="ask for the file that `hl7dicom-lab serve --class --addresses FILE` writes",
            ) from error

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> HospitalAddresses:
        """The addresses as `Hospital.addresses` and `Lab.addresses` tell them. Raises KeyError, TypeError."""
        ris, pacs = told["ris"], told["pacs"]
        return cls(
            Hl7Address(**ris["hl7"]),
            DicomAddress(**ris["worklist"]),
            Hl7Address(**pacs["hl7"]),
            DicomAddress(**pacs["storage"]),
        )


@dataclass(frozen=True)
class SeatAtHospital:
    """A seat's name and the hospital that it works with. Raises `SetupError` for a name that is none."""

    addresses: HospitalAddresses
    seat: str

    def __post_init__(self) -> None:
        check_facility(self.seat)

    @classmethod
    def of_environment(cls) -> Self | None:
        """What the environment variables say; None where they say nothing.

        Raises `SetupError` where they name a file and no seat, or a seat and no file, or what cannot be used.
        """
        if not any(os.environ.get(variable) for variable in _MISSING):
            return None
        return cls.named()

    @classmethod
    def named(cls, addresses: Path | str = "", seat: str = "") -> Self:
        """A seat by its name and the file of addresses; what is not given comes from the environment variables.

        Raises `SetupError` for what is neither given nor there, and for what cannot be used.
        """
        file = str(addresses or _setting(ADDRESSES_VARIABLE))
        both = None if Path(file).exists() else _SEAT_AND_FILE.fullmatch(file)
        if both is not None:
            file, seat = both["file"], seat or both["seat"]
        return cls(HospitalAddresses.read(Path(file)), seat or _seat_of_environment())


def seat_for(learner: str) -> str:
    """The seat of a learner at a hub: the name itself where it can be a seat's, else its begin and a few digits."""
    try:
        check_facility(learner)
    except SetupError:
        begin = re.sub(r"[^A-Za-z0-9]", "", unicodedata.normalize("NFKD", learner))[:6]
        return f"{begin}_{hashlib.sha256(learner.encode('utf-8')).hexdigest()[:4]}"
    return learner


def _seat_of_environment() -> str:
    learner = os.environ.get(_HUB_VARIABLE, "")
    return os.environ.get(SEAT_VARIABLE, "") or (seat_for(learner) if learner else _setting(SEAT_VARIABLE))


def _setting(variable: str) -> str:
    """What an environment variable says. Raises `SetupError` where it says nothing."""
    value = os.environ.get(variable, "")
    if not value:
        raise SetupError(
            f"{_MISSING[variable]} is not known",
            where=variable,
            next_step=f"give it, or set the environment variable {variable}{_OR[variable]}",
        )
    return value
