"""jsonschema without its grammar of IRIs: everything else of it is there, and the grammar for whoever asks for it."""

import subprocess
import sys

import pytest


def says(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    return done.stdout.split()


@pytest.mark.parametrize("library", ["jupyterlab.labapp", "nbformat", "jsonschema"])
def test_the_grammar_is_not_made(library):
    code = f"import sys, hl7dicom_lab.course.quick_jsonschema, {library}; print('rfc3987_syntax' in sys.modules)"
    assert says(code) == ["False"]


def test_only_the_formats_of_the_grammar_are_left_unchecked():
    formats = "print(*sorted(jsonschema.FormatChecker.checkers))"
    whole = says(f"import jsonschema; {formats}")
    quick = says(f"import hl7dicom_lab.course.quick_jsonschema, jsonschema; {formats}")
    assert {"uri", "date-time", "ipv4"} <= set(quick)
    assert set(whole) - set(quick) <= {"iri", "iri-reference"}


def test_who_needs_the_grammar_gets_it():
    code = "import hl7dicom_lab.course.quick_jsonschema, rfc3987_syntax; print(rfc3987_syntax.is_valid_syntax"
    assert says(f"{code}('iri', 'https://example.org/ä'))") == ["True"]


def test_a_process_that_has_the_grammar_keeps_it():
    code = "import sys, rfc3987_syntax as own, hl7dicom_lab.course.quick_jsonschema"
    assert says(f"{code}; print(sys.modules['rfc3987_syntax'] is own)") == ["True"]


def test_without_jsonschema_nothing_happens():
    code = "import sys; sys.modules['jsonschema'] = None; import hl7dicom_lab.course.quick_jsonschema; print('well')"
    assert says(code) == ["well"]
