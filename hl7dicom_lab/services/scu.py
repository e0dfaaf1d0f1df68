"""The side of a DICOM association that asks: C-ECHO, C-FIND, C-STORE (PS3.4 Annexes A, B, C, K).

Clinical step: the technologist tests the connection, picks the patient from the worklist, sends the images, and
somebody asks the archive whether they are there. Rules:

* A refusal is an exception or a result, never a flag: not reachable, rejected, aborted, no context and a failure
  status are told apart, in the standard's words and with what to do next.
* Only the presentation contexts that are needed are proposed; a data set travels in its own transfer syntax.
* An association is always released or aborted; no thread and no socket is left behind.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import A_ASSOCIATE, SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext, build_context

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom import character_set, dimse, pdu
from hl7dicom_lab.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hl7dicom_lab.dicom.pdu_rules import MAXIMUM_PDU_LENGTH
from hl7dicom_lab.dicom.sop_classes import MODALITY_WORKLIST_FIND, STUDY_ROOT_FIND, VERIFICATION
from hl7dicom_lab.dicom.status import SUCCESS, is_pending, is_stored, words
from hl7dicom_lab.errors import AssociationFailed, CannotBuild, NoAnswer, PeerError, Refused
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.services import tls
from hl7dicom_lab.services.association import Over, TimeOuts, TracedSocket, check_ae_title, observe
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.services.traced_tls import over_tls
from hl7dicom_lab.trace import Conversation, Trace

_MOST_CONTEXTS = 128  # PS3.8 section 7.1.1.13: identifiers are the odd numbers from 1 to 255
_NO_ANSWER = "no answer: nobody knows whether it is stored; send it again"
_NOT_SENT = "not sent: the association has ended"
_DEFAULT = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


@dataclass(frozen=True)
class StoreResult:
    """What became of one instance. `status` is None where it was not sent, or where nobody answered."""

    sop_class_uid: str
    sop_instance_uid: str
    status: int | None
    words: str
    comment: str = ""

    @property
    def stored(self) -> bool:
        """Whether the other side says that it has the instance."""
        return self.status is not None and is_stored(self.status)


class Scu:
    """A system that asks others, under its AE title. Each call is one association.

    An address says whether TLS is spoken there; `security` has the files for it, and `SetupError` is raised without.
    """

    def __init__(
        self,
        ae_title: str,
        *,
        trace: Trace,
        system: str,
        clock: ClassClock,
        time_outs: TimeOuts | None = None,
        security: Security | None = None,
    ) -> None:
        self.ae_title = check_ae_title(ae_title)
        self._trace = trace
        self._system = system
        self._clock = clock
        self._time_outs = time_outs or TimeOuts()
        self._security = security or Security()
        self._over_tls = over_tls(self._security.tls.for_client) if self._security.tls else None

    def echo(self, address: DicomAddress) -> None:
        """C-ECHO: whether the other side is there and speaks DICOM.

        Raises `AssociationFailed`, `NoAnswer`, or `Refused` with the status.
        """
        with self.associate(address, [build_context(VERIFICATION, list(_DEFAULT))]) as assoc:
            demand_success(assoc.send_c_echo(), "C-ECHO", address)

    def find_worklist(self, address: DicomAddress, query: Dataset) -> list[Dataset]:
        """C-FIND: the worklist items that match `query`, in the order in which they came.

        Raises `CannotBuild` for a query without any key, `CannotEncode` for text outside its character set,
        `AssociationFailed`, `NoAnswer`, `Refused` with the status, `PeerError` for an item that cannot be decoded.
        """
        return self._find(address, query, MODALITY_WORKLIST_FIND)

    def find_studies(self, address: DicomAddress, query: Dataset) -> list[Dataset]:
        """C-FIND in an archive, Study Root: the studies, series or images that match `query`, as they came.

        `query` names its level in QueryRetrieveLevel: STUDY, SERIES or IMAGE. Raises as `find_worklist` does.
        """
        return self._find(address, query, STUDY_ROOT_FIND)

    def _find(self, address: DicomAddress, query: Dataset, model: UID) -> list[Dataset]:
        if not query:  # the request would announce an identifier and none would follow, so the peer waits for it
            raise CannotBuild(
                "an identifier needs at least one key",
                where="C-FIND-RQ",
                next_step="put in what you ask for: an empty value asks, a value searches",
            )
        character_set.check(query)
        with self.associate(address, [build_context(model, list(_DEFAULT))]) as assoc:
            return _matches(assoc, query, model, address)

    def store(
        self,
        address: DicomAddress,
        data_sets: Iterable[Dataset],
        after_each: Callable[[StoreResult], object] = lambda _: None,
        *,
        transfer_syntaxes: Sequence[UID] = _DEFAULT,
    ) -> tuple[StoreResult, ...]:
        """C-STORE: send instances on one association; one result each, in their order.

        A data set in Explicit VR Little Endian or without file meta travels in the first of `transfer_syntaxes`; for it
        all of them are proposed. Any other travels in its own. `after_each` gets each result as it comes.
        Raises `CannotBuild` and `CannotEncode` before anything is sent, and `AssociationFailed`.
        """
        instances = [_ready_to_send(data_set, transfer_syntaxes[0]) for data_set in data_sets]
        if not instances:
            return ()
        results: list[StoreResult] = []
        with self.associate(address, _contexts_for(instances, transfer_syntaxes)) as assoc:
            for number, instance in enumerate(instances, start=1):
                results.append(_store(assoc, instance, number))
                after_each(results[-1])
                if results[-1].words == _NO_ANSWER:  # the association ends with it
                    break
        return (*results, *(_result(instance, None, _NOT_SENT) for instance in instances[len(results) :]))

    def negotiate(self, address: DicomAddress, sop_class: UID, transfer_syntaxes: Sequence[UID]) -> None:
        """Ask for an association in which instances of a class could be sent, and send none.

        Each transfer syntax is a presentation context of its own. Raises `AssociationFailed` where none is accepted.
        """
        with self.associate(address, [build_context(sop_class, syntax) for syntax in transfer_syntaxes]):
            pass

    @contextmanager
    def associate(
        self, address: DicomAddress, contexts: Sequence[PresentationContext], *, stores_here: Sequence[UID] = ()
    ) -> Iterator[Association]:
        """An open association that proposed `contexts`; released at the end. Raises `AssociationFailed`.

        Of the classes `stores_here` this side is the one that stores (PS3.7 Annex D.3.3.4, role selection).
        """
        over = self._over_tls if self._security.towards(address) else None
        self._clock.tick()
        conversation = self._trace.open(
            self._system, "DICOM", "requestor", dimse.describe, peer=check_ae_title(address.ae_title)
        )
        roles = [build_role(one, scp_role=True) for one in stores_here]
        assoc = self._request(address, contexts, roles, conversation, over)
        try:
            if not assoc.is_established:
                raise _failure(assoc, conversation, address, self._time_outs)
            yield assoc
        finally:
            _end(assoc, self._time_outs)

    def _request(
        self,
        address: DicomAddress,
        contexts: Sequence[PresentationContext],
        roles: Sequence[SCP_SCU_RoleSelectionNegotiation],
        conversation: Conversation,
        over: Over | None,
    ) -> Association:
        ae = AE(ae_title=self.ae_title)
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        ae.connection_timeout = self._time_outs.connection
        ae.acse_timeout = self._time_outs.association
        ae.dimse_timeout = self._time_outs.message
        ae.network_timeout = self._time_outs.idle
        try:
            return ae.associate(
                _checked_host(address),
                address.port,
                contexts=list(contexts),
                ae_title=address.ae_title,
                max_pdu=MAXIMUM_PDU_LENGTH,
                ext_neg=list(roles),
                evt_handlers=[(evt.EVT_ACSE_SENT, self._on_request, [conversation, over])],
            )
        except OSError as error:  # the name of the host is not known
            raise _not_reachable(conversation, address) from error

    def _on_request(self, event: Event, conversation: Conversation, over: Over | None) -> None:
        """A-ASSOCIATE is about to be asked for; the socket is there and not connected yet."""
        primitive = event.primitive  # type: ignore[attr-defined]  # pynetdicom adds it to this event
        traced = observe(event.assoc, conversation, over) if isinstance(primitive, A_ASSOCIATE) else None
        if traced is not None:
            event.assoc.bind(evt.EVT_CONN_OPEN, self._on_connection, [traced])

    def _on_connection(self, event: Event, traced: TracedSocket) -> None:
        traced.conversation.ports = (event.assoc.requestor.port, event.assoc.acceptor.port)
        traced.opened(self._time_outs.silence)


def _matches(assoc: Association, query: Dataset, model: UID, address: DicomAddress) -> list[Dataset]:
    items: list[Dataset | None] = []
    answer = Dataset()
    for answer, item in assoc.send_c_find(query, model):
        if is_pending(answer.get("Status", SUCCESS)):
            items.append(item)
    demand_success(answer, "C-FIND", address)
    found = [item for item in items if item is not None]
    if len(found) < len(items):
        raise PeerError(
            f"{len(items) - len(found)} of {len(items)} answers cannot be decoded",
            where=_name(address),
            next_step="look at the C-FIND-RSP in the trace, and report it to whoever runs the other side",
        )
    return found


def _store(assoc: Association, instance: Dataset, number: int) -> StoreResult:
    try:
        answer = assoc.send_c_store(instance, msg_id=(number - 1) % 0xFFFF + 1)
    except RuntimeError:  # the association has ended since the last answer
        return _result(instance, None, _NOT_SENT)
    except ValueError as error:
        return _result(instance, None, f"not sent: {_why_not(assoc, instance, error)}")
    if "Status" not in answer:
        return _result(instance, None, _NO_ANSWER)
    return _result(instance, answer.Status, words(answer.Status, "C-STORE"), str(answer.get("ErrorComment") or ""))


def _why_not(assoc: Association, instance: Dataset, error: ValueError) -> str:
    """Why pynetdicom made no request: no context fits, or else its own words about the data set."""
    syntax = UID(instance.file_meta.TransferSyntaxUID)
    usable = {syntax} if syntax.is_compressed else {syntax, ImplicitVRLittleEndian}
    accepted = {
        one.transfer_syntax[0] for one in assoc.accepted_contexts if one.abstract_syntax == instance.SOPClassUID
    }
    if usable & accepted:
        return str(error)
    return f"no presentation context for {dimse.name_of(instance.SOPClassUID)} in {dimse.name_of(syntax)}"


def _result(instance: Dataset, status: int | None, what: str, comment: str = "") -> StoreResult:
    return StoreResult(str(instance.SOPClassUID), str(instance.SOPInstanceUID), status, what, comment)


def _ready_to_send(data_set: Dataset, preferred: UID) -> Dataset:
    """The data set as pynetdicom takes it: with file meta that names its transfer syntax."""
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if not data_set.get(keyword):
            raise CannotBuild(
                "an instance cannot be sent without it", where=keyword, next_step="give the instance its SOP UIDs"
            )
    character_set.check(data_set)
    meta = getattr(data_set, "file_meta", None)
    declared = meta.get("TransferSyntaxUID") if meta is not None else None
    if declared and (declared == preferred or declared != ExplicitVRLittleEndian):
        return data_set
    ready = copy.copy(data_set)
    ready.file_meta = FileMetaDataset()
    ready.file_meta.TransferSyntaxUID = preferred
    if declared:  # else it was made here, and has no encoding yet
        for _ in ready.iterall():  # decodes what is still as it was read, sequences above all
            pass
        ready.set_original_encoding(preferred.is_implicit_VR, preferred.is_little_endian)
    return ready


def _contexts_for(instances: Sequence[Dataset], transfer_syntaxes: Sequence[UID]) -> list[PresentationContext]:
    """A context for each SOP class and transfer syntax, and for each class in the default syntax (PS3.5 section 10.1).

    The default is left out for compressed instances: they cannot be sent in it. Which syntaxes go with the first of
    `transfer_syntaxes` is the caller's choice.
    """
    pairs: dict[tuple[UID, UID], None] = {}
    for instance in instances:
        syntax = UID(instance.file_meta.TransferSyntaxUID)
        beside = () if syntax.is_compressed else (ImplicitVRLittleEndian,)
        for one in transfer_syntaxes if syntax == transfer_syntaxes[0] else (syntax, *beside):
            pairs[instance.SOPClassUID, one] = None
    if len(pairs) > _MOST_CONTEXTS:
        raise CannotBuild(
            f"these instances need {len(pairs)} presentation contexts",
            where="A-ASSOCIATE-RQ",
            next_step=f"send them in groups that need at most {_MOST_CONTEXTS}",
        )
    return [build_context(sop_class, syntax) for sop_class, syntax in pairs]


def demand_success(answer: Dataset, service: str, address: DicomAddress) -> None:
    """Raise `NoAnswer` where a response has no status, and `Refused` where it is not Success."""
    if "Status" not in answer:
        raise NoAnswer(
            f"no answer to the {service} request",
            where=_name(address),
            next_step="look in the trace for A-ABORT, or at the other side's log; then ask again",
        )
    if answer.Status != SUCCESS:
        comment = f": {answer.ErrorComment}" if answer.get("ErrorComment") else ""
        raise Refused(
            f"{service} was refused with {words(answer.Status, service)}{comment}",
            answer=f"0x{answer.Status:04X}",
            where=_name(address),
            next_step="correct what the status and the comment name, then ask again",
        )


def _failure(
    assoc: Association, conversation: Conversation, address: DicomAddress, time_outs: TimeOuts
) -> AssociationFailed:
    """Why there is no association, told by what happened last."""
    if conversation.ports == (0, 0):
        return _not_reachable(conversation, address)
    no_tls = tls.failure(conversation)
    if no_tls is not None:
        return AssociationFailed(no_tls.what, where=_name(address), next_step=no_tls.repair)
    # What came is read from the wire: pynetdicom looks for an answer only while the connection is open, and on a busy
    # machine a peer has refused and hung up before it looks.
    came = {row.kind: row.event.raw for row in conversation.decoded() if row.event.direction == "in"}
    rejection = pdu.parse(came[pdu.NAMES[3]]) if pdu.NAMES[3] in came else None
    if isinstance(rejection, pdu.Reject):
        what, next_step = f"the association was rejected: {rejection.words}", _after_rejection(rejection, assoc)
    elif assoc.rejected_contexts:
        asked = ", ".join(dict.fromkeys(dimse.name_of(one.abstract_syntax or "") for one in assoc.rejected_contexts))
        what = f"no presentation context was accepted for {asked}"
        next_step = "ask a system that offers this service, or propose other transfer syntaxes; see the A-ASSOCIATE-AC"
    elif pdu.NAMES[7] in came:
        what, next_step = "the other side aborted", "look at the other side's log"
    else:
        what = f"no answer to A-ASSOCIATE-RQ within {time_outs.association:g} seconds, or the connection was closed"
        next_step = "check that a DICOM application listens on this port, and not another protocol"
    return AssociationFailed(what, where=_name(address), next_step=next_step)


def _after_rejection(rejection: pdu.Reject, assoc: Association) -> str:
    if (rejection.source, rejection.reason) == (1, 7):
        return f"ask for the AE title under which the other side is known; {assoc.acceptor.ae_title} is not it"
    if (rejection.source, rejection.reason) == (1, 3):
        return f"have {assoc.requestor.ae_title} entered at the other side as a known AE title"
    return "try again later" if rejection.result == 2 else "compare both sides' conformance statements"


def _not_reachable(conversation: Conversation, address: DicomAddress) -> AssociationFailed:
    what = "nobody answers on this host and port"
    next_step = "check host and port, and that the other side has been started"
    conversation.note(what, repair=next_step)
    return AssociationFailed(what, where=_name(address), next_step=next_step)


def _checked_host(address: DicomAddress) -> str:
    if not 0 < address.port < 65536:
        raise OSError(f"{address.port} is no port")
    return address.host


def _name(address: DicomAddress) -> str:
    return f"{address.ae_title} at {address.host}:{address.port}"


def _end(assoc: Association, time_outs: TimeOuts) -> None:
    """Release what is still open, and wait until the association's threads have ended."""
    if assoc.is_established:
        assoc.release()
    for thread in (assoc, assoc.dul):
        if thread.is_alive():
            thread.join(time_outs.association)
