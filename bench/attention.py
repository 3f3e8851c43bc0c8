"""The speed of attention against d2l 1.0.3, in one run: `python -m bench.attention`."""

import sys
import time
from typing import TYPE_CHECKING

import click

from bench.rivals import OURS, RELEASED

if TYPE_CHECKING:
    from bench.rounds import Findings

TASKS = ("attention", "encoders", "recurrent")
TURNS = (OURS, RELEASED, RELEASED, OURS)  # so that a drift of the machine cancels
SLOWER_IF_BELOW = 0.95  # of 1.0.3's time over ours; what is nearer to 1 is noise
HEADINGS = ("what", f"{OURS}, ms", f"{RELEASED}, ms", f"{RELEASED}/{OURS}")
NAMES = {
    "heads_short": "MultiHeadAttention, 128 x 9 x 256, 4 heads",
    "heads_middle": "MultiHeadAttention, 16 x 128 x 128, 4 heads",
    "heads_long": "MultiHeadAttention, 4 x 512 x 256, 8 heads",
    "heads_unmasked": "the same without lengths",
    "heads_dropout": "the same with lengths and dropout",
    "heads_forward": "the same, forward alone",
    "heads_read": "MultiHeadAttention, 16 x 128 x 128, its weights read after each call",
    "additive": "AdditiveAttention, one query, 128 x 9 x 256",
    "encoder_short": "TransformerEncoder, 2 blocks, 128 x 9 x 256",
    "encoder_dropout": "the same with dropout",
    "encoder_long": "TransformerEncoder, 2 blocks, 4 x 512 x 256",
    "encoder_forward": "the same, forward alone",
    "bert": "BERTModel, 2 blocks, 16 x 128 x 128, dropout",
    "language_model": "RNNLMScratch, 1024 x 32 tokens",
    "predict": "100 tokens of RNNLMScratch.predict",
}


@click.command()
@click.option("--rounds", "num_rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--threads", type=click.IntRange(1), help="For both; PyTorch chooses if not.")
@click.option("--record", is_flag=True, help="Append the run to bench/records.md.")
@click.option("--check", is_flag=True, help="Exit with status 1 if anything is slower.")
def main(num_rounds: int, threads: int | None, record: bool, check: bool) -> None:
    """Measure steps, forward and backward, of attention and sequence models, on the CPU."""
    from bench import rivals, rounds, summary
    from bench.size import Size

    size, begun = Size(at_least_seconds=0.8), time.monotonic()
    rivals.prepare(True, None)
    jobs = [rounds.Job(task, TURNS, module="bench.attention_tasks") for task in TASKS]
    findings = rounds.measure(size, jobs, num_rounds, threads)
    lines = summary.circumstances(findings, size, num_rounds)[:2]
    lines.append(f"least of repeated calls, medians of {num_rounds} rounds, a process for each")
    lines.append(f"took {(time.monotonic() - begun) / 60:.1f} minutes")
    table = summary.table([_row(findings, what) for what in NAMES], HEADINGS)
    click.echo("\n".join(["", table, "", *lines]))
    if record:
        summary.record(lines[0], [*(f"- {line}" for line in lines[1:]), "", table])
    slower = [NAMES[what] for what in NAMES if _times_faster(findings, what) < SLOWER_IF_BELOW]
    click.echo(f"slower: {'; '.join(slower) or 'nothing'}")
    sys.exit(1 if check and slower else 0)


def _row(findings: "Findings", what: str) -> tuple[str, ...]:
    seconds = [findings.median(what, rival) or 0.0 for rival in (OURS, RELEASED)]
    times_faster = f"{_times_faster(findings, what):.2f}x"
    return (NAMES[what], *(f"{value * 1e3:.2f}" for value in seconds), times_faster)


def _times_faster(findings: "Findings", what: str) -> float:
    return findings.ratio(what) or 0.0


if __name__ == "__main__":
    main()
