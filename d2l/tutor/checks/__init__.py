<<<<<<< HEAD
"""The checks: each module ends in `CHECKS`, and `d2l.tutor.registry` lists them."""
=======
"""The tutor's checks, by what they look at; `d2l.tutor.registry` lists them."""
>>>>>>> 4c068c958016ebded74d8253f14b8627a7e10809
