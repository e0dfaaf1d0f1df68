"""The order interface of the EMR: a message as the standard has it, then as this interface is set to write it.

Clinical step: the order leaves the EMR. Standard: HL7 v2.5.1 sections 2.5.4 (segment ends), 2.15.9.18 (MSH-18) and
2.A.88 (XPN), IHE RAD-2. Rule: the builders stay right; what a setting spoils is spoilt here, in one place and after
them.
"""

from __future__ import annotations

from hl7dicom_lab.actors.settings import EmrSettings
from hl7dicom_lab.hl7v2 import character_set

#: The builders write this set (`build.Envelope`) and CR after every segment.
_BUILT_IN = "UNICODE UTF-8"
_AS_BUILT = EmrSettings()
_WRITING = ("segment_end", "character_set", "name_order", "birth_date_format", "accession_number_in")


def written(body: bytes, settings: EmrSettings) -> bytes:
    """A message of the builders as the interface writes it. Raises `CannotEncode` where its character set is too small.

    ASCII is the setting of an interface that nobody has told about other letters: it writes `?` in their place.
    """
    if all(getattr(settings, name) == getattr(_AS_BUILT, name) for name in _WRITING):
        return body
    lines = [line.split("|") for line in body.decode("utf-8").removesuffix("\r").split("\r")]
    for fields in lines:
        _rewrite(fields, settings)
    text = "\r".join("|".join(fields) for fields in lines) + "\r"
    if settings.segment_end == "LF":
        text = text.replace("\r", "\n")
    if settings.character_set == "ASCII":
        return text.encode("ascii", "replace")
    return character_set.encode(text, settings.character_set)


def _rewrite(fields: list[str], settings: EmrSettings) -> None:
    """One segment, its fields by their number; of MSH, field n stands at n - 1."""
    if fields[0] == "MSH" and settings.character_set != _BUILT_IN:
        fields[17] = "" if settings.character_set == "ASCII" else settings.character_set
        while not fields[-1]:
            fields.pop()
    if fields[0] == "PID" and len(fields) > 5 and settings.name_order != _AS_BUILT.name_order:
        fields[5] = "~".join(map(_prefix_first, fields[5].split("~")))
    if fields[0] == "PID" and len(fields) > 7 and settings.birth_date_format != _AS_BUILT.birth_date_format:
        fields[7] = _day_first(fields[7])
    if fields[0] == "OBR" and len(fields) > 18 and fields[18] and settings.accession_number_in == "OBR-19":
        fields += [""] * (20 - len(fields))
        fields[18], fields[19] = "", fields[18]


def _prefix_first(name: str) -> str:
    """An XPN with its suffix and prefix, components 4 and 5, in the order of DICOM's PN."""
    parts = [*name.split("^"), "", "", "", "", ""]
    parts[3], parts[4] = parts[4], parts[3]
    return "^".join(parts).rstrip("^")


def _day_first(date: str) -> str:
    return f"{date[6:8]}{date[4:6]}{date[:4]}" if len(date) == 8 else date
