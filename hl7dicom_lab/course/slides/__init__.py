"""Slides of a lesson for the projector: one file, no network, made from the notebook as it stands."""
