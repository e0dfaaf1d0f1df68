"""The worklist's information model against Table K.6-1 (PS3.4 section K.6.1.2.2)."""

from __future__ import annotations

import re
from pathlib import Path

from pydicom.datadict import dictionary_VR, tag_for_keyword

import hl7dicom_lab.dicom.worklist_model as model


def test_the_model_is_table_k_6_1_with_keywords_of_the_data_dictionary():
    for path in model.WORKLIST_MODEL:
        *sequences, keyword = path.split(".")
        assert tag_for_keyword(keyword) is not None, path
        assert all(dictionary_VR(tag_for_keyword(name) or 0) == "SQ" for name in sequences), path
        assert not sequences or ".".join(sequences) in model.WORKLIST_MODEL, path


def test_the_required_matching_keys_are_those_of_table_k_6_1():
    required = {path for path, row in model.WORKLIST_MODEL.items() if row.matching == "R"}
    assert required == {
        "PatientName",
        "PatientID",
        "ScheduledProcedureStepSequence",
        "ScheduledProcedureStepSequence.ScheduledStationAETitle",
        "ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepSequence.ScheduledProcedureStepStartTime",
        "ScheduledProcedureStepSequence.Modality",
        "ScheduledProcedureStepSequence.ScheduledPerformingPhysicianName",
    }


def test_the_model_has_every_attribute_that_the_mapping_fills():
    from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST

    for row in ORDER_TO_WORKLIST:
        if row.attribute != "SpecificCharacterSet":
            known = model.WORKLIST_MODEL[row.attribute]
            assert (known.matching, known.returned) == (row.matching, row.returned), row.attribute


def test_no_module_of_the_matching_touches_a_socket():
    folder = Path(model.__file__).parent
    for name in ("matching", "worklist_query", "worklist_keys", "worklist_index", "decoded_values"):
        assert not re.search(r"socket|pynetdicom", (folder / f"{name}.py").read_text(encoding="utf-8"))
