"""How time and memory grow with the number of images, epochs, parameters, curves and processes.

`python -m bench.growth`, `--help` for more. The perceptron is trained on 6,000 to 600,000 images in
batches of three sizes, each case in a process of its own. Memory is counted from that of a process
that holds no data and trains nothing. The other axes are `growth_axes`.
"""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click

NUM_IMAGES = (6_000, 60_000, 600_000)
BATCH_SIZES = (64, 256, 1024)
FLAT_WITHIN = 1.25  # times, from the number of images with the best time per image to the worst
MOST_MEMORY = 1.2  # times the set and the model's
OUT = Path(__file__).resolve().parents[1] / "out"
FIGURE, AXES_FIGURE = OUT / "growth.svg", OUT / "growth-axes.svg"
AXES_HEADINGS = ("grows with", "cost", "at each size")
HEADINGS = ("images", "batch", "µs per image", "set, MB", "model's, MB", "peak, MB", "times")

Task = tuple[str, ...]
Found = dict[Task, dict[str, float]]


class Case(NamedTuple):
    """What was found of one number of images and one batch size."""

    num_images: int
    batch_size: int
    seconds_per_image: float
    set_bytes: float
    model_bytes: float  # what training on a single batch takes beyond that batch
    peak_bytes: float

    @property
    def memory(self) -> float:
        """Peak memory, times the set and the model's."""
        return self.peak_bytes / (self.set_bytes + self.model_bytes)


@click.command()
@click.option("--rounds", "num_rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--threads", type=click.IntRange(1), help="PyTorch chooses if not.")
@click.option("--figure", default=FIGURE, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Exit with status 1 if a promise is missed.")
def main(num_rounds: int, threads: int | None, figure: Path, check: bool) -> None:
    """Measure time and memory against the size of a run; print and draw them."""
    from bench import growth_axes, rivals

    rivals.prepare(with_released=False, wheels=None)
    variables = rivals.environment(rivals.OURS, threads)
    OUT.mkdir(exist_ok=True)
    costs = growth_axes.measure(num_rounds, variables, rivals.RUN_FOLDER)
    growth_axes.draw(costs, AXES_FIGURE)
    found = measure(num_rounds, variables)
    cases = [_case(found, n, b) for b in BATCH_SIZES for n in NUM_IMAGES]
    from_files = _case_from_files(found)
    from bench import growth_figure, summary

    growth_figure.draw(cases, figure)
    kept_images, lines = verdicts(cases, from_files)
    kept_axes, more_lines = growth_axes.verdicts(costs)
    table = summary.table([_row(case) for case in cases], HEADINGS)
    axes_table = summary.table(growth_axes.rows(costs), AXES_HEADINGS)
    drawn = f"drawn into {figure} and {AXES_FIGURE}"
    click.echo("\n".join(["", table, "", axes_table, "", *lines, *more_lines, "", drawn]))
    sys.exit(1 if check and not (kept_images and kept_axes) else 0)


def measure(num_rounds: int, variables: dict[str, str]) -> Found:
    """Run every case in every round; medians over the rounds."""
    from bench import rivals

    tasks: list[Task] = [("nothing",), ("fashion_mnist", "256")]
    tasks += [("pictures", str(b), str(b)) for b in BATCH_SIZES]  # a single batch
    tasks += [("pictures", str(n), str(b)) for n in NUM_IMAGES for b in BATCH_SIZES]
    values: dict[Task, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for i in range(num_rounds):
        for task in tasks:
            click.echo(f"round {i + 1}/{num_rounds}  {' '.join(task)}", err=True)
            for what, value in _run(task, rivals.RUN_FOLDER, variables).items():
                values[task][what].append(value)
    return {task: {what: median(v) for what, v in by.items()} for task, by in values.items()}


def verdicts(cases: list[Case], from_files: Case) -> tuple[bool, list[str]]:
    """Whether all promises are kept, and a line for each."""
    judged = [_flat([c for c in cases if c.batch_size == b]) for b in BATCH_SIZES]
    judged += [_falling([c for c in cases if c.num_images == n]) for n in NUM_IMAGES]
    judged.append(_small("the worst of these", max(cases, key=lambda case: case.memory)))
    judged.append(_small("FashionMNIST from its files", from_files))
    kept, words = zip(*judged, strict=True)
    lines = [f"{'kept  ' if k else 'MISSED'}  {w}" for k, w in zip(kept, words, strict=True)]
    return all(kept), lines


def _flat(cases: list[Case]) -> tuple[bool, str]:
    times = [case.seconds_per_image for case in cases]
    ratio = max(times) / min(times)
    words = f"batches of {cases[0].batch_size}: time per image, slowest over fastest, {ratio:.2f}"
    return ratio <= FLAT_WITHIN, f"{words}, promised at most {FLAT_WITHIN}"


def _falling(cases: list[Case]) -> tuple[bool, str]:
    times = [case.seconds_per_image for case in cases]
    words = " > ".join(f"{seconds * 1e6:.2f}" for seconds in times)
    promised = f"{cases[0].num_images:,} images: µs per image fall with the batch size, {words}"
    return times == sorted(times, reverse=True), promised


def _small(words: str, case: Case) -> tuple[bool, str]:
    said = f"peak memory, {words}: {case.memory:.2f} times the set and the model's"
    return case.memory <= MOST_MEMORY, f"{said}, promised at most {MOST_MEMORY}"


def _case(found: Found, num_images: int, batch_size: int) -> Case:
    numbers = found["pictures", str(num_images), str(batch_size)]
    return Case(
        num_images, batch_size, numbers["seconds_per_image"], numbers["set_bytes"],
        _model_bytes(found, batch_size), numbers["peak_bytes"] - found["nothing",]["peak_bytes"],
    )  # fmt: skip


def _case_from_files(found: Found) -> Case:
    """The whole of Fashion-MNIST as everybody gets it; only its memory is of interest."""
    numbers = found["fashion_mnist", "256"]
    peak_bytes = numbers["peak_bytes"] - found["nothing",]["peak_bytes"]
    return Case(70_000, 256, 0.0, numbers["set_bytes"], _model_bytes(found, 256), peak_bytes)


def _model_bytes(found: Found, batch_size: int) -> float:
    """Weights, gradients, activations, and what PyTorch takes to train at all."""
    one_batch = found["pictures", str(batch_size), str(batch_size)]
    return one_batch["peak_bytes"] - one_batch["set_bytes"] - found["nothing",]["peak_bytes"]


def _row(case: Case) -> tuple[str, ...]:
    memory = (case.set_bytes, case.model_bytes, case.peak_bytes)
    return (
        f"{case.num_images:,}", str(case.batch_size), f"{case.seconds_per_image * 1e6:.2f}",
        *(f"{num_bytes / 1e6:.1f}" for num_bytes in memory), f"{case.memory:.2f}",
    )  # fmt: skip


def _run(task: Task, folder: Path, variables: dict[str, str]) -> dict[str, float]:
    command = [sys.executable, "-P", "-m", "bench.growth_case", *task]
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise click.ClickException(f"{' '.join(task)} was not done:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
