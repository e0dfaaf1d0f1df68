"""The subject of the course: HL7 field, worklist attribute, image attribute, report key. Pure functions over one table.

`table.py` has the rows, `conversions.py` the rules that they name, and each arrow of the workflow is a file:
`order_to_worklist`, `worklist_to_image`, `report_to_oru`, `oru_to_report`.
"""
