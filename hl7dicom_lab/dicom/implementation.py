"""Who made this file, who speaks on this association: the implementation behind every system of the lab.

PS3.7 section D.3.3.2 asks each side of an association for an Implementation Class UID, and PS3.10 section 7.1 asks the
writer of a file. Rule: the UID names the software, not the installation, so it is the same for every learner and
changes only when the software becomes another one.
"""

from __future__ import annotations

#: A name-based UUID under the root 2.25, which needs no registration (PS3.5 section B.2).
IMPLEMENTATION_CLASS_UID = "2.25.44781204206411058406373174154112595353"

#: At most 16 characters (PS3.7 section D.3.3.2).
IMPLEMENTATION_VERSION_NAME = "HL7DICOM_LAB_01"
