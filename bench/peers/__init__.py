"""The benchmark `python -m bench.peers`: an epoch by this library, by hand, and by others."""
