"""What cells have shown, read as values: untrusted outputs become numbers, tables, curves."""
