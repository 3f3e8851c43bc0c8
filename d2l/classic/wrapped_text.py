"""Text that fits the page."""

import textwrap


def print_wrapped(*args: object, width: int = 76) -> None:
    """Print as `print` does, with lines broken at spaces so that none is longer than `width`.

    Line breaks in the text are kept. A word that is longer than a line is not broken.

    >>> d2l.print_wrapped("one two three", 4, width=9)
    one two
    three 4

    Book: 23.7 Utility functions and classes (2026)
    """
    for line in " ".join(map(str, args)).split("\n"):
        print(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False))
