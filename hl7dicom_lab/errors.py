"""What can go wrong, sorted by who has to act.

Three branches, because the next step differs:

* `LocalError`: the caller asked for something that the standard forbids. Nothing left this machine.
* `PeerError`: the other side broke a rule. The error carries what to answer.
* `DeliveryError`: the answer did not come, or was a refusal. What happened at the other side may be unknown.

Rules: every error names the place (field, tag, file, address), the rule, and the next step. Text of others that it
quotes is visible.
"""

from __future__ import annotations

from hl7dicom_lab.visible import visible


class LabError(Exception):
    """Base of every error of the lab.

    `where` is an HL7 path (`PID-3`), a DICOM keyword or tag, a file or an address; `next_step` is what the reader
    can do now. Both may be empty.
    """

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        self.what = what
        self.where = where
        self.next_step = next_step
        super().__init__(what)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        stop = "" if self.what.endswith((".", "?", "!")) else "."
        after = f"{stop} Next step: {self.next_step}" if self.next_step else ""
        return visible(f"{place}{self.what}{after}")


class LocalError(LabError):
    """The caller asked for something that the standard forbids; nothing was sent or stored."""


class CannotEncode(LocalError):
    """A text holds a character that the declared character set does not have."""


class CannotFrame(LocalError):
    """An HL7 message holds a byte that MLLP keeps for itself (VT or FS)."""


class CannotBuild(LocalError):
    """A message or a data set lacks a value that the standard requires."""


class NotFound(LocalError):
    """The order, study, patient or file that was asked for is not there."""


class SystemStopped(LocalError):
    """A system was asked for its data after it had been stopped."""


class SetupError(LocalError):
    """The lab cannot start or go on as configured: a port is taken, a folder is read-only."""


class PeerError(LabError):
    """The other side broke a rule."""


class Hl7Fault(PeerError):
    """An HL7 message that is refused.

    `acknowledgment` is MSA-1 of the answer (table 0008: AE the content, AR the message as such); `code` is ERR-3
    (table 0357).
    """

    def __init__(
        self, what: str, *, code: int, where: str = "", next_step: str = "", acknowledgment: str = "AE"
    ) -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.code = code
        self.acknowledgment = acknowledgment


class DicomFault(PeerError):
    """A DIMSE request that is refused with `status` (PS3.7 Annex C and the service class in PS3.4).

    `keyword` names the attribute that offends, if one does; it goes into Offending Element (0000,0901).
    """

    def __init__(self, what: str, *, status: int, keyword: str = "", where: str = "", next_step: str = "") -> None:
        super().__init__(what, where=where or keyword, next_step=next_step)
        self.status = status
        self.keyword = keyword


class AssociationFault(PeerError):
    """Bytes on an association that are answered with A-ABORT; or with A-ASSOCIATE-RJ where `rejection` says so.

    `rule` is what was broken. `reason` is that of an A-ABORT from the service-provider (PS3.8 Table 9-26; 6 is an
    invalid parameter value), `rejection` has result, source and reason (Table 9-21). `raw` are the bytes at fault.
    """

    def __init__(
        self,
        what: str,
        *,
        rule: str,
        next_step: str,
        reason: int = 6,
        rejection: tuple[int, int, int] | None = None,
        raw: bytes = b"",
    ) -> None:
        super().__init__(what, next_step=next_step)
        self.rule = rule
        self.reason = reason
        self.rejection = rejection
        self.raw = raw


class DeliveryError(LabError):
    """A message or an object was not delivered, or nobody knows whether it was."""


class NoAnswer(DeliveryError):
    """Sent, but no answer came in time: the outcome is unknown. Send again with the same MSH-10."""


class Refused(DeliveryError):
    """The other side answered, and the answer is no (AE, AR, a failure status). `answer` has its code."""

    def __init__(self, what: str, *, answer: str, where: str = "", next_step: str = "") -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.answer = answer


class AssociationFailed(DeliveryError):
    """No association: not reachable, rejected, aborted, or no presentation context accepted (PS3.8 section 7)."""
