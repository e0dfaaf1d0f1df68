"""Where the course's files are: `data/` and `notebooks/`.

Rule: the same call works in both places that the package can live in. In a checkout of the repository the folders stand
beside the package; a wheel carries them inside it, in `_course/` (`force-include` in pyproject.toml).
"""

from __future__ import annotations

from pathlib import Path

from hl7dicom_lab.errors import NotFound

_PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """The folder with the course's images and sample messages; NotFound where the installation lacks it."""
    return _course_folder("data")


def notebooks_folder() -> Path:
    """The folder with the lessons; NotFound where the installation lacks it."""
    return _course_folder("notebooks")


def _course_folder(name: str) -> Path:
    in_wheel, in_checkout = _PACKAGE / "_course" / name, _PACKAGE.parent / name
    # The wheel first: beside an installed package stands site-packages, where a folder "data" may be anybody's.
    for folder in (in_wheel, in_checkout):
        if folder.is_dir():
            return folder
    raise NotFound(
        f"the course's {name} folder is not there",
        where=str(in_wheel),
        next_step="install hl7dicom-lab again, or start Python from a complete checkout of the repository",
    )
