"""The small parts that pages of reports share: a status, a message, what a finding may say.

Every text is a stranger's and is escaped.
"""

from collections.abc import Callable
from html import escape

from d2l.grader.compare.report import Finding

# What a page says of a finding: its message, which names the reference's values, or its hint.
Redaction = Callable[[Finding], str]

MAX_MESSAGE = 4_000
# Said in words as well as in a colour and a sign.
_SIGNS = {
    "match": "✓", "ok": "✓", "passed": "✓", "partly": "◐", "differs": "≠", "missing": "∅",
    "failed": "✕", "stale": "≠", "broken": "!", "not run": "–",
}  # fmt: skip
_TONES = {"match": "good", "ok": "good", "passed": "good", "not run": "quiet", "missing": "quiet"}


def badge(status: str) -> str:
    """Return a status as a small sign with its word."""
    tone = _TONES.get(status, "bad")
    sign = _SIGNS.get(status, "✕")
    return (
        f'<span class="badge {tone}"><span aria-hidden="true">{sign}</span> {escape(status)}</span>'
    )


def message_html(message: str) -> str:
    """Return a message as text, cut where it is longer than anybody reads."""
    if not message:
        return ""
    cut = f"{message[:MAX_MESSAGE]} …" if len(message) > MAX_MESSAGE else message
    return f'<p class="message" dir="auto">{escape(cut)}</p>'


def full_message(finding: Finding) -> str:
    """Return what a finding says to those who know the reference."""
    return finding.message


def redacted(finding: Finding) -> str:
    """Return what a finding says to those who are not to see the reference's values."""
    return finding.hint
