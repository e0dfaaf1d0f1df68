"""The reading room: images, and the report that holds, beside each other."""
