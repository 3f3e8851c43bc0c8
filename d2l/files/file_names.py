"""Names of people and files: composed as they are written, safe on every system, distinct."""

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 120  # bytes; with a suffix it stays below the 255 that file systems take
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def composed(name: str) -> str:
    """Return a name in Unicode's composed form, as people write it; what is not UTF-8 becomes "?".

    Korean names from a Mac are decomposed.
    """
    return unicodedata.normalize("NFC", name.encode(errors="replace").decode())


def safe_name(text: str) -> str:
    """Return `text` as the name of a file that every system takes.

    >>> safe_name("a/b?"), safe_name("con")
    ('a_b_', '_con')
    """
    visible = "".join(c if c.isprintable() and c not in '/\\:*?"<>|%#' else "_" for c in text)
    short = visible.encode()[:_LONGEST].decode(errors="ignore").strip(" .")
    return f"_{short}" if not short or _RESERVED.fullmatch(short) else short


def distinct(names: Iterable[str], pattern: str = "{name} ({number})") -> list[str]:
    """Return the names, those numbered that were there before, in whatever case.

    >>> distinct(["a", "b", "A"])
    ['a', 'b', 'A (2)']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = pattern.format(name=name, number=number)
        taken.add(candidate.casefold())
        found.append(candidate)
    return found
