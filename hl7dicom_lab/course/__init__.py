"""The course: notebooks, and what keeps them true."""
