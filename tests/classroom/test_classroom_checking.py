"""Whatever is sent, the answer is an entry of the course or a refusal that names a field and a rule."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hl7dicom_lab.classroom import checking
from hl7dicom_lab.classroom.catalogue import is_known
from hl7dicom_lab.classroom.checking import BadRequest
from hl7dicom_lab.classroom.record import ALIAS_LENGTH, DETAIL_LENGTH, KINDS

_GOOD = {
    "book": "0" * 16,
    "number": 1,
    "what": "exercise",
    "id": "04-e1",
    "outcome": "not yet",
    "detail": "day missing",
}
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
_ANYTHING = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=8
)


def checked(check, given_value):
    """What a check gives, and its refusal; one of them is None."""
    try:
        return check(given_value), None
    except BadRequest as refusal:
        return None, refusal


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_a_body_is_an_object_or_refused(raw):
    content, refusal = checked(checking.body, raw)
    assert refusal.field == "body" if refusal else isinstance(content, dict)


@given(
    st.dictionaries(st.sampled_from([*_GOOD, "at", "learner"]), _ANYTHING, max_size=3),
    st.sampled_from([*KINDS, "exam", "exercise"]),
)
@example({}, "exercise")
@settings(deadline=None)
def test_an_entry_is_one_of_the_course_or_refused(changes, what):
    found, refusal = checked(checking.entries, {"entries": [_GOOD | {"what": what} | changes]})
    if refusal:
        assert refusal.field.startswith("entries[0]")
        assert refusal.rule
        json.dumps([refusal.field, refusal.rule])
        return
    (entry,) = found
    assert is_known(entry.what, entry.id)
    assert len(entry.detail) <= DETAIL_LENGTH
    assert entry.detail.isprintable()


@given(st.text(max_size=60) | _ANYTHING)
@settings(deadline=None)
def test_an_alias_can_be_shown_or_is_refused(given_alias):
    alias, refusal = checked(checking.alias, given_alias)
    if refusal:
        assert refusal.field == "alias"
        return
    assert 1 <= len(alias) <= ALIAS_LENGTH
    assert alias.isprintable()
    assert alias.encode("utf-8")
    assert checking.alias(alias) == alias


@pytest.mark.parametrize("name", ["ROBIN", "robin ", "Ｒobin", "R o b i n"])
def test_names_that_look_the_same_are_the_same(name):
    assert (checking.same_alias(name) == checking.same_alias("Robin")) == (" o " not in name)
