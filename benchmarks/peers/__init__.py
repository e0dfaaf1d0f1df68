"""Programs that do what the lab does, started as a process of their own; one file for each."""
