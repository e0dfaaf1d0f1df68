"""What learners try in vain: repairs of a ticket that stop half-way, hide the fault, or make something worse.

By the ticket's letter: what is tried, the code, and what the answer has to say. `told` is the answer. The code runs one
after the other in one department, and none of it solves the ticket.
"""

WRONG_REPAIRS = {
    "A": (
        ("another station", 'told = ticket.repair("MR1", "worklist_station", "NORTHGATE_CT1")', "not on it"),
        ("more days", 'told = ticket.repair("MR1", "worklist_days", "today and tomorrow")', "not on it"),
    ),
    "B": (
        ("any station", 'told = ticket.repair("CT1", "worklist_station", "")', "of other scanners"),
        ("today", 'told = ticket.repair("CT1", "worklist_days", "today")', "of other scanners"),
    ),
    "C": (
        ("this day only", 'told = ticket.repair("MR1", "worklist_days", "20260302")', "it will ask for 20260302"),
        ("this week", 'told = ticket.repair("MR1", "worklist_days", "20260302-20260306")', "20260302-20260306"),
    ),
    "D": (
        ("the same once more", 'lab.emr.send_again("EMR000002"); told = ticket.repair()', "not on it"),
        ("half", 'told = ticket.repair("EMR", "birth_date_format", "YYYYMMDD")', "not on it"),
        ("one of two", 'lab.emr.send_again("EMR000002"); told = ticket.repair()', "Chidi Okonkwo is not on it"),
    ),
    "E": (
        ("as a new order", 'lab.emr.send_again("EMR000002"); told = ticket.repair()', "NG000001 on the worklist"),
        ("half", 'told = ticket.repair("EMR", "accession_number_in", "OBR-18")', "NG000001 on the worklist"),
    ),
    "F": (
        (
            "the receiver forgives",
            'lab.ris.settings = type(lab.ris.settings)(line_feeds="accept with a warning")\n'
            "[lab.emr.send_again(one.control_id) for one in lab.emr.outbox[:2]]\n"
            "told = ticket.repair()",
            "a warning",
        ),
    ),
    "G": (
        ("half", 'told = ticket.repair("EMR", "without_an_answer", "send the same message again")', "on it twice"),
        (
            "both lines are gone",
            'lab.emr.cancel_order("P00002"); lab.emr.cancel_order("P00003"); told = ticket.repair()',
            "Lars Åkesson is not on it",
        ),
    ),
    "H": (
        (
            "the same once more",
            'with suppress(AssociationFailed): lab.modalities["CT"].send_again()\ntold = ticket.repair()',
            "no presentation context",
        ),
        ("another name", 'told = ticket.repair("CT1", "pacs_ae_title", "CT1")', "called AE title not recognized"),
        (
            "half",
            'ticket.repair("CT1", "pacs_ae_title", "NORTHGATE_PACS")\n'
            'told = ticket.repair("CT1", "transfer_syntax", "Implicit VR Little Endian")',
            "2 images in the queue of CT1",
        ),
        (
            "scanned twice",
            "ct = lab.modalities['CT']; ct.send_again()\n"
            "lab.ris.reopen_step('NG000002', by='me', because='again')\n"
            "ct.store(ct.examine(ct.query(PatientID='NG-100318')[0])); told = ticket.repair()",
            "Has anybody been scanned again?",
        ),
    ),
    "I": (
        (
            "the wrong title",
            'told = ticket.repair("CR1", "worklist_ae_title", "NORTHGATE_PACS")',
            "worklist: the assoc",
        ),
        (
            "half",
            'ticket.repair("CR1", "worklist_ae_title", "NORTHGATE_RIS")\n'
            'told = ticket.repair("CR1", "pacs_ae_title", "NORTHGATE_PACS")',
            "1 image in the queue of CR1",
        ),
    ),
    "J": (
        ("only sent again", 'lab.modalities["MR"].send_again(); told = ticket.repair()', "14 of 24 images"),
        (
            "room for these and no more",
            'ticket.repair("PACS", "room", 25)\n'
            '[lab.modalities[one].send_again() for one in ("MR", "CT")]; told = ticket.repair()',
            "0 images more",
        ),
    ),
    "K": (
        ("half", 'told = ticket.repair("EMR", "character_set", "UNICODE UTF-8")', "N??ez"),
        (
            "a set that is too small",
            'ticket.repair("EMR", "character_set", "8859/1")\n'
            'lab.emr.send_again("EMR000003", as_change=True); told = ticket.repair()',
            "✗",
        ),
    ),
    "L": (
        (
            "another patient's radiograph",
            '(item,) = lab.modalities["CT"].query(PatientID="NG-100318")\n'
            'lab.pacs.reassign("NG000003", item, by="me", because="a guess"); told = ticket.repair()',
            "the images with NG000002 are CR",
        ),
        (
            "another wrong patient",
            'lab.ris.reopen_step("NG000003", by="me", because="to take the guess back")\n'
            '(item,) = lab.modalities["CR"].query(PatientID="NG-100402")\n'
            'lab.pacs.reassign("NG000002", item, by="me", because="a wrong guess"); lab.ris.complete_step("NG000003")\n'
            '(item,) = lab.modality.query(PatientID="NG-100237")\n'
            'lab.pacs.reassign("NG000004", item, by="me", because="a guess"); told = ticket.repair()',
            "NG000001 is an order for MR of NG-100237, and there are images of CT",
        ),
        (
            "the desk knows nothing",
            '(item,) = lab.modalities["CT"].query(PatientID="NG-100318")\n'
            'lab.pacs.reassign("NG000001", item, by="me", because="now rightly"); told = ticket.repair()',
            "NG000002 is ARRIVED; NG000004 of Marco Rivera is COMPLETED",
        ),
        ("half of the desk", 'lab.ris.complete_step("NG000002"); told = ticket.repair()', "not on the list of CT1"),
    ),
    "M": (
        ("the other receiver", 'told = ticket.repair("DICTATION", "emr_application", "EMR1")', "the PACS shows none"),
        (
            "one of two",
            'ticket.repair("DICTATION", "pacs_application", "PACS"); lab.dictation.send_again("NG000002", "PACS")\n'
            "told = ticket.repair()",
            "Chidi Okonkwo that was signed: the PACS shows none",
        ),
        (
            "what the first one broke",
            'lab.dictation.send_again("NG000003", "PACS"); told = ticket.repair()',
            "EMR and PACS: EMR: AR",
        ),
    ),
    "N": (
        ("sent again", 'lab.dictation.send_again("NG000002", "PACS"); told = ticket.repair()', "shows a preliminary"),
        (
            "corrected without a mistake",
            "sent = lab.dictation.outbox[2].report\n"
            "lab.dictation.send(lab.dictation.correct(sent, sent.text)); told = ticket.repair()",
            "the PACS shows a corrected report",
        ),
    ),
    "O": (
        ("the next one", 'told = ticket.repair("EMR", "next_accession_number", 3)', "not on it"),
        ("the RIS shall give it", 'told = ticket.repair("EMR", "accession_numbers", "from the RIS")', "not on it"),
        (
            "the RIS gives it, against the house's rule",
            'ticket.repair("EMR", "next_accession_number", 5)\nlab.emr.send_again("EMR000005"); told = ticket.repair()',
            "now the RIS gives them",
        ),
    ),
    "P": (
        (
            "half",
            'told = ticket.repair("EMR", "name_order", "family^given^middle^suffix^prefix")',
            "Rivera^Elena^Maria^^Ms",
        ),
    ),
}
