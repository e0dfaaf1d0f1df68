"""DICOM data sets: character sets, file meta, matching, and reading PDUs. No sockets here."""
