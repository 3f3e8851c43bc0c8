"""The homework's speed against the released d2l 1.0.3 and a hand-written loop, in one run.

`python -m bench.homework` or `python bench/homework.py`; `--help` has the options.
"""

import os
import sys
import time
from pathlib import Path

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--rounds", "num_rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--threads", type=click.IntRange(1), help="For all rivals; PyTorch chooses if not.")
@click.option("--quick", is_flag=True, help="A small trial: one round, one epoch, ten on a board.")
@click.option("--rival-from", type=FOLDER, help="Install 1.0.3 from the wheels in this folder.")
@click.option("--without-released", is_flag=True, help="Leave 1.0.3 out.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--record", is_flag=True, help="Append the run to bench/records.md.")
@click.option("--check", is_flag=True, help="Exit with status 1 if a promised speed is missed.")
def main(
    device: str,
    num_rounds: int,
    threads: int | None,
    quick: bool,
    rival_from: Path | None,
    without_released: bool,
    json_file: Path | None,
    record: bool,
    check: bool,
) -> None:
    """Measure this library against d2l 1.0.3 and a hand-written loop, on the CPU or a GPU."""
    if quick and (record or check):
        raise click.UsageError("--quick measures too little to record or check: leave it out")
    _require(device)
    from bench import promises, rivals, rounds, summary
    from bench.size import QUICK, SIZES

    size = SIZES[device]._replace(**(QUICK if quick else {}))
    num_rounds = 1 if quick else num_rounds
    begun, load = time.monotonic(), _load()
    rivals.prepare(not without_released, rival_from)
    jobs, left_out = rounds.jobs(size, not without_released)
    findings = rounds.measure(size, jobs, num_rounds, threads)
    minutes = (time.monotonic() - begun) / 60
    lines = [*summary.circumstances(findings, size, num_rounds), *left_out]
    lines += [f"took {minutes:.1f} minutes; the machine's load was {load} before, {_load()} after"]
    table = summary.table(summary.rows(findings, size))
    click.echo("\n".join(["", table, "", *lines]))
    if json_file:
        json_file.write_text(summary.as_json(findings, size, num_rounds))
    if record:
        summary.record(lines[0], [*(f"- {line}" for line in lines[1:]), "", table])
    if check:
        none_missed, words = promises.verdicts(findings, size)
        click.echo("\n".join(["", *words]))
        sys.exit(0 if none_missed else 1)


def _require(device: str) -> None:
    """End in one line where there is no such device."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        error = click.ClickException(
            f"--device cuda needs a GPU that PyTorch can use; torch {torch.__version__} finds none "
            "here. Leave the option out to measure on the CPU"
        )
        error.exit_code = 2
        raise error


def _load() -> str:
    """How busy the machine is, in processes; unknown on Windows."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    # Run as a file, Python looks beside it: the folder above has bench and d2l.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    main()
