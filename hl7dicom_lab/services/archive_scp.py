"""The archive's side of DICOM: scanners store (IHE RAD-8), and anybody may ask what there is (IHE RAD-14).

Standard: PS3.4 Annexes B and C. Rule: both services stand at one AE title and one port, so that whoever has stored can
ask at the same place whether it is there. There is no C-MOVE and no C-GET: what is found is not sent.
"""

from __future__ import annotations

from typing import Unpack

from hl7dicom_lab.dicom.sop_classes import STUDY_ROOT_FIND
from hl7dicom_lab.services.acceptor import AcceptorOptions, Service
from hl7dicom_lab.services.find_service import DEFAULT_LIMIT, Find, Understand, find_service
from hl7dicom_lab.services.storage_scp import StorageScp, Store


class ArchiveScp(StorageScp):
    """Answers C-STORE, and C-FIND in the Study Root model. `limit` is the most matches that one query gets."""

    def __init__(
        self,
        store: Store,
        find: Find,
        *,
        understand: Understand | None = None,
        limit: int | None = DEFAULT_LIMIT,
        **options: Unpack[AcceptorOptions],
    ) -> None:
        super().__init__(store, **options)
        self._find = find_service(STUDY_ROOT_FIND, find, limit, understand)

    def services(self) -> tuple[Service, ...]:
        """C-STORE and C-FIND."""
        return (*super().services(), self._find)
