"""Notebooks as programs: read, run, shown as pages. Knows nothing of the book's own code."""
