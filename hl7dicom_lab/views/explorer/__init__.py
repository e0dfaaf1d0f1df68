"""The explorer: something made of parts, as a tree of lines beside its bytes; and two of them compared."""
