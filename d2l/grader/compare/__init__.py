"""Compares what one notebook shows with what a reference shows: numbers as numbers."""
