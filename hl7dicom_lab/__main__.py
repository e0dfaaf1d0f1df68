"""`python -m hl7dicom_lab`: the same as `hl7dicom-lab`."""

from hl7dicom_lab.cli import main

main(prog_name="hl7dicom-lab")
