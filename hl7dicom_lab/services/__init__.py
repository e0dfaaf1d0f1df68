"""Sockets and threads: MLLP and DICOM associations. They take callbacks and know no system of the department."""
