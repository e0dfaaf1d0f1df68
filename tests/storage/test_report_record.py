"""What is kept of a report is read back as it was."""

from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.model import CodedEntry, Observation, Report, ReportStatus
from hl7dicom_lab.storage.report_record import read_report, write_report

TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
CODES = st.builds(CodedEntry, TEXTS, TEXTS, TEXTS)
REPORTS = st.builds(
    Report,
    *([TEXTS] * 5),
    st.sampled_from(ReportStatus),
    TEXTS,
    procedure=st.none() | CODES,
    observations=st.lists(st.builds(Observation, CODES, TEXTS, TEXTS, TEXTS), max_size=3).map(tuple),
    document=st.binary(),
    signed_by=TEXTS,
)


@given(REPORTS)
def test_any_report_is_read_back_as_it_was_written(report):
    record = write_report(report)
    assert record.isascii()
    assert read_report(record) == report


def test_a_record_of_an_older_version_lacks_what_came_later():
    report = Report("1", "", "A^B", "N1", "2.25.1", ReportStatus.FINAL, "x")
    record = write_report(report).replace(',"sent_at":""', "")
    assert "sent_at" not in record
    assert read_report(record) == report
