"""jsonschema, imported in a tenth of the time: importing this module first is what does it.

Everything that reads notebooks or is JupyterLab imports jsonschema, to see that JSON has the form that it should have.
With every import jsonschema makes a grammar of IRIs (RFC 3987) where it finds one, which takes longer than all the rest
of JupyterLab. Rule: only this grammar is left out. No schema here has the format `iri`, the one that stays unchecked.
"""

from __future__ import annotations

from contextlib import suppress

from hl7dicom_lab.left_out import left_out

with left_out("rfc3987_syntax"), suppress(ImportError):  # without JupyterLab there may be no jsonschema
    import jsonschema  # type: ignore[import-untyped]  # noqa: F401
