"""Another archive in the PACS's seat: Orthanc, or whatever stores images and answers C-GET.

Clinical step: scanners store into it (IHE RAD-8), and the reading screen fetches from it (RAD-16). Rules: what the lab
shows of a study came out of that archive; what the lab's own archive holds is a copy that can be fetched again.
"""

from __future__ import annotations

import re

from hl7dicom_lab import story
from hl7dicom_lab.actors.pacs import Pacs
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.sop_classes import IMAGE_STORAGE
from hl7dicom_lab.errors import DicomFault, SetupError
from hl7dicom_lab.model import DicomAddress, ReceivedInstance
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.study_retrieval import retrieve_study

#: The environment variable that names one for the lessons.
VARIABLE = "HL7DICOM_LAB_ARCHIVE"
_ADDRESS = re.compile(r"([!-~]{1,16})@([^@:\s]+):([0-9]{1,5})")


class ArchiveElsewhere:
    """Fetches studies from an archive into that of a PACS."""

    def __init__(self, address: DicomAddress, pacs: Pacs, site: Site) -> None:
        self.address = address
        self._pacs = pacs
        self._scu = Scu(
            site.ae_title(story.PACS),
            trace=site.trace,
            system=story.PACS,
            clock=site.clock,
            time_outs=site.patience.dicom,
            security=site.security,
        )

    def fetch(self, study_instance_uid: str) -> None:
        """Bring a study here (C-GET). Raises as `retrieve_study` does."""
        retrieve_study(self._scu, self.address, study_instance_uid, IMAGE_STORAGE, self._keep)

    def _keep(self, received: ReceivedInstance) -> int:
        try:
            self._pacs.store(received)
        except DicomFault as fault:
            return fault.status
        return status.SUCCESS


def archive_address(text: str) -> DicomAddress:
    """`ORTHANC@127.0.0.1:4242` as an address. Raises `SetupError`."""
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found[3]) < 65536:
        raise SetupError(
            f"{text!r} is no address of an archive",
            where=VARIABLE,
            next_step="write AE title, host and port: ORTHANC@127.0.0.1:4242",
        )
    return DicomAddress(found[2], int(found[3]), found[1])
