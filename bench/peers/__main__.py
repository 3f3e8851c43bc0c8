"""This library's epochs against what a user would write or pick instead, on the CPU, in one run.

`python -m bench.peers`; `--help` has the options. The contenders are installed by
`pip install -e ".[peers]"`; those that are not are left out.
"""

import os
import sys
import time
from pathlib import Path

import click

from bench.peers.contenders import CONTENDERS, WORKS, chosen

NAMES = click.Choice([contender.name for contender in CONTENDERS])
TASKS = click.Choice([*WORKS])
LEAST_ROUNDS = 7  # for a record: fewer medians move by more than what the bars leave


@click.command()
@click.option("--rounds", "num_rounds", default=7, show_default=True, type=click.IntRange(1))
@click.option("--task", "tasks", multiple=True, type=TASKS, help="Only this; may be repeated.")
@click.option("--only", "names", multiple=True, type=NAMES, help="Ours and this; may be repeated.")
@click.option("--threads", type=click.IntRange(1), help="And cores; all of the machine's if not.")
@click.option("--quick", is_flag=True, help="A trial of one round, one epoch, 1,024 examples.")
@click.option("--profile", is_flag=True, help="Only where a step of the MLP, or of --task, goes.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--record", is_flag=True, help="Append the run to bench/records.md.")
@click.option("--check", is_flag=True, help="Exit with status 1 if a bar is missed.")
def main(
    num_rounds: int,
    tasks: tuple[str, ...],
    names: tuple[str, ...],
    threads: int | None,
    quick: bool,
    profile: bool,
    json_file: Path | None,
    record: bool,
    check: bool,
) -> None:
    """Measure an epoch of small models by this library, by hand, and by other libraries."""
    if quick and (record or check):
        raise click.UsageError("--quick measures too little to record or check: leave it out")
    if record and num_rounds < LEAST_ROUNDS:
        raise click.UsageError(f"--record needs --rounds {LEAST_ROUNDS} or more")
    from bench import rivals

    rivals.prepare(with_released=False, wheels=None)
    if profile:
        click.echo("\n\n".join(_profile(task, threads) for task in tasks or ("mlp",)))
        return
    tasks = tasks or tuple(WORKS)
    text, lines, none_missed, values = _run(
        tasks, names, threads, 1 if quick else num_rounds, quick
    )
    click.echo("\n".join(["", text, "", *lines]))
    if json_file:
        json_file.write_text(values)
    if record:
        from bench import summary

        summary.record(lines[0], [*(f"- {line}" for line in lines[1:]), "", text])
    sys.exit(1 if check and not none_missed else 0)


def _run(
    tasks: tuple[str, ...],
    names: tuple[str, ...],
    threads: int | None,
    num_rounds: int,
    quick: bool,
) -> tuple[str, list[str], bool, str]:
    """Tables, lines about them, whether no bar is missed, and all numbers as JSON."""
    from bench.peers import rounds, table

    begun, load = time.monotonic(), os.getloadavg()[0]
    choices = {task: chosen(task, names) for task in tasks}
    taking_part = {task: contenders for task, (contenders, _) in choices.items()}
    left_out = list(dict.fromkeys(line for _, missing in choices.values() for line in missing))
    findings = rounds.measure(taking_part, num_rounds, threads, quick)
    if not quick:  # so few batches leave accuracies that differ by chance
        rounds.require_same_work(findings, tasks)
    minutes = (time.monotonic() - begun) / 60
    everybody = [c for c in CONTENDERS if any(c in part for part in taking_part.values())]
    lines = table.circumstances(findings, everybody, num_rounds)
    loads = f"the machine's load was {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    lines += [f"took {minutes:.1f} minutes; {loads}", *left_out]
    none_missed, words = table.verdicts(findings, tasks)
    text, values = table.tables(findings, tasks), table.as_json(findings, lines)
    lines += words
    missed = [] if quick else [task for task in tasks if findings.missed(task)]
    return "\n\n".join([text, *(_profile(t, threads) for t in missed)]), lines, none_missed, values


def _profile(task: str, threads: int | None) -> str:
    from bench.peers import profile

    return profile.in_own_process(task, threads)


if __name__ == "__main__":
    main()
