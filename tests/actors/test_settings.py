"""Settings: what a page says, what a person may enter, and what is told where it may not be."""

from __future__ import annotations

from dataclasses import fields

import pytest

from hl7dicom_lab import story
from hl7dicom_lab.actors.settings import (
    DictationSettings,
    EmrSettings,
    PacsSettings,
    RisSettings,
    ScannerSettings,
    changed,
)
from hl7dicom_lab.errors import CannotBuild, NotFound
from hl7dicom_lab.lab import Lab

SCANNER = ScannerSettings("NORTHGATE_RIS", "NORTHGATE_MR1", "NORTHGATE_PACS")
EVERY = (EmrSettings(), SCANNER, RisSettings(), PacsSettings(), DictationSettings())


@pytest.mark.parametrize("settings", EVERY, ids=lambda settings: type(settings).__name__)
def test_every_setting_has_words_and_says_what_it_takes(settings):
    for one in fields(settings):
        assert one.metadata["words"]
        assert one.metadata["choices"] or one.metadata["form"]
        for choice in one.metadata["choices"]:
            assert getattr(changed(settings, one.name, choice), one.name) == choice
        assert changed(settings, one.name, getattr(settings, one.name)) == settings
        assert f"{one.name} " in repr(settings)
        assert repr(getattr(settings, one.name)) in repr(settings)


@pytest.mark.parametrize(
    ("settings", "name", "typed", "value"),
    [
        (EmrSettings(), "segment_end", " lf ", "LF"),
        (EmrSettings(), "character_set", "unicode utf-8", "UNICODE UTF-8"),
        (EmrSettings(), "next_accession_number", "12", 12),
        (SCANNER, "worklist_station", "", ""),
        (SCANNER, "worklist_station", " NORTHGATE_MR2 ", "NORTHGATE_MR2"),
        (SCANNER, "worklist_days", "20260223-20260301", "20260223-20260301"),
        (SCANNER, "worklist_days", "20260302", "20260302"),
        (PacsSettings(), "room", "40", 40),
        (PacsSettings(), "room", 0, 0),
        (PacsSettings(), "room", "Unlimited", "unlimited"),
        (DictationSettings(), "pacs_application", "PACS_OLD", "PACS_OLD"),
    ],
)
def test_what_a_person_types_is_understood(settings, name, typed, value):
    after = changed(settings, name, typed)
    assert getattr(after, name) == value
    assert changed(after, name, getattr(settings, name)) == settings, "and nothing else has changed"


@pytest.mark.parametrize(
    ("settings", "name", "value", "told"),
    [
        (EmrSettings(), "segment_end", "CRLF", "'CR'; 'LF'"),
        (EmrSettings(), "next_accession_number", "soon", "from 1 to 999999"),
        (EmrSettings(), "next_accession_number", 0, "from 1 to 999999"),
        (EmrSettings(), "next_accession_number", None, "from 1 to 999999"),
        (SCANNER, "worklist_ae_title", "A TITLE OF MORE THAN 16", "1 to 16 characters"),
        (SCANNER, "pacs_ae_title", "", "1 to 16 characters"),
        (SCANNER, "pacs_ae_title", None, "1 to 16 characters"),
        (SCANNER, "worklist_station", None, "or nothing"),
        (SCANNER, "worklist_station", 3, "or nothing"),
        (SCANNER, "worklist_days", "20260231", "'today'; 'today and tomorrow'; a day or a range"),
        (SCANNER, "worklist_days", "next week", "20260302-20260306"),
        (SCANNER, "transfer_syntax", "JPEG", "'Implicit VR Little Endian'"),
        (PacsSettings(), "room", -1, "'unlimited'; a whole number"),
        (DictationSettings(), "emr_application", "", "a name"),
        (DictationSettings(), "emr_application", None, "a name"),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_refused_with_those_that_it_can(settings, name, value, told):
    with pytest.raises(CannotBuild, match="no value of this setting") as caught:
        changed(settings, name, value)
    assert caught.value.where == name
    assert told in caught.value.next_step


def test_a_setting_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(NotFound, match="station_title") as caught:
        changed(SCANNER, "station_title", "NORTHGATE_MR1")
    assert "worklist_station" in caught.value.next_step


def test_no_settings_can_be_made_of_a_wrong_value():
    with pytest.raises(CannotBuild, match="line_feeds"):
        RisSettings(line_feeds="perhaps")


def test_a_departments_settings_are_those_of_its_addresses():
    with Lab() as lab:
        assert lab.emr.settings == EmrSettings()
        assert lab.ris.settings == RisSettings()
        assert lab.pacs.settings == PacsSettings()
        assert lab.dictation.settings == DictationSettings("EMR", "PACS")
        assert [one.settings for one in lab.modalities.values()] == [
            ScannerSettings(story.RIS_AE_TITLE, station.ae_title, story.PACS_AE_TITLE) for station in story.STATIONS
        ]


# ---- what is given to a system as its settings


@pytest.mark.parametrize("system", ["emr", "ris", "modality", "pacs", "dictation"])
def test_a_system_takes_settings_of_its_own_kind_and_keeps_those_that_it_has(system):
    with Lab() as lab:
        one = getattr(lab, system)
        kept = one.settings
        for wrong in ({}, None, [kept], "LF", *(other for other in EVERY if type(other) is not type(kept))):
            with pytest.raises(CannotBuild, match=f"these are no {type(kept).__name__}, but of the type") as refused:
                one.settings = wrong
            assert refused.value.where == "settings"
            assert f"replace(settings, {fields(kept)[0].name}=...)" in refused.value.next_step
            assert one.settings is kept
        again = changed(kept, fields(kept)[0].name, getattr(kept, fields(kept)[0].name))
        one.settings = again
        assert one.settings is again
