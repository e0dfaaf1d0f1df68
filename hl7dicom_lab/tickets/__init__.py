"""Tickets: what breaks in an imaging department, to be found from evidence and put right."""
