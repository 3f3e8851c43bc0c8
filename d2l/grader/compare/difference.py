"""A difference between what is shown and what should be, in words: with the answer, and without."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """What is different: `message` names the reference's values, `hint` does not."""

    message: str
    hint: str


def joined(differences: Sequence[Difference]) -> Difference | None:
    """Return several differences as one; None if there is none."""
    if not differences:
        return None
    messages = "; ".join(difference.message for difference in differences[:5])
    return Difference(messages, "; ".join(difference.hint for difference in differences[:5]))


def plain(value: float) -> str:
    """Return a number for readers: at most six digits.

    >>> plain(2.0), plain(0.33333333), plain(float("nan"))
    ('2', '0.333333', 'nan')
    """
    return f"{value:.6g}"
