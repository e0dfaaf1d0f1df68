import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.model import CodedEntry, Observation, Report, ReportStatus
from hl7dicom_lab.storage.report_record import read_report, write_report
from hl7dicom_lab.storage.reports import Release, ReportShelf

NOON = datetime(2026, 3, 2, 12, 0)
P, F, C, X = ReportStatus


def report(status=F, **fields):
    known = {"patient_id": "P1", "issuer_of_patient_id": "NGH", "patient_name": "Rivera^Ana", "text": f"text {status}"}
    known |= {"accession_number": "A1", "study_instance_uid": "1.2.3", "filler_order_number": "F1"}
    return Report(status=status, **(known | fields))


def minute(number):
    return NOON + timedelta(minutes=number)


@pytest.fixture
def shelf(tmp_path):
    with ReportShelf(tmp_path / "reports.sqlite", durable=False) as shelf:
        yield shelf


# --- every field comes back


codes = st.builds(CodedEntry, st.text(), st.text(), st.text())
texts = {name: st.text() for name, kind in get_type_hints(Report).items() if kind is str}
reports = st.builds(
    Report,
    **texts,
    status=st.sampled_from(ReportStatus),
    procedure=st.none() | codes,
    observations=st.lists(st.builds(Observation, codes, st.text(), st.text(), st.text())).map(tuple),
    document=st.binary(),
)


@given(reports)
def test_a_record_is_read_back_as_it_was_written(report):
    record = write_report(report)
    assert read_report(record) == report
    assert record.isascii()


def test_a_record_from_before_a_field_existed_is_read():
    record = write_report(report()).replace(',"signed_by":""', "")
    assert "signed_by" not in record
    assert read_report(record) == report()


def test_a_report_with_everything_survives_a_new_start(tmp_path):
    path = tmp_path / "emr" / "reports.sqlite"
    whole = report(
        text="Befund:\nÑandú 山田 <script>",
        procedure=CodedEntry("70551", "MRI brain", "C4"),
        observations=(Observation(CodedEntry("59776-5", "Findings", "LN"), "TX", "none", "F"),),
        document=b"%PDF-1.7\x00\xff",
    )
    with ReportShelf(path, durable=True) as shelf:
        shelf.attach(whole, NOON)
        held = shelf.hold(report(accession_number="?"), "no such study", minute(1))
    with ReportShelf(path, durable=True) as shelf:
        assert shelf.current("A1") == whole
        assert shelf.exceptions() == (held,)


# --- versions


def test_preliminary_final_corrected_are_versions_of_one_report(shelf):
    outcomes = [shelf.attach(report(status), minute(n)) for n, status in enumerate((P, F, C))]
    assert [(one.report_number, one.version, one.is_current, one.replaced) for one in outcomes] == [
        (1, 1, True, None),
        (1, 2, True, 1),
        (1, 3, True, 2),
    ]
    assert shelf.current("A1") == shelf.current_by_study("1.2.3") == report(C)
    history = shelf.history("A1")
    assert [(one.report.status, one.is_current, one.received_at) for one in history] == [
        (P, False, minute(0)),
        (F, False, minute(1)),
        (C, True, minute(2)),
    ]


def test_a_late_preliminary_is_kept_and_does_not_hold(shelf):
    shelf.attach(report(F), minute(0))
    late = shelf.attach(report(P, status_changed_at="20991231"), minute(1))
    assert (late.version, late.is_current) == (2, False)
    assert "never replaces" in late.reason
    assert shelf.current("A1") == report(F)
    assert [one.report.status for one in shelf.history("A1")] == [F, P]


def test_a_cancelled_report_holds_as_cancelled(shelf):
    shelf.attach(report(F), minute(0))
    shelf.attach(report(X), minute(1))
    assert shelf.current("A1") == report(X)


def test_an_overtaken_final_report_does_not_replace_a_newer_one(shelf):
    newer, older = report(F, status_changed_at="20260302110000"), report(F, status_changed_at="20260302100000")
    shelf.attach(newer, minute(0))
    assert not shelf.attach(older, minute(1)).is_current
    assert shelf.current("A1") == newer


def test_nothing_is_known_of_other_studies(shelf):
    shelf.attach(report(), NOON)
    assert shelf.current("A2") is None
    assert shelf.current_by_study("1.2.4") is None
    assert shelf.current("") is None
    assert shelf.history() == ()


# --- which report is it?


def numbers(shelf, *arriving):
    return [shelf.attach(one, minute(n)).report_number for n, one in enumerate(arriving)]


def test_a_key_that_one_side_leaves_empty_tells_nothing_apart(shelf):
    bare = report(P, study_instance_uid="", filler_order_number="", issuer_of_patient_id="")
    assert numbers(shelf, bare, report(F), replace(report(C), accession_number="")) == [1, 1, 1]
    assert [one.version for one in shelf.history(study_instance_uid="1.2.3")] == [1, 2, 3]
    assert shelf.current("A1").status is C  # the second version gave the report its study


@pytest.mark.parametrize(
    "other",
    [
        {"patient_id": "P2"},
        {"issuer_of_patient_id": "OTHER"},
        {"filler_order_number": "F2"},
        {"study_instance_uid": "1.2.4"},
        {"accession_number": "A2"},
        {"filler_order_number": "", "placer_order_number": "PL2"},
    ],
)
def test_a_key_that_differs_tells_two_reports_apart(shelf, other):
    first = report(F, placer_order_number="PL1")
    assert numbers(shelf, first, replace(first, **other)) == [1, 2]
    assert first in [one.report for one in shelf.current_versions(accession_number="A1", study_instance_uid="1.2.3")]


def test_the_filler_order_number_decides_before_the_placers(shelf):
    assert numbers(shelf, report(P, placer_order_number="PL1"), report(F, placer_order_number="PL2")) == [1, 1]


def test_two_reports_on_one_study_stand_side_by_side(shelf):
    head, neck = report(F, text="head"), report(F, text="neck", filler_order_number="F2")
    assert numbers(shelf, head, neck, replace(head, status=C)) == [1, 2, 1]
    assert [one.report.text for one in shelf.current_versions(accession_number="A1")] == ["head", "neck"]
    assert shelf.current("A1").text == "head"  # the last that came


def test_where_the_choice_stays_open_nothing_is_replaced_by_guess(shelf):
    unnumbered = report(C, filler_order_number="", text="which one?")
    assert numbers(shelf, report(F), report(F, filler_order_number="F2"), unnumbered, unnumbered) == [1, 2, 3, 3]
    assert len(shelf.current_versions(accession_number="A1")) == 3


def test_a_study_that_shares_an_accession_number_shows_only_its_own_reports(shelf):
    shelf.attach(report(F, text="one"), NOON)
    shelf.attach(report(F, text="other", study_instance_uid="1.2.4", filler_order_number="F2"), NOON)
    assert [one.report.text for one in shelf.history("A1", "1.2.3")] == ["one"]
    assert [one.report.text for one in shelf.history("A1")] == ["one", "other"]


def test_a_report_without_a_study_key_is_not_attached(shelf):
    with pytest.raises(NotFound, match="hold it in the exceptions queue"):
        shelf.attach(report(accession_number="", study_instance_uid=""), NOON)


# --- the exceptions queue


def test_a_held_report_waits_for_a_person(shelf):
    stray = report(accession_number="A9", study_instance_uid="")
    held = shelf.hold(stray, "the archive has no study with accession number A9", NOON)
    assert (held.number, held.report, held.received_at) == (1, stray, NOON)
    assert shelf.exceptions() == (held,)
    assert shelf.history("A9") == ()


def test_a_released_report_is_attached_with_who_and_why(shelf):
    held = shelf.hold(report(accession_number="A9", study_instance_uid=""), "no such study", NOON)
    outcome = shelf.release(
        held.number, report(), by="PACS administrator", because="typing error, confirmed by phone", at=minute(9)
    )
    assert outcome.is_current
    assert shelf.exceptions() == ()
    (version,) = shelf.history("A1")
    assert version.received_at == NOON
    assert version.release == Release(1, "PACS administrator", "typing error, confirmed by phone", minute(9))


def test_a_released_report_does_not_replace_one_that_came_after_it(shelf):
    held = shelf.hold(report(F, text="old"), "no such study", minute(0))
    shelf.attach(report(F, text="new"), minute(1))
    outcome = shelf.release(held.number, report(F, text="old"), by="a", because="b", at=minute(2))
    assert not outcome.is_current
    assert shelf.current("A1").text == "new"


def test_a_report_is_released_once(shelf):
    held = shelf.hold(report(), "why", NOON)
    shelf.release(held.number, report(), by="a", because="b", at=NOON)
    for number in (held.number, 99):
        with pytest.raises(NotFound, match="no report waits"):
            shelf.release(number, report(), by="a", because="b", at=NOON)


def test_a_release_that_cannot_attach_leaves_the_report_in_the_queue(shelf):
    held = shelf.hold(report(), "why", NOON)
    with pytest.raises(NotFound):
        shelf.release(
            held.number, report(accession_number="", study_instance_uid=""), by="a", because="b", at=minute(1)
        )
    assert shelf.exceptions() == (held,)


# --- one transaction with the message that brought it


def test_an_outer_transaction_that_fails_takes_everything_back(shelf):
    def message():
        with shelf.database.transaction():
            shelf.attach(report(), NOON)
            shelf.hold(report(), "why", NOON)
            assert shelf.current("A1") is not None
            raise KeyError

    with pytest.raises(KeyError):
        message()
    assert shelf.history("A1") == ()
    assert shelf.exceptions() == ()


def test_a_refused_attachment_inside_an_outer_transaction_can_still_be_held(shelf):
    nameless = report(accession_number="", study_instance_uid="")
    with shelf.database.transaction():
        with pytest.raises(NotFound):
            shelf.attach(nameless, NOON)
        shelf.hold(nameless, "it names no study", NOON)
    assert [one.report for one in shelf.exceptions()] == [nameless]


def test_reports_from_many_threads_are_all_kept_and_one_holds(shelf):
    def send(name):
        for number in range(25):
            shelf.attach(report(F, control_id=f"{name}{number}"), minute(number))

    threads = [threading.Thread(target=send, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = shelf.history("A1")
    assert len({one.report.control_id for one in history}) == 100
    assert [one.version for one in history] == list(range(1, 101))
    assert [one.received_at for one in history if one.is_current] == [minute(24)]


def test_a_study_is_found_by_an_index(shelf):
    plan = shelf.database.rows(
        "EXPLAIN QUERY PLAN SELECT * FROM report WHERE accession_number = ? OR study_instance_uid = ?", ("A1", None)
    )
    assert not [row["detail"] for row in plan if row["detail"].startswith("SCAN")]


def test_a_dismissed_report_leaves_the_queue_and_stays_on_record(shelf):
    held = shelf.hold(report(), "no study", NOON)
    shelf.dismiss(held.number, by="analyst", because="sent again with the right keys", at=NOON)
    assert shelf.exceptions() == ()
    (row,) = shelf.database.rows("SELECT released_by, released_because, content FROM held_report")
    assert tuple(row)[:2] == ("analyst", "sent again with the right keys")
    with pytest.raises(NotFound, match="somebody may have released"):
        shelf.dismiss(held.number, by="analyst", because="twice", at=NOON)


# --- a shelf that let the last one hold, judged anew


def test_with_last_holds_a_late_preliminary_report_holds(shelf):
    shelf.attach(report(F, status_changed_at="20260302100000"), minute(1))
    late = shelf.attach(report(P, status_changed_at="20260302090000"), minute(2), last_holds=True)
    assert (late.is_current, late.replaced, late.reason) == (True, 1, "")
    assert shelf.current("A1").status is P


def test_judged_again_the_same_versions_hold_as_if_they_had_come_one_by_one(shelf):
    came = [(F, "20260302100000"), (P, "20260302090000"), (C, "20260302110000"), (F, "20260302100500")]
    for number, (status, changed_at) in enumerate(came):
        shelf.attach(report(status, status_changed_at=changed_at), minute(number), last_holds=True)
    shelf.attach(report(P, filler_order_number="F2", text="another report"), minute(9))
    (holding,) = shelf.judge_again("A1")
    assert (holding.report.status, holding.version, holding.is_current) == (C, 3, True)
    assert [one.report.status for one in shelf.current_versions(accession_number="A1")] == [C, P]
    assert len(shelf.history("A1")) == 5
    assert shelf.judge_again("A1") == ()


def test_nothing_is_judged_where_there_is_no_report(shelf):
    with pytest.raises(NotFound, match="A1"):
        shelf.judge_again("A1")
