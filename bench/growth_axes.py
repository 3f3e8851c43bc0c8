"""How the cost of a run grows with its epochs, parameters, curves and processes: each is linear.

Part of `python -m bench.growth`. Every case is measured in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click
from matplotlib import rc_context
from matplotlib.figure import Figure

from bench.growth_figure import STYLE

FLAT_WITHIN = 1.25  # times, from the least cost of a unit to the greatest, beyond a fixed part


class Axis(NamedTuple):
    """What grows: the sizes that are measured, and what a unit of its cost is called."""

    name: str
    sizes: tuple[int, ...]
    unit: str
    first_linear: int  # the smallest size whose fixed costs no longer count


AXES = (
    Axis("epochs", (100, 400, 1600, 6400), "µs per epoch", 100),
    Axis("parameters", (256, 1024, 4096), "ns per parameter and step", 1024),
    Axis("curves", (1, 10, 100, 1000), "µs per value", 10),
    Axis("processes", (1, 2), "ms per step, a core for each", 1),
)
Costs = dict[str, dict[int, float]]  # of a unit, by axis and size


def measure(num_rounds: int, variables: dict[str, str], folder: Path) -> Costs:
    """The cost of a unit at each size: medians over the rounds."""
    values: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for i in range(num_rounds):
        for axis in AXES:
            for size in axis.sizes:
                click.echo(f"round {i + 1}/{num_rounds}  {size} {axis.name}", err=True)
                values[axis.name][size].append(_cost(axis.name, size, variables, folder))
    return {name: {n: median(v) for n, v in by.items()} for name, by in values.items()}


def rows(costs: Costs) -> list[tuple[str, ...]]:
    """A row for each axis: its sizes with the cost of a unit at each."""
    found = []
    for axis in AXES:
        cells = (f"{n:,}: {cost:.3g}" for n, cost in costs[axis.name].items())
        found.append((axis.name, axis.unit, "; ".join(cells)))
    return found


def verdicts(costs: Costs) -> tuple[bool, list[str]]:
    """Whether a unit costs the same at every size, and a line for each axis."""
    lines, all_kept = [], True
    for axis in AXES:
        linear = [cost for n, cost in costs[axis.name].items() if n >= axis.first_linear]
        ratio = max(linear) / min(linear)
        all_kept &= ratio <= FLAT_WITHIN
        kept = "kept  " if ratio <= FLAT_WITHIN else "MISSED"
        lines.append(
            f"{kept}  {axis.name}: {axis.unit}, greatest over least {ratio:.2f}, promised at most "
            f"{FLAT_WITHIN}"
        )
    return all_kept, lines


def draw(costs: Costs, path: Path) -> None:
    """Write a panel for each axis to `path`, as SVG."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 2.2), layout="constrained")
        for axes, axis in zip(figure.subplots(1, len(AXES)), AXES, strict=True):
            sizes, values = zip(*costs[axis.name].items(), strict=True)
            axes.plot(sizes, values, marker="o", markersize=4, linewidth=1)
            axes.set(xscale="log", xlabel=axis.name, ylabel=axis.unit, ylim=(0, None))
            axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
            axes.minorticks_off()
        figure.savefig(path, format="svg", metadata={"Date": None})


def _cost(name: str, size: int, variables: dict[str, str], folder: Path) -> float:
    command = [sys.executable, "-P"]
    if name == "processes":
        variables = variables | {"OMP_NUM_THREADS": "1"}
        command += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={size}"]
    with tempfile.TemporaryDirectory() as private:
        answer = Path(private, "answer.json")
        command += ["-m", "bench.growth_axes_case", name, str(size), str(answer)]
        done = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True,
            check=False, timeout=600,
        )  # fmt: skip
        if done.returncode != 0:
            raise click.ClickException(f"{size} {name} were not done:\n{done.stderr[-3000:]}")
        return float(json.loads(answer.read_text())["cost"])
