"""The Storage SCP: a scanner sends its images to the archive (IHE RAD-8, PS3.4 Annex B).

It knows associations and DIMSE, not where images are kept: `store` gets each instance with its bytes as they came, and
returns once it is safe. Rules: 0x0000 leaves only after `store` has returned. What contradicts its own command or
cannot be read to its end never reaches `store` (`dicom/instance.py`). Nothing is encoded anew on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack, cast

from pynetdicom import evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.presentation import build_context

from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.instance import CheckedInstance
from hl7dicom_lab.dicom.sop_classes import COMPRESSED, DOCUMENT_STORAGE, IMAGE_STORAGE, UNCOMPRESSED
from hl7dicom_lab.model import ReceivedInstance
from hl7dicom_lab.services.acceptor import AcceptorOptions, DicomAcceptor, Service
from hl7dicom_lab.services.message_assembly import DataSet
from hl7dicom_lab.services.request_screen import answered, as_fault, note_fault
from hl7dicom_lab.trace import Conversation, Remark

#: Keeps one instance; returns when it is safe, with what is noteworthy about it. Raises DicomFault to refuse it.
Store = Callable[[CheckedInstance], Remark | None]


class StorageScp(DicomAcceptor):
    """Answers C-STORE for the common storage classes. `options` are `AcceptorOptions`."""

    def __init__(self, store: Store, **options: Unpack[AcceptorOptions]) -> None:
        super().__init__(**options)
        self._store = store

    def services(self) -> tuple[Service, ...]:
        """C-STORE: images in uncompressed and compressed transfer syntaxes, documents in uncompressed ones."""
        images = [build_context(sop_class, [*UNCOMPRESSED, *COMPRESSED]) for sop_class in IMAGE_STORAGE]
        documents = [build_context(sop_class, list(UNCOMPRESSED)) for sop_class in DOCUMENT_STORAGE]
        return (Service(C_STORE, evt.EVT_C_STORE, self._answer, (*images, *documents)),)

    def _answer(self, event: Event, conversation: Conversation) -> Any:
        """The status of one C-STORE, as pynetdicom sends it."""
        try:
            received = received_instance(event, str(event.assoc.requestor.ae_title))
            remark = self._store(CheckedInstance.of(received, _digest(event)))
        except Exception as error:  # an instance that is not safe is never acknowledged
            fault = as_fault(error)
            note_fault(conversation, fault)
            return answered(fault)
        if remark is not None:
            conversation.note(remark.what, rule=remark.rule, repair=remark.repair, severity=remark.severity)
        return status.SUCCESS


def _digest(event: Event) -> str:
    """The digest that was taken while the data set came, if it was."""
    data_set = cast("C_STORE", event.request).DataSet
    return data_set.digest if isinstance(data_set, DataSet) else ""


def received_instance(event: Event, sender: str) -> ReceivedInstance:
    """What came with a C-STORE request, its data set's bytes as they are; `sender` is the AE title it came from."""
    request = cast("C_STORE", event.request)
    return ReceivedInstance(
        sop_class_uid=str(request.AffectedSOPClassUID),
        sop_instance_uid=str(request.AffectedSOPInstanceUID),
        transfer_syntax_uid=str(event.context.transfer_syntax),
        data_set=request.DataSet.getvalue() if request.DataSet else b"",
        calling_ae_title=sender,
    )
