"""Where the hospital of a class listens, and under which name a learner works with it.

Clinical step: a site is connected to a hospital, and both sides agree on addresses and names before anything is sent.
Standard: HL7 v2.5.1 sections 2.15.9.4 and 2.15.9.6 (facilities), PS3.8 section 9.3.2 (AE titles). Rule: two settings
say it all, a file of addresses and a seat's name; one without the other is a mistake that is told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hl7dicom_lab.actors.site import check_facility
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.model import DicomAddress, Hl7Address

#: The environment variables that name the file with the hospital's addresses, and the seat.
ADDRESSES_VARIABLE, SEAT_VARIABLE = "HL7DICOM_LAB_HOSPITAL", "HL7DICOM_LAB_SEAT"
_MISSING = {ADDRESSES_VARIABLE: "the file with its addresses", SEAT_VARIABLE: "the name of your seat"}


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
        """What the two environment variables say; None where they say nothing.

        Raises `SetupError` where only one of them is set, or where what they say cannot be used.
        """
        if not any(os.environ.get(variable) for variable in _MISSING):
            return None
        return cls(HospitalAddresses.read(Path(setting(ADDRESSES_VARIABLE))), setting(SEAT_VARIABLE))


def setting(variable: str) -> str:
    """What one of the two environment variables says. Raises `SetupError` where it says nothing."""
    value = os.environ.get(variable, "")
    if not value:
        raise SetupError(
            f"{_MISSING[variable]} is not known",
            where=variable,
            next_step=f"give it, or set the environment variable {variable}",
        )
    return value
