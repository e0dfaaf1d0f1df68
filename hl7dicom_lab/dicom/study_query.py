"""A question to the archive: which studies, series or images match, and what is sent back (PS3.4 Annex C, Study Root).

Clinical step: somebody looks whether the images have arrived, or what there is of a patient. Rules:

* The search is hierarchical (section C.4.1): QueryRetrieveLevel (0008,0052) names the level, and each level above it is
  fixed by one UID. Relational queries are not negotiated, so other keys of a level above are refused with 0xA900.
* A stored value that is unknown fulfils every key (section C.2.2.1.2). A worklist does the opposite (K.2.2.1.1.1).
* An attribute that is no key of the level, or that the archive does not support, is ignored and not sent back, and the
  pending status is 0xFF01 (section C.2.2.1.3, Table C.4-1).
* The answer has the attributes that were asked for, with their values or empty, the unique keys of the levels above,
  QueryRetrieveLevel, and SpecificCharacterSet where its text needs one (section C.4.1.1.3.2).
* RetrieveAETitle is empty: nobody sends these images on request, because there is no C-MOVE and no C-GET here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.config import IGNORE
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from hl7dicom_lab.dicom import character_set, status
from hl7dicom_lab.dicom.decoded_values import codecs_of, values
from hl7dicom_lab.dicom.matching import Rule, Temporal, check_order, refused, rule_for
from hl7dicom_lab.dicom.query_keys import TIMEZONE_OFFSET, key_tags, undeclared_characters, vr_of, wanted_values
from hl7dicom_lab.dicom.study_model import STUDY_ROOT, QueryLevel, level_of
from hl7dicom_lab.trace import Remark

#: What is known of a study, a series or an image: values by keyword. No value: unknown. No keyword: not looked up yet.
Attributes = Mapping[str, tuple[str, ...]]

_LEVEL = "QueryRetrieveLevel"
#: The other elements of a response that some send in requests; no keys, and no reason for a warning status.
_OF_RESPONSES = ("RetrieveAETitle", "InstanceAvailability", "StorageMediaFileSetID", "StorageMediaFileSetUID")
_BINARY_NUMBERS = frozenset({"US", "UL", "SS", "SL"})


@dataclass(frozen=True)
class StudyKey:
    """One attribute that is asked for. `rule` is None where every value is welcome."""

    keyword: str
    tag: BaseTag
    vr: str
    wanted: tuple[str, ...]
    rule: Rule | None


class StudyQuery:
    """A Study Root query, checked and made ready. Immutable, so threads may share it.

    `above` are the unique keys of the levels above, by keyword; `remarks` say what is noteworthy about a query that is
    answered all the same; `status` is that of every pending response. Raises `DicomFault` 0xA900 and the offending
    keyword for a query that the standard forbids.
    """

    def __init__(self, query: Dataset) -> None:
        self.level = _level(query)
        reader = _Reader(query, self.level)
        self.above: Mapping[str, str] = reader.above
        self.keys: tuple[StudyKey, ...] = tuple(reader.keys)
        self.remarks: tuple[Remark, ...] = tuple(reader.remarks)
        self.status = status.PENDING_WITH_UNSUPPORTED_KEYS if reader.unsupported else status.PENDING

    @property
    def asked(self) -> frozenset[str]:
        """The keywords that an answer needs."""
        return frozenset(key.keyword for key in self.keys)

    @property
    def uids(self) -> tuple[str, ...]:
        """The values of the level's own unique key; none where all are welcome."""
        return next((key.wanted for key in self.keys if key.keyword == self.level.unique), ())

    def admits(self, known: Attributes) -> bool:
        """Whether something with these values may match: for certain, once every keyword of `asked` is known."""
        return all(
            key.rule is None or not known.get(key.keyword) or key.rule.admits(known[key.keyword]) for key in self.keys
        )

    def response(self, found: Attributes) -> tuple[int, Dataset]:
        """The status and the identifier of the pending response for something that matches."""
        identifier = Dataset()
        identifier.QueryRetrieveLevel = self.level.name
        identifier.RetrieveAETitle = ""
        for keyword, uid in self.above.items():
            setattr(identifier, keyword, uid)
        for key in self.keys:
            identifier.add(_element(key, found.get(key.keyword, ())))
        if terms := character_set.sufficient(identifier, ()):
            identifier.SpecificCharacterSet = list(terms)
        return self.status, identifier


class _Reader:
    """Reads the keys of one query at its level."""

    def __init__(self, query: Dataset, level: QueryLevel) -> None:
        self._query = query
        self._level = level
        self._codecs = codecs_of(query)
        self.keys: list[StudyKey] = []
        self.remarks: list[Remark] = []
        self.unsupported = False
        higher = STUDY_ROOT[: STUDY_ROOT.index(level)]
        self.above = {one.unique: self._single_uid(one) for one in higher}
        for tag in key_tags(query):
            self._read(tag, higher)
        self._remark_on_query()

    def _single_uid(self, higher: QueryLevel) -> str:
        """The value that fixes a level above the query's."""
        tag = Tag(tag_for_keyword(higher.unique) or 0)
        uids = wanted_values(self._query, tag, "UI", higher.unique, self._codecs)
        if len(uids) != 1:
            raise refused(
                higher.unique,
                f"level {self._level.name} needs one {higher.unique}, this query has {len(uids) or 'none'}",
                f"give one UID; a query of level {higher.name} finds it (PS3.4 section C.4.1.2.1)",
            )
        rule_for(higher.unique, "UI", uids)
        return uids[0]

    def _read(self, tag: BaseTag, higher: tuple[QueryLevel, ...]) -> None:
        keyword = keyword_for_tag(tag)
        if keyword == _LEVEL or keyword in _OF_RESPONSES or keyword in self.above:
            return
        name = keyword or str(tag)
        vr = vr_of(self._query, tag, name)
        owner = level_of(keyword)
        if owner is self._level:
            self.keys.append(self._key(keyword, tag, vr))
        elif owner in higher and wanted_values(self._query, tag, vr, name, self._codecs):
            raise refused(
                keyword,
                f"{keyword} belongs to level {owner.name}, not {self._level.name}",
                f"ask with it at level {owner.name}; below, only {owner.unique} stands for it"
                " (PS3.4 section C.4.1.2.1)",
            )
        else:
            self._ignore(name, owner)

    def _key(self, keyword: str, tag: BaseTag, vr: str) -> StudyKey:
        wanted = wanted_values(self._query, tag, vr, keyword, self._codecs)
        remark = undeclared_characters(keyword, wanted, self._codecs, "PS3.4 section C.4.1.1.3.1")
        if remark is not None:
            self.remarks.append(remark)
        rule = rule_for(keyword, vr, wanted)
        if isinstance(rule, Temporal):
            check_order(keyword, rule)
        return StudyKey(keyword, tag, vr, wanted, rule)

    def _ignore(self, name: str, owner: QueryLevel | None) -> None:
        self.unsupported = True
        if owner is None:
            what = f"{name}: this archive does not have it; it is ignored and does not come back"
            repair = "do without it, or leave it out"
            self.remarks.append(Remark(what, "PS3.4 section C.2.2.1.3", repair, "information"))
            return
        what = (
            f"{name} is a key of level {owner.name}: it is ignored at level {self._level.name} and does not come back"
        )
        repair = f"ask for it at level {owner.name}"
        if name == "Modality":
            repair += ", or ask for ModalitiesInStudy (0008,0061)"
        self.remarks.append(Remark(what, "PS3.4 section C.4.1.2.1", repair, "warning"))

    def _remark_on_query(self) -> None:
        if not any(key.keyword == self._level.unique for key in self.keys):
            what = f"a query of level {self._level.name} asks for {self._level.unique}, and this one does not"
            repair = f"add {self._level.unique}, empty, so that the answers can be told apart"
            self.remarks.append(Remark(what, "PS3.4 section C.4.1.2.1", repair, "warning"))
        if TIMEZONE_OFFSET in self._query:
            what = "TimezoneOffsetFromUTC is sent; times are compared as they stand"
            self.remarks.append(Remark(what, "PS3.4 section C.5.1", "", "information"))


def _level(query: Dataset) -> QueryLevel:
    sent = values(query, Tag(tag_for_keyword(_LEVEL) or 0), "CS")
    level = next((one for one in STUDY_ROOT if sent == (one.name,)), None)
    if level is not None:
        return level
    names = ", ".join(one.name for one in STUDY_ROOT)
    if not sent:
        raise refused(_LEVEL, "the query has no QueryRetrieveLevel", f"give it as one of {names}")
    what = f"{chr(92).join(sent)!r} is no level of the Study Root model"
    more = "; patients are found at level STUDY" if sent == ("PATIENT",) else ""
    raise refused(_LEVEL, what, f"give one of {names}{more} (PS3.4 section C.6.2)")


def _element(key: StudyKey, stored: tuple[str, ...]) -> DataElement:
    """A requested attribute with its values; empty where there are none, or none that its VR can carry."""
    value: Any = list(map(int, stored)) if key.vr in _BINARY_NUMBERS else list(stored)
    try:
        if stored:
            return DataElement(key.tag, key.vr, value if len(value) > 1 else value[0], validation_mode=IGNORE)
    except (ValueError, TypeError, OverflowError):  # an image whose IS is no number
        pass
    return DataElement(key.tag, key.vr, empty_value_for_VR(key.vr))
