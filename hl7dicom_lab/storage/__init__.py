"""What the systems keep: the order book, the image archive, the reports. SQLite and Part 10 files."""
