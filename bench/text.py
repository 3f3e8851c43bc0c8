"""The speed of text against the released d2l 1.0.3, in one run: `python -m bench.text`."""

import time

import click

from bench.rivals import OURS, RELEASED

TASKS = ("tokens", "translations", "skipgram", "sets")
HEADINGS = ("what", OURS, RELEASED, f"{RELEASED}/{OURS}")
NAMES = {
    "vocab": "Vocab of 400,000 words, s",
    "look_up": "numbers of 400,000 words, s",
    "to_tokens": "words of 400,000 numbers, s",
    "preprocess": "preprocess_nmt, 1.3 MB, s",
    "pairs": "MTFraEng, s",
    "windows": "TimeMachine, 240,000 characters, s",
    "bleu": "bleu, 1,000 sentences of 6 words, s",
    "bleu_long": "bleu, 100 texts of 80 words, s",
    "subsample": "subsample, s",
    "contexts": "get_centers_and_contexts, s",
    "negatives": "get_negatives, s",
    "batchify": "batchify, 512 examples, s",
    "load_ptb": "load_data_ptb, s",
    "ptb_epoch": "a pass over its batches, s",
    "load_wiki": "load_data_wiki, 4,000 paragraphs, s",
    "snli": "read_snli and SNLIDataset, 15,000 pairs, s",
    "glove": "TokenEmbedding, 10,000 x 50, s",
}


@click.command()
@click.option("--rounds", "num_rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--threads", type=click.IntRange(1), help="For both; PyTorch chooses if not.")
@click.option("--record", is_flag=True, help="Append the run to bench/records.md.")
def main(num_rounds: int, threads: int | None, record: bool) -> None:
    """Measure text data, on a corpus that is made up, against d2l 1.0.3."""
    from bench import rivals, rounds, summary
    from bench.size import Size

    size, begun = Size(at_least_seconds=0.3), time.monotonic()
    rivals.prepare(True, None)
    jobs = [rounds.Job(task, (OURS, RELEASED), module="bench.text_tasks") for task in TASKS]
    findings = rounds.measure(size, jobs, num_rounds, threads)
    lines = summary.circumstances(findings, size, num_rounds)[:2]
    lines.append(f"medians of {num_rounds} rounds, each library in its own process, in turns")
    lines.append(f"took {(time.monotonic() - begun) / 60:.1f} minutes")
    table = summary.table([_row(findings, what) for what in NAMES], HEADINGS)
    click.echo("\n".join(["", table, "", *lines]))
    if record:
        summary.record(lines[0], [*(f"- {line}" for line in lines[1:]), "", table])


def _row(findings: "rounds.Findings", what: str) -> tuple[str, ...]:
    seconds = [findings.median(what, rival) for rival in (OURS, RELEASED)]
    ratio = findings.ratio(what)
    return (NAMES[what], *(f"{value:.4f}" for value in seconds if value), f"{ratio:.1f}x")


if __name__ == "__main__":
    main()
