"""What a run found, as a table to read, as JSON, and as a record that is appended to records.md."""

import json
import os
import platform
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.rivals import HAND, OURS, RELEASED
from bench.rounds import Findings
from bench.size import Size
from d2l import __version__

RECORDS = Path(__file__).with_name("records.md")
PACKAGES = ("torch", "torchvision", "numpy", "pandas", "matplotlib", "ipykernel")
HEADINGS = ("what", OURS, HAND, RELEASED, f"{RELEASED}/{OURS}")


def rows(findings: Findings, size: Size) -> list[tuple[str, ...]]:
    """The table, row by row, in words."""
    board = f"{size.board_epochs}-epoch board"
    named = {
        "import": "import (hand loop: torch), s",
        "pass": "pass over 60,000 images, s",
        "softmax": "epoch of softmax regression, s",
        "mlp": "epoch of the MLP, s",
        "fit": f"{size.fit_epochs}-epoch fit of the MLP, board on, s",
        "accuracy": "its validation accuracy",
        "board": f"{board} in a script, s",
        "kernel_board": f"{board} in a kernel, s",
        "pictures": "its pictures",
        "megabytes": "its output, MB",
        "draws": f"{size.num_draws:,} draws, nothing shown, s",
    }
    return [_row(findings, what, words) for what, words in named.items()]


def circumstances(findings: Findings, size: Size, num_rounds: int) -> list[str]:
    """When, where and with what this was measured."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}, {os.cpu_count()} cores of "
        f"{_processor()}, {findings.threads} threads, {platform.system()}",
        f"d2l {__version__} against d2l 1.0.3, Python {platform.python_version()}, {versions}",
        f"medians of {num_rounds} rounds (fit and boards: of one), batches of 256; "
        f"each rival in its own process, in turns",
    ]


def table(lines: list[tuple[str, ...]]) -> str:
    """The rows as a Markdown table that reads well as plain text."""
    every = [HEADINGS, *lines]
    widths = [max(len(line[i]) for line in every) for i in range(len(HEADINGS))]
    rule = tuple("-" * widths[0] if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths))
    return "\n".join(_aligned(line, widths) for line in (HEADINGS, rule, *lines))


def as_json(findings: Findings, size: Size, num_rounds: int) -> str:
    """Every number of every round."""
    content: dict[str, Any] = {
        "circumstances": circumstances(findings, size, num_rounds),
        "size": size._asdict(),
        "values": findings.values,
    }
    return json.dumps(content, indent=1)


def record(heading: str, lines: list[str]) -> None:
    """Append a run to the records."""
    with RECORDS.open("a", encoding="utf-8") as file:
        file.write("\n".join(["", f"## {heading}", "", *lines, ""]))


def _row(findings: Findings, what: str, words: str) -> tuple[str, ...]:
    values = [findings.median(what, rival) for rival in (OURS, HAND, RELEASED)]
    ratio = None if what == "accuracy" else findings.ratio(what)
    return (words, *(_number(v) for v in values), "" if ratio is None else f"{_number(ratio)}x")


def _number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return ""
    is_whole = value >= 100 or value == int(value)
    return f"{value:,.0f}" if is_whole else f"{value:#.3g}"


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    cells = [text.ljust(w) if i == 0 else text.rjust(w) for i, (text, w) in
             enumerate(zip(line, widths, strict=True))]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _processor() -> str:
    """The processor's name, where the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
