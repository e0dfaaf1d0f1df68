"""A notebook with views, saved and opened again without its kernel: the static forms stand; run again, the widgets do.

The reading room, whose pixels have to come again, has a test of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from notebook_page import NotebookPage
from pictures import PICTURES

_OPEN = (
    "from hl7dicom_lab import open_lesson\nfrom hl7dicom_lab.course_files import data_folder\n"
    "lab = open_lesson('08')\nlab.modality.echo()"
)
#: What shows each view, a text that its static form has, and one that only the widget has.
_VIEWS = (
    ('lab.look(data_folder() / "messages" / "01_order.hl7")', "Patient Identifier List", "Open all"),
    ('lab.look(data_folder() / "mr_brain" / "slice_12.dcm")', "Explicit VR Little Endian", "Open all"),
    ('lab.ris.explain(Modality="MRI")', "keeps out", "Choose a cell to read its reason"),
    ('lab.map("NG000001")', "copied", "Choose a value with the mouse"),
    ("lab.timeline()", "The same as a table", "Save as SVG"),
    ('lab.quiz("08-q1")', "To answer, run this cell", "Check"),
)


def test_static_forms_stand_where_no_kernel_is_and_a_run_brings_the_widgets_back(
    open_notebook: Callable[..., NotebookPage],
) -> None:
    page = open_notebook("opened_again.ipynb", _OPEN, *(code for code, _, _ in _VIEWS))
    page.run_all()
    for place, (_, _, of_widget) in enumerate(_VIEWS, 1):
        page.live(place).get_by_text(of_widget).first.wait_for()
        assert not page.cell(place).locator(".hl7dicom-static").is_visible()
    assert page.errors == []
    page.save()
    page.stop_kernel()
    page.save()
    page.close()
    again = open_notebook("opened_again.ipynb")
    for place, (_, of_static, _) in enumerate(_VIEWS, 1):
        static = again.cell(place).locator(".hl7dicom-static")
        static.get_by_text(of_static).first.wait_for()
        again.picture(PICTURES / f"opened_again_{place}.png")
        assert again.cell(place).get_by_text("Error displaying widget").first.is_hidden()
    again.run_all()
    for place, (_, _, of_widget) in enumerate(_VIEWS, 1):
        again.live(place).get_by_text(of_widget).first.wait_for()
        assert not again.cell(place).locator(".hl7dicom-static").is_visible()
    # JupyterLab complains of saved outputs whose kernel has gone.
    assert [error for error in again.errors if "widget model not found" not in error] == []
