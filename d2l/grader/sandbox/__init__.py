"""One notebook of a stranger, run in a sandbox: limits, walls, and frames as the only way out."""
