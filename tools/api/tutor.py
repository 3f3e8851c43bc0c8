"""docs/reference/tutor.md: the hints that training gives, from the registry of the checks."""

from d2l.tutor.registry import kinds, page, table
from tools.api.face import REPOSITORY

TUTOR = REPOSITORY / "docs" / "reference" / "tutor.md"
INTRODUCTION = REPOSITORY / "tools" / "api" / "tutor.md"


def tutor_page() -> str:
    """The text of the document."""
    parts = [INTRODUCTION.read_text("utf-8"), "\n".join(table()) + "\n", *map(page, kinds())]
    return "\n".join(parts[:2]) + "\n" + "\n\n".join(parts[2:]) + "\n"
