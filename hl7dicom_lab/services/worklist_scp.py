"""The Modality Worklist SCP: a scanner asks what is scheduled (IHE RAD-5, PS3.4 Annex K).

Rule: it knows associations and DIMSE, not orders. `find` gets each query and yields what matches; how C-FIND is
answered stands in `find_service.py`.
"""

from __future__ import annotations

from typing import Unpack

from hl7dicom_lab.dicom.sop_classes import MODALITY_WORKLIST_FIND
from hl7dicom_lab.services.acceptor import AcceptorOptions, DicomAcceptor, Service
from hl7dicom_lab.services.find_service import DEFAULT_LIMIT, Find, Understand, find_service


class WorklistScp(DicomAcceptor):
    """Answers C-FIND in the Modality Worklist Information Model. `options` are `AcceptorOptions`.

    `limit` is the most matches that one query gets, None for no limit; a query with more gets these and 0xA700.
    """

    def __init__(
        self,
        find: Find,
        *,
        understand: Understand | None = None,
        limit: int | None = DEFAULT_LIMIT,
        **options: Unpack[AcceptorOptions],
    ) -> None:
        super().__init__(**options)
        self._find = find_service(MODALITY_WORKLIST_FIND, find, limit, understand)

    def services(self) -> tuple[Service, ...]:
        """C-FIND in the Modality Worklist Information Model."""
        return (self._find,)
