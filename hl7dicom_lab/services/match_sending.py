"""The matches of one query on their way to the scanner that asked.

Standard: PS3.4 section C.4.1.3 (one response for each match), PS3.8 section 9.3.5. Rules: each match is a response and
a P-DATA of its own; the first leaves at once, and so does each that had to be made; those that lie ready leave with one
packet.
"""

from __future__ import annotations

import time
from io import BytesIO

from pynetdicom.dimse_primitives import C_FIND

from hl7dicom_lab.dicom.response_command import C_FIND_RSP, response_command
from hl7dicom_lab.services.plain_answer import PlainAnswer, send_answers
from hl7dicom_lab.services.request_screen import RequestScreen

_MOST_BYTES = 32 * 1024
_LONGEST_WAIT = 0.005  # seconds


class MatchSending:
    """Sends the pending responses to a request on one presentation context. `flush` sends what still waits."""

    def __init__(self, screen: RequestScreen, request: C_FIND, context_id: int) -> None:
        self._screen = screen
        self._request = request
        self._message_id, self._sop_class = request.MessageID or 0, str(request.AffectedSOPClassUID)
        self._context_id = context_id
        self._longest = screen.maximum_pdu_size
        self._has_begun = False
        self._waiting: list[PlainAnswer] = []
        self._size = 0
        self._since = 0.0

    @property
    def holds_some(self) -> bool:
        """Whether matches wait for others, so that nothing has been sent since the last look at the connection."""
        return bool(self._waiting)

    def send(self, pending: int, identifier: bytes, *, lay_ready: bool) -> None:
        """Send one match: at once, or if it lay ready with those that follow soon."""
        command = response_command(
            C_FIND_RSP, self._message_id, self._sop_class, pending, has_data_set=bool(identifier)
        )
        answer = PlainAnswer.of(self._context_id, command, identifier)
        if not answer.fits(self._longest):
            self.flush()
            self._screen.send_msg(_response(self._request, pending, identifier), self._context_id)
            return
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(answer)
        self._size += len(identifier)
        if (
            not (lay_ready and self._has_begun)
            or self._size > _MOST_BYTES
            or time.monotonic() > self._since + _LONGEST_WAIT
        ):
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._has_begun = True
            send_answers(self._screen.dul, self._waiting)
            self._waiting, self._size = [], 0


def _response(request: C_FIND, pending: int, identifier: bytes) -> C_FIND:
    response = C_FIND()
    response.MessageIDBeingRespondedTo = request.MessageID
    response.AffectedSOPClassUID = request.AffectedSOPClassUID
    response.Status = pending
    response.Identifier = BytesIO(identifier)
    return response
