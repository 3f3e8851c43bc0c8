"""Runs one untrusted notebook: limits, isolation, typed messages as the only way out."""
