"""The checks: each module ends in `CHECKS`, and `d2l.tutor.registry` lists them."""
