"""Run by each kernel that the course's JupyterLab starts (PYTHONSTARTUP), before the first cell.

Rule: it makes nothing but the explanation of a missing name, so that a learner whose kernel was restarted reads which
cell to run; it loads no library and leaves no name.
"""

from hl7dicom_lab.course import missing_names as _missing_names

_missing_names.explain_before_a_lesson()
del _missing_names
