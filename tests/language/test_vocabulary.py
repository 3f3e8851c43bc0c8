"""Code, documents and lessons use plain technical English: no phrase of the list below.

docs/reference/glossary.md has the terms.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Each phrase, its forms, and what to write instead.
BANNED = {
    "is no ": r"is no ",  # is not a
    "are no ": r"are no ",  # are not
    "goes on": r"goes on\b",  # continues
    "gone on": r"gone on\b",  # continued
    "wish": r"wish\w*",  # request
    "anew": r"anew\b",  # again, from scratch
    "beside": r"beside\b",  # next to
    "whoever": r"whoever\b",  # the caller, the instructor
    "mend": r"mend(s|ed|ing)?\b",  # fix
}
PATTERN = re.compile(rf"\b({'|'.join(BANNED.values())})", re.IGNORECASE)
# The one exception. "There is no file": existence, for which English has no other plain form.
EXISTENCE = re.compile(r"\bthere (is|are) no $|\bwhere there (is|are) no $", re.IGNORECASE)


def texts():
    for folder, pattern in (("d2l", "*.py"), ("docs", "*.md"), ("lessons", "*.py")):
        yield from sorted((ROOT / folder).rglob(pattern))
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))


def offences(text):
    for match in PATTERN.finditer(text):
        before = text[max(0, match.start() - 40) : match.end()]
        if not EXISTENCE.search(re.sub(r"[\s#]+", " ", before)):
            yield text.count("\n", 0, match.start()) + 1, re.sub(r"\s+", " ", before)


def test_no_banned_phrase_is_used():
    found = [
        f"{file.relative_to(ROOT)}:{line}: …{words}"
        for file in texts()
        for line, words in offences(file.read_text("utf-8"))
    ]
    assert found == []


def test_every_banned_phrase_is_found():
    for phrase in BANNED:
        assert list(offences(f"This {phrase} file")), phrase
    assert not list(offences("There is no file, and there are no folders"))
