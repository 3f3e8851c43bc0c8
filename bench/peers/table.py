"""What a run of `bench.peers` found, in words: tables, verdicts, circumstances, JSON."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median

from bench import summary
from bench.peers.case import BATCH_SIZE
from bench.peers.contenders import BY_ALL, CONTENDERS, EAGER, OURS, WORKS, Contender
from bench.peers.rounds import PeerFindings

OF_THREADS = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "OMP_PROC_BIND", "KMP_BLOCKTIME", "XLA_FLAGS")
BY_CONTENDER = ("s", "times ours", "least", "most", "accuracy")
BY_TASK = ("epoch of", "ours, s", "eager loop, s", "ours/eager", "least", "most", "accuracy")


def tables(findings: PeerFindings, tasks: Sequence[str]) -> str:
    """A table for each task at which all are measured, and one for the others."""
    parts = [contender_table(findings, task) for task in tasks if task in BY_ALL]
    others = [task for task in tasks if task not in BY_ALL]
    if others:
        rows = [row for task in others if (row := _task_row(findings, task))]
        parts.append(summary.table(rows, BY_TASK))
    return "\n\n".join(parts)


def contender_table(findings: PeerFindings, task: str) -> str:
    """The contenders at one task, the fastest first; the spread is that of the ratios."""
    measured = [c for c in CONTENDERS if findings.values[task][c.name]]
    measured.sort(key=lambda c: median(findings.values[task][c.name]))
    rows = [_contender_row(findings, task, contender) for contender in measured]
    return summary.table(rows, (f"epoch of {WORKS[task].words}", *BY_CONTENDER))


def verdicts(findings: PeerFindings, tasks: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether no bar is missed, and a line for each task."""
    lines = []
    for task in tasks:
        words, ratios = f"{WORKS[task].words}: ours over the eager loop", findings.bar_ratios(task)
        if not ratios:
            lines.append(f"open    {words}: not measured")
            continue
        value = f"{median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        kept = "MISSED" if findings.missed(task) else "kept  "
        lines.append(f"{kept}  {words}: {value}, at most {WORKS[task].bar:.2f}")
    return not any(findings.missed(task) for task in tasks), lines


def circumstances(
    findings: PeerFindings, taking_part: Iterable[Contender], num_rounds: int
) -> list[str]:
    """When, where and with what this was measured."""
    packages = list(dict.fromkeys(p for c in taking_part for p in c.packages))
    versions = ", ".join(f"{name} {summary.version_of(name)}" for name in packages)
    set_by_user = [f"{name}={os.environ[name]}" for name in OF_THREADS if name in os.environ]
    return [
        f"Peers: {datetime.now().astimezone():%Y-%m-%d %H:%M %Z}, {os.cpu_count()} cores of "
        f"{summary.processor()}, {findings.threads} threads, {platform.system()}",
        f"Python {platform.python_version()}, {versions}",
        f"environment: {', '.join(set_by_user) or 'nothing set about threads'}",
        f"medians of {num_rounds} rounds, ratios within a round, least and most of them; images in "
        f"batches of {BATCH_SIZE}, float32; each contender in its own process, in changing order; "
        "an epoch is training with each loss kept, and validation; a first fit does not count",
    ]


def as_json(findings: PeerFindings, lines: Sequence[str]) -> str:
    """Every number of every round."""
    return json.dumps({"circumstances": [*lines], "values": findings.values}, indent=1)


def _contender_row(findings: PeerFindings, task: str, contender: Contender) -> tuple[str, ...]:
    seconds = median(findings.values[task][contender.name])
    row = (contender.words, f"{seconds:#.3g}")
    if contender.name == OURS:
        return (*row, "1", "", "", _accuracy(findings, task, OURS))
    spread = _spread(findings.ratios(task, contender.name))
    return (*row, *spread, _accuracy(findings, task, contender.name))


def _task_row(findings: PeerFindings, task: str) -> tuple[str, ...] | None:
    ours, eager = (findings.median(task, name) for name in (OURS, EAGER))
    if ours is None:
        return None
    cells = (f"{ours:#.3g}", "" if eager is None else f"{eager:#.3g}")
    spread = _spread(findings.bar_ratios(task))
    return (WORKS[task].words, *cells, *spread, _accuracy(findings, task, OURS))


def _spread(ratios: Sequence[float]) -> tuple[str, str, str]:
    """Median, least and most."""
    if not ratios:
        return "", "", ""
    return f"{median(ratios):.3f}", f"{min(ratios):.3f}", f"{max(ratios):.3f}"


def _accuracy(findings: PeerFindings, task: str, name: str) -> str:
    value = findings.accuracy(task, name)
    return "" if value is None else f"{value:.3f}"
