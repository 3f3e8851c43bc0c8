"""How a step's time falls with the number of processes on one machine: `python -m bench.scaling`.

Perceptrons of two widths, in gloo processes of one thread each; beside them one process with all
the threads, which is what a reader has without any of this. `--help` for more.
"""

import json
import os
import platform
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

import click

from d2l.scale.launch import Launch, num_cores

WIDTHS = {256: 12_800, 4096: 2_560}  # hidden units: images in an epoch
NUM_PROCESSES = (1, 2)
BYTES_PER_NUMBER = 4
HEADINGS = (
    "hidden units", "processes", "threads each", "step, ms", "faster", "gradients, MB",
    "sent a step, MB", "exchange",
)  # fmt: skip


class Case(NamedTuple):
    """What is measured."""

    num_hiddens: int
    num_processes: int
    num_threads: int


class Found(NamedTuple):
    """What was measured: a step, one without exchange, and how much learns."""

    seconds: float
    seconds_at_home: float
    num_parameters: int

    @property
    def exchange(self) -> float:
        """The share of a step that is saved where gradients stay in their process."""
        return max(0.0, 1 - self.seconds_at_home / self.seconds)


@click.command()
@click.option("--rounds", "num_rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--record", is_flag=True, help="Append the run to bench/records.md.")
def main(num_rounds: int, record: bool) -> None:
    """Measure each case in each round, in turns; print the fastest."""
    from bench import rivals, summary

    rivals.prepare(with_released=False, wheels=None)
    load = os.getloadavg()[0]
    found = measure(num_rounds)
    table = summary.table([_row(case, found) for case in found], HEADINGS)
    lines = circumstances(num_rounds, load)
    click.echo("\n".join(["", table, "", *lines]))
    if record:
        summary.record(lines[0], [*(f"- {line}" for line in lines[1:]), "", table])


def cases() -> list[Case]:
    """One thread for each process, and all threads for one."""
    return [
        *(Case(width, n, 1) for width in WIDTHS for n in NUM_PROCESSES),
        *(Case(width, 1, num_cores()) for width in WIDTHS),
    ]


def measure(num_rounds: int) -> dict[Case, Found]:
    """The fastest of all rounds."""
    values: dict[Case, list[Found]] = defaultdict(list)
    for i in range(num_rounds):
        for case in cases():
            click.echo(f"round {i + 1}/{num_rounds}  {case}", err=True)
            values[case].append(_run(case))
    return {
        case: Found(*(min(column) for column in zip(*values[case], strict=True)))
        for case in sorted(values)
    }


def circumstances(num_rounds: int, load: float) -> list[str]:
    """When, where and with what this was measured."""
    import torch

    return [
        f"Scaling: {datetime.now().astimezone():%Y-%m-%d %H:%M %Z}, {num_cores()} cores of "
        f"{platform.machine()}, {platform.system()}",
        f"Python {platform.python_version()}, torch {torch.__version__}, gloo; batches of 256 in "
        f"all; the fastest of 12 epochs in each of {num_rounds} rounds",
        "faster: than one process of one thread",
        "exchange: what share of a step is saved when gradients stay where they are",
        f"the machine's load was {load:.1f} before, {os.getloadavg()[0]:.1f} after",
    ]


def _row(case: Case, found: dict[Case, Found]) -> tuple[str, ...]:
    numbers, n = found[case], case.num_processes
    alone = found[Case(case.num_hiddens, 1, 1)]
    gradients = numbers.num_parameters * BYTES_PER_NUMBER / 1e6
    sent = 2 * (n - 1) / n * gradients  # by each process, as a ring sends them
    return (
        str(case.num_hiddens), str(n), str(case.num_threads), f"{numbers.seconds * 1e3:.3g}",
        f"{alone.seconds / numbers.seconds:.2f}x", f"{gradients:.3g}", f"{sent:.3g}",
        f"{numbers.exchange:.0%}" if n > 1 else "",
    )  # fmt: skip


def _run(case: Case) -> Found:
    from bench import rivals

    launcher = ["-P"]
    if case.num_processes > 1:
        launcher = ["-m", "torch.distributed.run", *Launch(case.num_processes).options()]
    task = ["-m", "bench.scaling_case", str(case.num_hiddens), str(WIDTHS[case.num_hiddens])]
    done = subprocess.run(
        [sys.executable, *launcher, *task],
        cwd=rivals.RUN_FOLDER,
        env=rivals.environment(rivals.OURS, case.num_threads),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise click.ClickException(f"{case} was not done:\n{done.stderr[-3000:]}")
    return Found(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
