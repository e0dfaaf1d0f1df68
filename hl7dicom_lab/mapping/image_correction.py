"""From an image with the wrong identity to a corrected copy: it gets the identity of the order that it was made for.

Clinical step: the technologist picked the wrong patient from the worklist (IHE Patient Information Reconciliation,
Imaging Object Change Management). Standard: PS3.3 section C.12.1 (Original Attributes Sequence). Rules: what the
worklist gave is taken away and given anew, all of it; pixels, geometry and times stay; a changed image is another
instance and has UIDs of its own (PS3.5 section 9); what it said before stands in the copy.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime

from pydicom.dataset import Dataset

from hl7dicom_lab.dicom import character_set
from hl7dicom_lab.mapping import character_sets
from hl7dicom_lab.mapping.table import WORKLIST_TO_IMAGE
from hl7dicom_lab.mapping.worklist_to_image import ALWAYS_PRESENT, copy_identity

#: What the worklist may give and what stays nevertheless: where it happened, and how the text is encoded.
_STAYS = ("InstitutionName", "SpecificCharacterSet")
_GIVEN = tuple(dict.fromkeys(path.partition(".")[0] for row in WORKLIST_TO_IMAGE for path in row.image))
_UIDS = ("SOPInstanceUID", "SeriesInstanceUID")


def corrected_image(
    image: Dataset, item: Dataset, *, sop_instance_uid: str, series_instance_uid: str, system: str, moment: datetime
) -> Dataset:
    """A copy of `image` with the identity of a worklist item, and two UIDs of its own; `image` is not changed.

    `system` and `moment` are who corrects it and when: Modifying System and Attribute Modification DateTime.
    """
    copy = deepcopy(image)
    for _ in copy.iterall():  # decodes every text before another character set is declared
        pass
    before = Dataset()
    for keyword in (*_UIDS, *(one for one in _GIVEN if one not in _STAYS)):
        if keyword in copy:
            before[keyword] = copy[keyword]
            del copy[keyword]
    copy_identity(item, copy)
    for keyword in ALWAYS_PRESENT:
        if keyword not in copy:
            setattr(copy, keyword, "")
    copy.SOPInstanceUID, copy.SeriesInstanceUID = sop_instance_uid, series_instance_uid
    copy.OriginalAttributesSequence = [*copy.get("OriginalAttributesSequence", ()), _record(before, system, moment)]
    terms = character_sets.holding(copy, character_set.terms_of(item))
    if terms != character_set.terms_of(copy):
        copy.SpecificCharacterSet = list(terms)
    return copy


def _record(before: Dataset, system: str, moment: datetime) -> Dataset:
    """An item of Original Attributes Sequence (0400,0561)."""
    record = Dataset()
    record.SourceOfPreviousValues = ""
    record.AttributeModificationDateTime = f"{moment:%Y%m%d%H%M%S}"
    record.ModifyingSystem = system
    record.ReasonForTheAttributeModification = "CORRECT"
    record.ModifiedAttributesSequence = [before]
    return record
