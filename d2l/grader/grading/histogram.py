"""How many students have how many points: a bar chart in SVG, with the numbers written on it."""

from collections.abc import Sequence
from math import floor

BINS = 10
WIDTH, HEIGHT = 640, 220
_LEFT, _BASE, _TOP = 10, 180, 30


def histogram(totals: Sequence[float], out_of: float) -> str:
    """Return the chart of `totals`, from 0 to `out_of` in ten parts; the last has the top too."""
    counts = [0] * BINS
    for total in totals:
        counts[_bin(total, out_of)] += 1
    highest = max(counts) or 1
    step = (WIDTH - 2 * _LEFT) / BINS
    bars = "\n".join(_bar(i, count, highest, step) for i, count in enumerate(counts))
    marks = "\n".join(
        f'<text x="{_LEFT + i * step:.0f}" y="{_BASE + 20}">{_number(i * out_of / BINS)}</text>'
        for i in range(BINS + 1)
    )
    said = "; ".join(
        f"{_number(i * out_of / BINS)} to {_number((i + 1) * out_of / BINS)}: {count}"
        for i, count in enumerate(counts)
        if count
    )
    return (
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Students by points. {said}">\n{bars}\n'
        f'<line x1="{_LEFT}" x2="{WIDTH - _LEFT}" y1="{_BASE}" y2="{_BASE}"/>\n{marks}\n</svg>'
    )


def _bin(total: float, out_of: float) -> int:
    return max(0, min(BINS - 1, floor(BINS * total / out_of))) if out_of else BINS - 1


def _bar(i: int, count: int, highest: int, step: float) -> str:
    if not count:
        return ""
    height = (_BASE - _TOP) * count / highest
    left, top = _LEFT + i * step, _BASE - height
    return (
        f'<rect x="{left + 3:.1f}" y="{top:.1f}" width="{step - 6:.1f}" height="{height:.1f}"/>'
        f'<text class="count" x="{left + step / 2:.1f}" y="{top - 8:.1f}">{count}</text>'
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
