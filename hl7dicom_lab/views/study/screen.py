"""The final screen: images and report of one study side by side, and above both whose they are.

Clinical step: the physician reads the result (IHE Image Display with Report Reader). The identity above is the one in
the images' data sets; the report brings its own, and they are compared before anything is shown.

Rule: where images and report do not agree about the patient or the study, or images among themselves, a warning stands
above everything, the report is covered, and the reasons are given. Text from files and from the wire is data: it is
escaped in HTML, and its control characters are made visible everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from hl7dicom_lab.counted import counted
from hl7dicom_lab.model import Report
from hl7dicom_lab.views.study.html_form import as_html
from hl7dicom_lab.views.study.image_identity import (
    ImageIdentity,
    disagreements_among,
    disagreements_with,
    read_identity,
)
from hl7dicom_lab.views.study.image_on_screen import ImageOnScreen, read_image
from hl7dicom_lab.views.study.montage import MOST_SHOWN, evenly_spaced
from hl7dicom_lab.views.study.reading_room import Room
from hl7dicom_lab.views.study.text_form import as_text, one_line
from hl7dicom_lab.views.view import View


@dataclass(frozen=True, repr=False)
class StudyOnScreen(View):
    """One study, ready to look at: print it, show it in a notebook, or `save` it as a picture.

    `images` are Part 10 files in the order of InstanceNumber; `earlier` the report's earlier versions, oldest first.
    `disagreements` are sentences; one is enough to cover the report. `held` says of reports for this study, kept back
    in the exceptions queue, why: they are warned of as loudly, but they do not cover the report that is attached.
    `unscheduled` is how many images are flagged as matching no order; they are warned of in the same way.
    `beside` is a second study to compare with.
    """

    widget: ClassVar[str] = "reading_room"

    banner: ImageIdentity
    images: tuple[Path, ...]
    report: Report | None = None
    earlier: tuple[Report, ...] = ()
    disagreements: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    unscheduled: int = 0
    beside: StudyOnScreen | None = None

    @classmethod
    def of(
        cls,
        images: Sequence[Path],
        report: Report | None = None,
        earlier: Iterable[Report] = (),
        disagreements: Iterable[str] = (),
        held: Iterable[str] = (),
        unscheduled: int = 0,
    ) -> StudyOnScreen:
        """Read whose images these are, and compare them with each other and with the report.

        `disagreements` are what the archive knows besides. A file that cannot be read as DICOM says nothing about
        identity; its place on the screen says why it is not shown.
        """
        identities = _readable_identities(images)
        found = list(disagreements_among(identities))
        if report is not None:
            of_report = (sentence for image in identities for sentence in disagreements_with(image, report))
            found += dict.fromkeys(of_report)
        banner = identities[0] if identities else _identity_of_report(report)
        disagree = (*disagreements, *found)
        return cls(banner, tuple(images), report, tuple(earlier), disagree, tuple(held), unscheduled)

    @property
    def covered(self) -> bool:
        """Whether there is a report that must not be shown."""
        return self.report is not None and bool(self.disagreements)

    @cached_property
    def shown(self) -> tuple[ImageOnScreen, ...]:
        """The images that the forms show, decoded: all of them, or MOST_SHOWN evenly spread."""
        return tuple(read_image(self.images[index]) for index in evenly_spaced(len(self.images), MOST_SHOWN))

    def compare(self, other: StudyOnScreen) -> StudyOnScreen:
        """The study with another one beside it, such as the earlier examination of the same patient."""
        return replace(self, beside=replace(other, beside=None))

    def text(self) -> str:
        """Banner, images and report in 100 columns."""
        return as_text(self)

    def html(self) -> str:
        """The same with small pictures of the images."""
        return as_html(self)

    @cached_property
    def _room(self) -> Room:
        return Room((self,) if self.beside is None else (self, self.beside))

    def state(self) -> Mapping[str, Any]:
        """What the reading room gets; a covered report is not in it."""
        return self._room.state()

    def answer(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """The block of pixels that the reading room asks for."""
        return self._room.answer(message)

    def __repr__(self) -> str:
        count = len(self.images)
        images = counted(count, "image")
        report = "no report" if self.report is None else f"report {self.report.status.name}"
        report = "report covered" if self.covered else report
        beside = "" if self.beside is None else f", beside {self.beside!r}"
        number = one_line(self.banner.accession_number) or "without accession number"
        return f"<Study {number}, {images}, {report}{beside}>"

    def sent(self, state: dict[str, Any]) -> None:
        """Forget the pixels: else each run of a cell would keep them once more, for `Out` keeps the study."""
        state.get("pixels", {}).clear()  # whoever loads the page again asks for them
        for study in filter(None, (self, self.beside)):
            vars(study).pop("shown", None)

    def save(self, path: Path | str) -> Path:
        """Write the screen as a PNG of 1680 pixels width, and return where. Raises SetupError where it cannot write."""
        from hl7dicom_lab.views.study.picture import save_picture  # loads matplotlib

        return save_picture(self, Path(path))


def _readable_identities(images: Sequence[Path]) -> list[ImageIdentity]:
    identities = []
    for path in images:
        try:
            identities.append(read_identity(path))
        except Exception:  # whatever is wrong with a file, `read_image` says it in the image's place
            continue
    return identities


def _identity_of_report(report: Report | None) -> ImageIdentity:
    """Without images the report says whose study it is."""
    if report is None:
        return ImageIdentity()
    return ImageIdentity(
        patient_name=report.patient_name,
        patient_id=report.patient_id,
        issuer_of_patient_id=report.issuer_of_patient_id,
        accession_number=report.accession_number,
        study_instance_uid=report.study_instance_uid,
        study_description=report.procedure.meaning if report.procedure else "",
    )
