"""What an image's header says to the person who reads: which series, which slice, how it lies, how it is shown.

Clinical step: a study is opened; the pixels come later. Rule: an attribute that is missing or holds nonsense leaves
its fact empty, and the image is shown all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom import Dataset

from hl7dicom_lab.views.study.image_file import read_header, text_of
from hl7dicom_lab.views.study.image_geometry import Edges, Plane, Spacing, aspect, edges, plane, spacing_on_screen
from hl7dicom_lab.views.study.image_on_screen import not_dicom
from hl7dicom_lab.views.study.image_window import Function, Window, function, shown_through_table, windows


@dataclass(frozen=True)
class ImageFacts:
    """The header of one image, without names and numbers of the patient."""

    reason: str = ""  # why the file cannot be read
    series_uid: str = ""
    series_number: str = ""
    series_description: str = ""
    frame_of_reference: str = ""  # images with the same one share their coordinates
    modality: str = ""
    number: str = ""  # Instance Number
    frames: int = 1
    rows: int = 0
    columns: int = 0
    windows: tuple[Window, ...] = ()
    spread: Function = "LINEAR"
    inverted: bool = False  # MONOCHROME1: a high value is dark
    unit: str = ""
    edges: Edges = ("", "", "", "")
    plane: Plane | None = None
    spacing: Spacing | None = None
    spacing_holds: str = ""  # "at the detector" where it is none in the patient
    aspect: float = 1.0
    thickness: str = ""
    size: int = field(default=0, compare=False)  # bytes of one frame, as the browser keeps it


def read_facts(path: Path) -> ImageFacts:
    """The facts in a Part 10 file; its pixels are not read. Never raises: what is wrong is in `reason`."""
    try:
        return facts_of(read_header(path))
    except Exception as error:  # a file from anywhere may fail anyhow; its place on the screen says so
        return ImageFacts(reason=not_dicom(error))


def facts_of(ds: Dataset) -> ImageFacts:
    """The facts in a data set."""
    spacing, holds = spacing_on_screen(ds)
    rows, columns = _count(ds, "Rows", 0), _count(ds, "Columns", 0)
    return ImageFacts(
        series_uid=text_of(ds, "SeriesInstanceUID"),
        series_number=text_of(ds, "SeriesNumber"),
        series_description=text_of(ds, "SeriesDescription"),
        frame_of_reference=text_of(ds, "FrameOfReferenceUID"),
        modality=text_of(ds, "Modality"),
        number=text_of(ds, "InstanceNumber"),
        frames=_count(ds, "NumberOfFrames", 1),
        rows=rows,
        columns=columns,
        windows=windows(ds),
        spread=function(ds),
        inverted=text_of(ds, "PhotometricInterpretation") == "MONOCHROME1",
        unit=_unit(ds),
        edges=edges(ds),
        plane=plane(ds),
        spacing=spacing,
        spacing_holds=holds,
        aspect=aspect(ds),
        thickness=text_of(ds, "SliceThickness"),
        size=rows * columns * (2 if _count(ds, "SamplesPerPixel", 1) == 1 else 3),
    )


def _unit(ds: Dataset) -> str:
    """The unit of the values after the rescale (PS3.3 C.11.1.1.2): that of the file; CT images are in HU without it.

    What is shown through a table of the file (VOI LUT) has none.
    """
    if shown_through_table(ds):
        return ""
    named = text_of(ds, "RescaleType") or text_of(ds, "ModalityLUTType")
    if named:
        return "" if named == "US" else named  # US stands for unspecified
    rescaled = ds.get("RescaleSlope") is not None and ds.get("RescaleIntercept") is not None
    localizer = "LOCALIZER" in [str(one) for one in ds.get("ImageType") or ()]
    return "HU" if text_of(ds, "Modality") == "CT" and rescaled and not localizer else ""


def _count(ds: Dataset, keyword: str, otherwise: int) -> int:
    value: Any = ds.get(keyword)
    try:
        return max(int(value), otherwise)
    except (TypeError, ValueError):
        return otherwise
