"""What a run found, as a table to read, as JSON, and as a record that is appended to records.md."""

import json
import os
import platform
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from bench.rivals import HAND, OURS, RELEASED
from bench.rounds import Findings
from bench.size import BATCH_SIZE, Size
from d2l import __version__

RECORDS = Path(__file__).with_name("records.md")
PACKAGES = ("torch", "torchvision", "numpy", "pandas", "matplotlib", "ipykernel")
HEADINGS = ("what", OURS, HAND, RELEASED, f"{RELEASED}/{OURS}")


def rows(findings: Findings, size: Size) -> list[tuple[str, ...]]:
    """The table, row by row, in words; what nobody was measured at has no row."""
    board = f"{size.board_epochs}-epoch board"
    named = {
        "import": "import (hand loop: torch), s",
        "pass": "pass over 60,000 images, s",
        "pass_96": "pass over 60,000 images at 96 pixels, s",
        "softmax": "epoch of softmax regression, s",
        "mlp": "epoch of the MLP, s",
        "lenet": f"{_stretch(size.lenet_batches)} of LeNet, s",
        "resnet": f"{_stretch(size.resnet_batches)} of ResNet-18 at 96 pixels, s",
        "fit": f"{size.fit_epochs}-epoch fit of the MLP, board on, s",
        "accuracy": "its validation accuracy",
        "board": f"{board} in a script, s",
        "kernel_board": f"{board} in a kernel, s",
        "pictures": "its pictures",
        "megabytes": "its output, MB",
        "draws": f"{size.num_draws:,} draws, nothing shown, s",
        "training": "epoch of the MLP without validation, s",
        "capture": "recording its step, once in a fit, s",
        "kernels": "kernels in its step",
        "floor": "empty kernels' share of its time",
    }
    return [_row(findings, what, words) for what, words in named.items() if what in findings.values]


def circumstances(findings: Findings, size: Size, num_rounds: int) -> list[str]:
    """When, where and with what this was measured."""
    versions = ", ".join(f"{name} {version_of(name)}" for name in PACKAGES)
    where = f"{os.cpu_count()} cores of {processor()}, {findings.threads} threads"
    epochs = "epochs of new fits"
    if size.on_gpu:
        where = f"{torch.cuda.get_device_name(size.device)}, CUDA {torch.version.cuda}, {where}"
        epochs = "epochs but a fit's first, which wakes the GPU and records"
    return [
        f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}, {where}, {platform.system()}",
        f"d2l {__version__} against d2l 1.0.3, Python {platform.python_version()}, {versions}",
        f"medians of {num_rounds} rounds (of one: 96 pixels, LeNet, ResNet-18, fit, boards), "
        f"batches of {BATCH_SIZE}, {epochs}; each rival in its own process, in turns",
    ]


def table(lines: list[tuple[str, ...]], headings: tuple[str, ...] = HEADINGS) -> str:
    """The rows as a Markdown table that reads well as plain text."""
    widths = [max(len(line[i]) for line in (headings, *lines)) for i in range(len(headings))]
    rule = tuple("-" * widths[0] if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths))
    return "\n".join(_aligned(line, widths) for line in (headings, rule, *lines))


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


def _stretch(num_batches: int | None) -> str:
    if num_batches is None:
        return "epoch"
    return f"{num_batches} batches" if num_batches > 1 else "one batch"


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(none)"


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


def processor() -> str:
    """The processor's name, where the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
