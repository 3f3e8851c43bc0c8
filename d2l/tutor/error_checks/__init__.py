"""Checks that explain an error of PyTorch or Python: what was probably meant."""
