"""Speed, measured: `python -m bench.homework`. What it found, run by run, is in records.md."""
