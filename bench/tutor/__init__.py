"""Programs that are wrong in one known way, and programs that are right: what a tutor is judged by.

`python -m bench.tutor --list` prints them, `--check-corpus` runs them all.
"""
