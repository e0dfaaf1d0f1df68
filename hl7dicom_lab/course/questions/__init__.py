"""The questions of each lesson, and the bank of the test."""
