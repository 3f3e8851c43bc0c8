"""Runs, compares and grades notebooks that nobody vouches for: sandbox, compare, grading."""
