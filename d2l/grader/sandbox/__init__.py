"""One notebook of a stranger, run in a box: limits, walls, and frames as the only way out."""
