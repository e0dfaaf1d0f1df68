"""Somebody sets the system's clock, or NTP does: nothing that is kept and no time-out notices.

What a department keeps has the class clock's time; how long it waits is counted by `time.monotonic`.
"""

from __future__ import annotations

import ast
import itertools
import re
import socket
import time
from pathlib import Path

import pytest
from department_clients import Visit, images, new_order, new_report
from dicom_bytes import SECONDARY_CAPTURE, VERIFICATION, WORKLIST, echo_rq, find_rq
from mllp_client import MllpClient
from raw_dicom import RawAssociation, keys, store_command

from hl7dicom_lab.actors.site import Patience
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.services.association import TimeOuts

_PACKAGE = Path(__file__).resolve().parent.parent / "hl7dicom_lab"
_DAY = 24 * 3600.0
#: What reads the system's clock, as the last two names of a call.
_SYSTEM_CLOCK = {
    *(("time", name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")),
    *((kind, name) for kind in ("datetime", "date") for name in ("now", "utcnow", "today", "fromtimestamp")),
}
#: Where that is right, with the reason.
_ALLOWED = {
    "course/progress.py": "when a learner solved an exercise is a fact of the learner's own day",
    "classroom/folder.py": "what a learner's clock says of the future is taken for now, the instructor's",
    "classroom/store.py": "when something came to the instructor, who wants to know for how long somebody is stuck",
    "cli.py": "`reset` keeps the old notebook under the learner's date",
}


# ---- who reads it


def _clock_readings(source: str) -> list[int]:
    """The lines that read the system's clock, whatever it was imported as."""
    if not re.search(r"\b(time|datetime|date)\b", source):  # most files; to parse them all takes a while
        return []
    tree = ast.parse(source)
    own = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            named = own.get(node.func.id)
        elif isinstance(node.func, ast.Attribute):
            holder = ast.unparse(node.func.value).split(".")[-1]
            named = (own.get(holder, ("", holder))[1], node.func.attr)
        else:
            named = None
        if named in _SYSTEM_CLOCK:
            lines.append(node.lineno)
    return lines


def test_the_package_reads_the_systems_clock_only_where_it_is_about_the_learner():
    found = {
        path.relative_to(_PACKAGE).as_posix(): lines
        for path in sorted(_PACKAGE.rglob("*.py"))
        if (lines := _clock_readings(path.read_text(encoding="utf-8")))
    }
    assert found.keys() == _ALLOWED.keys()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\ntime.time()", [2]),
        ("from time import time as now\nnow()", [2]),
        ("import datetime\ndatetime.datetime.now()", [2]),
        ("from datetime import datetime as dt, date\ndt.utcnow(); date.today()", [2, 2]),
        ("import time\ntime.monotonic(); time.sleep(1)", []),
        ("clock.now(); clock.today()", []),
    ],
)
def test_readings_are_found_in_every_form(source, found):
    assert _clock_readings(source) == found


# ---- a department whose machine's clock jumps


@pytest.fixture
def _jumping(monkeypatch):
    """The system's clock goes a day forwards or back each time that anybody looks at it."""
    real, days = time.time, itertools.cycle((0, _DAY, -_DAY, 2 * _DAY))
    monkeypatch.setattr(time, "time", lambda: real() + next(days))


@pytest.mark.usefixtures("_jumping")
def test_orders_queries_and_images_are_served_while_the_clock_jumps(tmp_path):
    visit = Visit(1)
    with Lab(tmp_path / "home") as lab:
        begin = lab.clock.now()
        for image, _ in zip(images(visit, 1), range(5), strict=False):
            with MllpClient(lab.ris.hl7) as emr:
                order = new_order(visit)
                assert emr.ask(order.text.bytes()).code == "AA"
            with RawAssociation(lab.ris.worklist, {1: VERIFICATION, 3: WORKLIST}) as scanner:
                assert scanner.ask(1, echo_rq())[-1].status == 0
                asked = keys(t00080050="", t00100020=order.text.get("PID-3").partition("^")[0])
                assert [one.status for one in scanner.ask(3, find_rq(WORKLIST), asked)][-1] == 0
            with RawAssociation(lab.pacs.storage, {1: SECONDARY_CAPTURE}) as scanner:
                assert scanner.ask(1, store_command(image.uid), image.data_set)[-1].status == 0
            lab.modality.query()
        with MllpClient(lab.pacs.hl7) as dictation:
            answer = dictation.ask(new_report("PACS", visit).text.bytes())
        assert answer.code == "AA"
        assert begin < lab.clock.now() < begin.replace(hour=begin.hour + 1)
        assert answer.field("MSH-7") == f"{lab.clock.now():%Y%m%d%H%M%S}"
        assert not [remark.what for row in lab.trace.rows() for remark in row.remarks if remark.severity == "error"]


@pytest.mark.parametrize("step", [-_DAY, _DAY])
def test_a_half_open_association_ends_and_an_open_one_stays_though_the_clock_is_set(monkeypatch, step):
    with (
        Lab(patience=Patience(dicom=TimeOuts(association=1.0))) as lab,
        socket.create_connection(("127.0.0.1", lab.pacs.storage.port), timeout=20) as silent,
        RawAssociation(lab.pacs.storage, {1: VERIFICATION}) as scanner,
    ):
        assert scanner.ask(1, echo_rq())[-1].status == 0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + step)
        assert silent.recv(1024) == b""  # closed when its time was up, and not a day later
        assert scanner.ask(1, echo_rq())[-1].status == 0
