"""C-GET: an archive sends the images of a study on the association that asked for them (PS3.4 section C.4.3).

Clinical step: the reading screen fetches a study from an archive that is not its own (IHE RAD-16). Rule: an image is
handed on with its bytes as they came, and its C-STORE is answered with what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.events import Event
from pynetdicom.presentation import build_context

from hl7dicom_lab.dicom.sop_classes import STUDY_ROOT_GET
from hl7dicom_lab.model import DicomAddress, ReceivedInstance
from hl7dicom_lab.services.scu import Scu, demand_success
from hl7dicom_lab.services.storage_scp import received_instance

_SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


def retrieve_study(
    scu: Scu,
    address: DicomAddress,
    study_instance_uid: str,
    sop_classes: Sequence[UID],
    keep: Callable[[ReceivedInstance], int],
) -> None:
    """Have an archive send the images of a study. `keep` returns the status of each image's C-STORE.

    Images of other classes than `sop_classes` do not come. Raises `AssociationFailed`, `NoAnswer`, and `Refused` with
    the status of the C-GET.
    """
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", study_instance_uid

    def receive(event: Event) -> int:
        return keep(received_instance(event, address.ae_title))

    contexts = [build_context(one, list(_SYNTAXES)) for one in (STUDY_ROOT_GET, *sop_classes)]
    with scu.associate(address, contexts, stores_here=sop_classes) as assoc:
        assoc.bind(evt.EVT_C_STORE, receive)
        answers = [answer for answer, _ in assoc.send_c_get(query, STUDY_ROOT_GET)]
        demand_success(answers[-1] if answers else Dataset(), "C-GET", address)
