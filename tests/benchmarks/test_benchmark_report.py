"""What the benchmarks print and write."""

import json

from benchmarks import report
from benchmarks.measure import Outcome

OUTCOMES = [
    Outcome("A1", "by PatientID", "ms", (1.0, 2.0, 3.0), (20.0, 30.0, 40.0), "wlmscpfs", 20),
    Outcome("A1", "growth", "times", (1.25,), wanted=1.3),
    Outcome("A4", "findscu", "ms", (), (), "pynetdicom", 5, "findscu is absent: install dcmtk"),
]


def test_the_table_names_ratio_promise_and_verdict():
    _, _, first, second, third, *notes = report.lines(OUTCOMES)
    assert first.split("  ")[0] == "A1"
    assert "2 ms (1 to 3)" in first
    assert "30 ms (20 to 40) wlmscpfs" in first
    assert first.split()[-3:] == ["15.00x", "20x", "missed"]
    assert second.endswith("at most 1.3 times  reached")
    assert third.endswith("not measured")
    assert notes == ["", "A4, findscu: findscu is absent: install dcmtk"]


def test_the_file_has_every_round_and_is_plain_json(tmp_path):
    report.write_json(OUTCOMES, tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    first, second, _ = json.loads(text)["outcomes"]
    assert (first["own"], first["ratio"], first["verdict"]) == ([1.0, 2.0, 3.0], 15.0, "missed")
    assert second["ratio"] is None


def test_the_chart_is_a_picture(tmp_path):
    report.draw(OUTCOMES, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
