"""The exercises of each lesson, with their checks, hints, solutions and common mistakes."""
