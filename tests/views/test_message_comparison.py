"""Two messages side by side."""

from __future__ import annotations

import json

from hl7_text import Hl7Text, order

from hl7dicom_lab.views.look import compare
from hl7dicom_lab.views.message.comparison import MessageComparison


def _differences(left: Hl7Text, right: Hl7Text) -> list[tuple[str, str]]:
    view = MessageComparison.of(left.bytes(), right.bytes())
    json.dumps(dict(view.state()))
    return [(one.line(view.left, view.right).label, one.mark) for one in view.pairs if one.counts]


def _copy(message: Hl7Text) -> Hl7Text:
    return Hl7Text(*message.lines)


def test_a_message_differs_in_nothing_from_itself() -> None:
    message = order().add("OBX|1|NM|w||64")
    view = MessageComparison.of(message.bytes(), b"\x0b" + message.bytes() + b"\x1c\r")
    assert view.differences == 0
    assert "No difference" in view.text()


def test_a_changed_component_is_one_difference_with_both_values() -> None:
    left = order()
    right = _copy(left).put("PID-5", "Rivera^Helena^Maria^^Ms")
    assert _differences(left, right) == [("PID-5.2", "different")]
    view = compare(left.bytes(), right.bytes())
    line = next(one for one in view.text().splitlines() if "PID-5.2" in one)
    assert line.split() == ["≠", "different", "PID-5.2", "Given", "Name", "Elena", "Helena"]
    assert "Helena" in view.html()
    assert repr(view).endswith(": 1 difference>")


def test_a_field_that_is_empty_on_one_side_stands_on_the_other_only() -> None:
    left = order()
    assert _differences(left, _copy(left).put("OBR-18", "A1")) == [("OBR-18", "right only")]
    assert _differences(left, _copy(left).put("PID-8", "")) == [("PID-8", "left only")]
    assert _differences(left, _copy(left).put("PID-8", '""')) == [("PID-8", "different")]


def test_a_segment_put_in_between_is_one_difference_though_all_set_ids_follow() -> None:
    left = order().add("OBX|1|TX|a||one", "OBX|2|TX|c||three", "OBX|3|TX|d||four")
    right = Hl7Text(*left.lines[:-3]).add("OBX|1|TX|a||one", "OBX|2|TX|b||two", "OBX|3|TX|c||three", "OBX|4|TX|d||four")
    found = _differences(left, right)
    assert ("OBX[2]", "right only") in found
    assert {mark for label, mark in found if label.endswith(("-3", "-5"))} == set()
    assert [label for label, _ in found if label.endswith("-1")] == ["OBX[2]-1", "OBX[3]-1"]


def test_segments_in_another_number_and_messages_of_another_kind_are_compared() -> None:
    left, right = order(), order("OMI").add("NTE|1||a", "NTE|2||b")
    found = _differences(left, right)
    assert ("TQ1", "right only") in found
    assert ("NTE[2]", "right only") in found
    assert MessageComparison.of(b"MSH|", b"MSH|^~\\&|A").differences > 0


def test_text_of_others_is_escaped() -> None:
    left = order()
    view = MessageComparison.of(left.bytes(), _copy(left).put("PID-5", "<script>x</script>").bytes())
    assert "<script" not in view.html()
    assert "&lt;script&gt;" in view.html()


def test_what_is_true_of_both_is_said_once_above_what_each_has_of_its_own() -> None:
    left = order()
    view = compare(left.bytes(), b"\x0b" + left.bytes() + b"\x1c\r")
    above = view.text().splitlines()
    assert above[0] == "Both: HL7 message ORM^O01"
    for form in (view.text(), view.html(), json.dumps(view.state()["heads"])):
        assert form.count("Version (MSH-12)") == 1
        assert form.count("in an MLLP frame") == form.count("without an MLLP frame") == 1
    other = compare(left.bytes(), _copy(left).put("MSH-9", "OMI^O23").bytes())
    assert [line for line in other.text().splitlines() if not line.startswith(" ")][:3] == [
        "Left: HL7 message ORM^O01", "Right: HL7 message OMI^O23", "Both"
    ]  # fmt: skip
