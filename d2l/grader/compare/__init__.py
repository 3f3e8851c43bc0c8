"""Compare the outputs of a notebook with those of a reference, numerically."""
