"""The checker that runs the type and shape contracts; an int is a float, as PEP 484 has it.

Beartype draws random numbers to pick the items it checks. It is given a generator of its own here,
since the tests are about programs whose random numbers are theirs alone.
"""

import random

drawn_by_programs = random.getrandbits
random.getrandbits = random.Random(0).getrandbits
from beartype import BeartypeConf, beartype  # noqa: E402

random.getrandbits = drawn_by_programs

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
