"""How fast the lab is, beside real peers in the same run: `python3 start.py bench`."""
