"""One run of the benchmark: every job, rival by rival, round by round, each in its own process."""

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import click

from bench.rivals import (
    HAND,
    IN_A_KERNEL,
    OURS,
    RELEASED,
    RUN_FOLDER,
    check_origin,
    environment,
    missing,
)
from bench.size import Size

TIMEOUT_SECONDS = 600


class Job(NamedTuple):
    """A task and whose turn it is when, in one round; `once` where a round is long.

    `module` is where the task is written, other than `bench.library` or `bench.handmade`.
    """

    task: str
    turns: tuple[str, ...]
    once: bool = False
    module: str | None = None


# Who takes two turns has them before and after the others, so that a drift of the machine cancels.
JOBS = (
    Job("import", (HAND, OURS, RELEASED, OURS, HAND)),
    Job("epochs", (OURS, HAND, RELEASED, HAND, OURS)),
    Job("draws", (OURS, RELEASED), module="bench.boards"),
    Job("pass_96", (OURS, HAND, RELEASED), once=True),
    Job("lenet", (OURS, HAND, RELEASED, HAND, OURS), once=True),
    Job("resnet", (OURS, HAND, RELEASED), once=True),
    Job("fit", (OURS, HAND, RELEASED, HAND, OURS), once=True),
    Job("board", (OURS, RELEASED, OURS), once=True, module="bench.boards"),
    Job("kernel", (OURS, RELEASED, OURS), once=True),
    Job("launches", (OURS,), once=True, module="bench.launches"),
)


def jobs(size: Size, with_released: bool) -> tuple[list[Job], list[str]]:
    """What can be measured here, and a line for each thing that is left out."""
    chosen, left_out = list(JOBS), []
    if not size.on_gpu:
        chosen = [job for job in chosen if job.task != "launches"]
    if lacking := missing(IN_A_KERNEL):
        chosen = [job for job in chosen if job.task != "kernel"]
        left_out.append(f"left out: the board in a kernel, for {', '.join(lacking)} is not here")
    if not with_released:
        chosen = [
            job._replace(turns=tuple(t for t in job.turns if t != RELEASED)) for job in chosen
        ]
        left_out.append("left out: d2l 1.0.3, as was asked")
    return chosen, left_out


@dataclass
class Findings:
    """What was measured: `values[what][rival]` has one number for each round."""

    values: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    threads: int = 0

    def median(self, what: str, rival: str) -> float | None:
        """The median over the rounds; None where a rival was not measured."""
        values = self.values[what][rival]
        return median(values) if values else None

    def ratio(self, what: str, over: str = RELEASED, under: str = OURS) -> float | None:
        """The median of the ratios of each round; None where one of the two was not measured."""
        both = self.values[what][over], self.values[what][under]
        pairs = zip(*both, strict=True) if all(both) else ()
        ratios = [a / b for a, b in pairs if b > 0]
        return median(ratios) if ratios else None


def measure(size: Size, chosen: list[Job], num_rounds: int, threads: int | None) -> Findings:
    """Run the jobs."""
    findings = Findings()
    for i in range(num_rounds):
        for job in chosen:
            if i == 0 or not job.once:
                _round(job, size, threads, findings, f"round {i + 1}/{num_rounds}")
    return findings


def _round(job: Job, size: Size, threads: int | None, findings: Findings, where: str) -> None:
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for rival in job.turns:
        begun = time.monotonic()
        numbers = _turn(job, rival, size, threads)
        findings.threads = numbers.pop("threads", findings.threads)
        for what, value in numbers.items():
            found[what][rival].append(value)
        click.echo(f"{where}  {job.task:8}{rival:10}{time.monotonic() - begun:6.1f} s", err=True)
    for what, by_rival in found.items():
        for rival, values in by_rival.items():
            findings.values[what][rival].append(median(values))


def _turn(job: Job, rival: str, size: Size, threads: int | None) -> dict[str, Any]:
    variables = environment(rival, threads)
    if job.task == "import":
        return {"import": _import_seconds(rival, variables)}
    if job.task == "kernel":
        from bench.kernel import board_in_kernel  # needs what not every machine has

        numbers = board_in_kernel(size, RUN_FOLDER, variables)
    else:
        numbers = _work(job, rival, size, variables)
    check_origin(rival, numbers.pop("file"))
    return numbers


def _work(job: Job, rival: str, size: Size, variables: dict[str, str]) -> dict[str, Any]:
    module = job.module or ("bench.handmade" if rival == HAND else "bench.library")
    with tempfile.TemporaryDirectory() as private:
        answer = Path(private, "answer.json")
        arguments = [module, job.task, json.dumps(size._asdict()), str(answer)]
        run_python(["-m", "bench.worker", *arguments], variables, Path(private))
        return json.loads(answer.read_text())


def _import_seconds(rival: str, variables: dict[str, str]) -> float:
    """Seconds of the import alone, without the start of Python."""
    statement = "import torch" if rival == HAND else "from d2l import torch as d2l"
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    with tempfile.TemporaryDirectory() as private:
        return float(run_python(["-c", code], variables, Path(private)))


def run_python(arguments: list[str], variables: dict[str, str], folder: Path) -> str:
    """The standard output of a fresh Python; files, for workers may outlive it and hold a pipe."""
    out, err = folder / "out.txt", folder / "err.txt"
    with out.open("w") as stdout, err.open("w") as stderr:
        try:
            subprocess.run(
                [sys.executable, "-P", *arguments], cwd=RUN_FOLDER, env=variables,
                stdout=stdout, stderr=stderr, timeout=TIMEOUT_SECONDS, check=True,
            )  # fmt: skip
        except subprocess.SubprocessError as error:
            said = err.read_text()[-3000:]
            raise click.ClickException(
                f"a rival's process did not do it: {error}\n{said}"
            ) from error
    return out.read_text()
