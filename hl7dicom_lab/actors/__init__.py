"""The five systems of the department: the IHE Scheduled Workflow diagram as a folder. Each talks only on the wire."""
