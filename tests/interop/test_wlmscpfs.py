"""DCMTK's ten sample worklists and thirteen sample queries, answered by DCMTK's wlmscpfs and by us.

Where the answers differ on purpose, the test names the difference, and docs/conformance.md says why. The samples are
those that DCMTK ships (Debian: dcmtk), in DCMTK's text form; `dump2dcm` makes data sets of them, `findscu` asks.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dcmtk import program
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.storage.order_book import OrderBook
from hl7dicom_lab.trace import Trace

pytestmark = pytest.mark.interop

SAMPLES = Path("/usr/share/doc/dcmtk/examples")
QUERIES = range(13)
AE_TITLE = "OFFIS"
STEP = "ScheduledProcedureStepSequence"


@dataclass(frozen=True)
class Answers:
    """What one query brought: pending statuses, the responses in a fixed order, and how it ended."""

    pending: frozenset[int]
    responses: tuple[dict[str, Any], ...]  # DICOM JSON model
    final: int

    @property
    def accession_numbers(self) -> list[str]:
        return [one["00080050"]["Value"][0] for one in self.responses]


def answers(found: list[tuple[int, Dataset]], final: int) -> Answers:
    as_json = (data_set.decode(data_set.encode(one)).to_json_dict() for _, one in found)
    ordered = sorted(as_json, key=lambda one: json.dumps(one, sort_keys=True))
    return Answers(frozenset(status for status, _ in found), tuple(ordered), final)


def find_with_dcmtk(port: int, folder: Path, *arguments: str) -> Answers:
    """Ask a worklist SCP on this machine with DCMTK's findscu."""
    folder.mkdir()
    command = [
        program("findscu"),
        "-d",
        "-W",
        "-X",
        "-od",
        folder,
        "-aec",
        AE_TITLE,
        "127.0.0.1",
        str(port),
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    *pending, final = (
        int(status, 16) for status in re.findall(r"DIMSE Status +: 0x([0-9a-f]{4})", done.stdout + done.stderr)
    )
    files = sorted(folder.glob("*.dcm"))
    assert len(files) == len(pending)
    return answers([(status, Dataset(dcmread(path))) for status, path in zip(pending, files, strict=True)], final)


def dumped(dump: Path, folder: Path) -> Path:
    """A DICOM file made of one of DCMTK's dumps."""
    made = folder / f"{dump.stem}.wl"
    # The dumps do not say in which transfer syntax they are; DCMTK says so on stderr and takes this one.
    subprocess.run([program("dump2dcm"), "-q", "--write-xfer-little", dump, made], check=True, timeout=60)
    return made


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as wlmscpfs wants it: one folder an AE title, worklist files and a lock file in it."""
    root = tmp_path_factory.mktemp("wlmscpfs")
    folder = root / AE_TITLE
    folder.mkdir()
    (folder / "lockfile").touch()
    dumps = sorted((SAMPLES / "wlistdb" / "OFFIS").glob("*.dump"))
    assert len(dumps) == 10
    for dump in dumps:
        dumped(dump, folder)
    return root


@pytest.fixture(scope="module")
def items(database: Path) -> list[Dataset]:
    return [Dataset(dcmread(path)) for path in sorted((database / AE_TITLE).glob("*.wl"))]


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("queries")
    return [dumped(SAMPLES / "wlistqry" / f"wlistqry{number}.dump", folder) for number in QUERIES]


def listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def wlmscpfs(database: Path) -> Iterator[int]:
    """DCMTK's worklist SCP on these files; its port. `-csk` keeps the character set of the files."""
    for _ in range(5):  # somebody else may take the port in between
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [program("wlmscpfs"), "-q", "-s", "-csk", "-dhl", "-dfp", database, str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            deadline = time.monotonic() + 20
            while server.poll() is None and not listening(port) and time.monotonic() < deadline:
                time.sleep(0.05)
            if server.poll() is None:
                yield port
                server.terminate()
                return
    pytest.fail("wlmscpfs does not start")


@pytest.fixture
def ours(items: list[Dataset], tmp_path: Path) -> Iterator[int]:
    """Our worklist SCP over an order book with the same items; its port."""
    book = OrderBook(tmp_path / "orders.db", durable=False)
    clock = ClassClock()
    try:
        for item in items:
            book.import_item(item)
        find: Callable[..., Any] = lambda query, _conversation: book.find(query)  # noqa: E731
        with WorklistScp(find, ae_title=AE_TITLE, trace=Trace(clock), system="RIS", clock=clock) as scp:
            yield scp.port
    finally:
        book.close()


# The thirteen queries


def with_empty_protocol_codes(answer: dict[str, Any]) -> dict[str, Any]:
    """wlmscpfs leaves a requested sequence out when it does not know it; we return it empty."""
    (step,) = answer["00400100"]["Value"]
    assert "00400008" not in step
    step["00400008"] = {"vr": "SQ", "Value": []}
    return answer


def with_empty_procedure_codes(answer: dict[str, Any]) -> dict[str, Any]:
    """The same at the root."""
    assert "00321064" not in answer
    return {**answer, "00321064": {"vr": "SQ", "Value": []}}


def with_the_step_as_it_is_stored(answer: dict[str, Any]) -> dict[str, Any]:
    """For an empty item wlmscpfs returns its own list of step attributes, we the step as it is stored."""
    (step,) = answer["00400100"]["Value"]
    for tag in ("00400004", "00400005", "00400020"):  # end date, end time, status: in no sample
        assert "Value" not in step.pop(tag)
    return answer


#: Queries that we answer otherwise on purpose, and how; docs/conformance.md says why.
DIFFERENCES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    0: with_empty_procedure_codes,
    1: with_the_step_as_it_is_stored,
    3: with_the_step_as_it_is_stored,
    10: with_empty_protocol_codes,
}


@pytest.fixture(scope="module")
def expected(wlmscpfs: int, queries: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Answers]:
    """What wlmscpfs answers, and where we differ on purpose, what we want instead."""
    folder = tmp_path_factory.mktemp("answers")
    given = []
    for number, query in enumerate(queries):
        theirs = find_with_dcmtk(wlmscpfs, folder / str(number), str(query))
        change = DIFFERENCES.get(number, lambda answer: answer)
        wanted = sorted(map(change, theirs.responses), key=lambda one: json.dumps(one, sort_keys=True))
        given.append(Answers(theirs.pending, tuple(wanted), theirs.final))
    return given


def test_the_sample_queries_find_something_and_not_everything(expected):
    assert [len(one.responses) for one in expected] == [10, 10, 0, 10, 0, 6, 0, 0, 0, 0, 10, 10, 0]
    assert {one.final for one in expected} == {0x0000}
    assert frozenset().union(*(one.pending for one in expected)) == {0xFF00}


@pytest.mark.parametrize("number", QUERIES)
def test_the_matching_answers_as_wlmscpfs_does(number, expected, queries, items):
    compiled = CompiledQuery(Dataset(dcmread(queries[number])))
    assert answers([compiled.response(item) for item in items if compiled.matches(item)], 0x0000) == expected[number]


@pytest.mark.parametrize("number", QUERIES)
def test_the_worklist_answers_findscu_as_wlmscpfs_does(number, expected, queries, ours, tmp_path):
    assert find_with_dcmtk(ours, tmp_path / "answers", str(queries[number])) == expected[number]


# Queries of our own, one for each rule: the same keys for both


def key_arguments(keys: dict[str, str]) -> list[str]:
    """Keys as findscu's arguments; a keyword with a dot stands in the step."""
    named = {"AccessionNumber": "", **keys}
    return [
        argument
        for path, value in named.items()
        for argument in ("-k", f"{path.replace('Step.', f'{STEP}[0].')}={value}")
    ]


def as_query(keys: dict[str, str]) -> Dataset:
    query, step = Dataset(), Dataset()
    for path, value in {"AccessionNumber": "", **keys}.items():
        tag = tag_for_keyword(path.removeprefix("Step.")) or 0
        holder = step if path.startswith("Step.") else query
        holder.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=IGNORE))
    if len(step):
        query.ScheduledProcedureStepSequence = Sequence([step])
    return query


def answer_ourselves(keys: dict[str, str], items: list[Dataset]) -> Answers:
    try:
        compiled = CompiledQuery(as_query(keys))
    except DicomFault as fault:
        return Answers(frozenset(), (), fault.status)
    return answers([compiled.response(item) for item in items if compiled.matches(item)], 0x0000)


DATE, TIME, TITLE = (
    "Step.ScheduledProcedureStepStartDate",
    "Step.ScheduledProcedureStepStartTime",
    "Step.ScheduledStationAETitle",
)

SAME: dict[str, dict[str, str]] = {
    "one title of several": {TITLE: "AA32"},
    "a title with its case": {TITLE: "aa32"},
    "a star as title": {TITLE: "*"},
    "modality": {"Step.Modality": "MR"},
    "several modalities": {"Step.Modality": "MR\\CT"},
    "patient id": {"PatientID": "AV35674"},
    "accession number with a wild card": {"AccessionNumber": "0000?"},
    "name": {"PatientName": "VIVALDI^ANTONIO"},
    "family name alone": {"PatientName": "VIVALDI"},
    "name with a star": {"PatientName": "VIVALDI*"},
    "star before the given name": {"PatientName": "*^ANTONIO"},
    "name with a question mark": {"PatientName": "VIVALD?^ANTONIO"},
    "physician": {"Step.ScheduledPerformingPhysicianName": "RO*"},
    "one day": {DATE: "19960103"},
    "days": {DATE: "19960101-19960430"},
    "from a day on": {DATE: "19960423-"},
    "until a day": {DATE: "-19951206"},
    "no such day": {DATE: "19961301"},
    "day with a wild card": {DATE: "1996*"},
    "range with spaces": {DATE: "19960101 - 19960430"},
    "a second": {TIME: "160700"},
    "a second with a fraction": {TIME: "160700.0"},
    "from an hour on": {TIME: "16-"},
    "until a second": {TIME: "-160700"},
    "between two seconds": {TIME: "094500-160700"},
    "one day between two seconds": {DATE: "19960103", TIME: "160000-170000"},
    "days and times as one period": {DATE: "19960103-19960406", TIME: "140000-170000"},
    "a period over night": {DATE: "19960103-19960406", TIME: "165709-160700"},
    "a period without an end": {DATE: "19960103-", TIME: "170000-"},
    "a period without a beginning": {DATE: "-19960103", TIME: "-165709"},
    "a time without a day at its end": {DATE: "19960103-", TIME: "-120000"},
    "requested procedure": {"RequestedProcedureID": "RP472"},
    "birth dates": {"PatientBirthDate": "17000101-17501231"},
    "sex": {"PatientSex": "F"},
    "an unknown value": {"ReferringPhysicianName": "X"},
    "an unknown value and a star": {"AdmissionID": "*"},
}


@pytest.mark.parametrize("rule", SAME)
def test_we_match_as_wlmscpfs_does(rule, wlmscpfs, items, tmp_path):
    theirs = find_with_dcmtk(wlmscpfs, tmp_path / "answers", *key_arguments(SAME[rule]))
    mine = answer_ourselves(SAME[rule], items)
    assert mine.final == theirs.final
    assert mine.accession_numbers == theirs.accession_numbers
    assert mine.pending == theirs.pending


#: What wlmscpfs finds and what we find; a status where the query is refused. docs/conformance.md says why.
DIFFERENT: dict[str, tuple[dict[str, str], int, int]] = {
    "names with another case": ({"PatientName": "vivaldi^antonio"}, 0, 3),
    "empty components at the end": ({"PatientName": "VIVALDI^ANTONIO^"}, 0, 3),
    "the minute of a time": ({TIME: "1657"}, 0, 1),
    "until the end of the hour": ({TIME: "-16"}, 7, 9),
    "a date range with the times' beginning only": ({DATE: "19960103-19960805", TIME: "170000-"}, 4, 5),
    "a study uid": ({"StudyInstanceUID": "1.2.276.0.7230010.3.2.101"}, 10, 1),
    "a list of uids": ({"StudyInstanceUID": "1.2.276.0.7230010.3.2.101\\1.2.276.0.7230010.3.2.102"}, 10, 2),
    "step id": ({"Step.ScheduledProcedureStepID": "SPD3445"}, 10, 1),
    "uid with a wild card": ({"StudyInstanceUID": "1.2.*"}, 10, 0xA900),
    "title with a wild card": ({TITLE: "AA3*"}, 0, 0xA900),
    "modality with a wild card": ({"Step.Modality": "M*"}, 0, 0xA900),
    "patient id with a wild card": ({"PatientID": "AV*"}, 0, 0xA900),
    "several titles": ({TITLE: "AA32\\NN77"}, 4, 0xA900),
    "a range backwards": ({DATE: "19960430-19960101"}, 0, 0xA900),
    "a hyphen alone": ({DATE: "-"}, 10, 0xA900),
}


@pytest.mark.parametrize("rule", DIFFERENT)
def test_we_differ_from_wlmscpfs_only_where_the_conformance_page_says_so(rule, wlmscpfs, items, tmp_path):
    keys, they_find, we_find = DIFFERENT[rule]
    theirs = find_with_dcmtk(wlmscpfs, tmp_path / "answers", *key_arguments(keys))
    mine = answer_ourselves(keys, items)
    assert (len(theirs.responses), theirs.final) == (they_find, 0x0000)
    assert (mine.final if mine.final else len(mine.responses)) == we_find


@pytest.mark.parametrize(
    "keys", [{"Modality": "MR"}, {"StudyID": ""}, {"StudyID": "7"}, {"QueryRetrieveLevel": "STUDY"}]
)
def test_unsupported_keys_are_warned_of_alike_and_come_back_empty_from_us(keys, wlmscpfs, items, tmp_path):
    theirs = find_with_dcmtk(wlmscpfs, tmp_path / "answers", *key_arguments(keys))
    mine = answer_ourselves(keys, items)
    assert mine.pending == theirs.pending == {0xFF01}
    assert mine.accession_numbers == theirs.accession_numbers
    (keyword,) = keys
    tag = f"{tag_for_keyword(keyword):08X}"
    assert all(tag not in one for one in theirs.responses)
    assert all("Value" not in one[tag] for one in mine.responses)


@pytest.mark.parametrize("rule", [*SAME, *DIFFERENT])
def test_findscu_gets_from_our_worklist_what_the_matching_says(rule, ours, items, tmp_path):
    keys = SAME[rule] if rule in SAME else DIFFERENT[rule][0]
    assert find_with_dcmtk(ours, tmp_path / "answers", *key_arguments(keys)) == answer_ourselves(keys, items)
