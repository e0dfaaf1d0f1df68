"""The classroom: an instructor sees, live, how the class is doing.

    hl7dicom-lab classroom                                     # the instructor: prints an address and a join code
    hl7dicom-lab join http://127.0.0.1:8898/K7QM-2XWD Robin    # each learner

Rules: what a learner typed never leaves the learner's machine, only ids, outcomes and names of known mistakes do; what
was acknowledged is on disk; nothing counts twice; a lesson works the same whether the classroom is there or not.
"""

from __future__ import annotations

from hl7dicom_lab.classroom.joining import Membership as Membership
from hl7dicom_lab.classroom.joining import join as join
from hl7dicom_lab.classroom.joining import leave as leave
from hl7dicom_lab.classroom.sending import resume as resume
from hl7dicom_lab.classroom.sending import send_once as send_once
