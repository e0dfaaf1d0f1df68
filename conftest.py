"""How the kernels of the notebooks' comparison start, wherever pytest is pointed at."""

import os


def pytest_configure() -> None:
    """Kernels of nbval start like those whose outputs are stored: no progress from before, cards as text."""
    from hl7dicom_lab.course.refresh import SETTINGS

    os.environ.update(SETTINGS)
