"""The images that a learner's PACS passes on to the hospital of the class.

Clinical step: an image router stands between scanner and archive (IHE RAD-8). Standard: PS3.4 Annex B. Rules: an image
goes on in the transfer syntax in which it came; one association a scanner, SOP class and syntax stays open, because a
study is many images; an image that nobody answered for is sent once more, because to store it twice is to store it.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from hl7dicom_lab.dicom.file_meta import part10
from hl7dicom_lab.model import DicomAddress, ReceivedInstance
from hl7dicom_lab.services.scu import Scu

_ATTEMPTS = 2
#: Calling AE title, SOP class, transfer syntax.
_Kind = tuple[str, str, str]


class ImageLine:
    """Stores images at one address. May be used from any thread; one image at a time is under way."""

    def __init__(self, to: DicomAddress) -> None:
        self._to = to
        self._open: dict[_Kind, tuple[Association, ExitStack]] = {}
        self._lock = threading.Lock()
        self._sent = 0

    def store(self, scu: Scu, received: ReceivedInstance) -> Dataset:
        """The answer to an image that `scu` sends; one without a status where nobody answered.

        Raises `AssociationFailed` where there is no association.
        """
        instance = _as_file(received)
        kind = (scu.ae_title, received.sop_class_uid, received.transfer_syntax_uid)
        answer = Dataset()
        with self._lock:
            for _ in range(_ATTEMPTS):
                association = self._association(scu, kind)
                self._sent = self._sent % 0xFFFF + 1
                try:
                    answer = association.send_c_store(instance, msg_id=self._sent)
                except RuntimeError:  # the association has ended since the last image
                    answer = Dataset()
                if "Status" in answer:
                    break
                self._close(kind)
        return answer

    def stop(self) -> None:
        """Release every association. May be called again."""
        with self._lock:
            for kind in tuple(self._open):
                self._close(kind)

    def _association(self, scu: Scu, kind: _Kind) -> Association:
        if kind in self._open and not self._open[kind][0].is_established:
            self._close(kind)
        if kind not in self._open:
            holder = ExitStack()
            association = holder.enter_context(scu.associate(self._to, [build_context(UID(kind[1]), UID(kind[2]))]))
            self._open[kind] = (association, holder)
        return self._open[kind][0]

    def _close(self, kind: _Kind) -> None:
        _, holder = self._open.pop(kind)
        holder.close()


def _as_file(received: ReceivedInstance) -> FileDataset:
    """The image as pynetdicom sends it; its elements stay as they came until somebody looks at them."""
    return dcmread(
        BytesIO(
            part10(
                received.data_set,
                sop_class_uid=received.sop_class_uid,
                sop_instance_uid=received.sop_instance_uid,
                transfer_syntax_uid=received.transfer_syntax_uid,
            )
        )
    )
