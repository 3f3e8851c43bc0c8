"""The speed of boxes and pixels against the released d2l 1.0.3, in one run.

`python -m bench.vision`; `--help` has the options.
"""

import sys
from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
LEAST_RATIO = 3.0  # where 1.0.3 loops in Python over boxes, images or pixels; elsewhere 1
# What is measured, in words, and whether 1.0.3 loops there.
NAMED = {
    "prior_image": ("multibox_prior, 561 x 728 pixels", False),
    "prior_grid": ("multibox_prior, 40 x 40 pixels", False),
    "target_one": ("multibox_target, 32 images of 1 box, 5,444 anchors", True),
    "target_many": ("multibox_target, 32 images of 20 boxes", True),
    "detection": ("multibox_detection, 5,444 anchors", True),
    "nms": ("nms, 3,000 boxes", True),
    "iou": ("box_iou, 3,000 x 3,000 boxes", False),
    "table": ("voc_colormap2label", False),
    "label_indices": ("voc_label_indices, 320 x 480 pixels", False),
    "corr2d": ("corr2d, 100 x 100 by 3 x 3", True),
}
HEADINGS = ("what", "ours, ms", "1.0.3, ms", "1.0.3/ours", "1.0.3 loops", "asked")


@click.command()
@click.option("--rounds", "num_rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--threads", type=click.IntRange(1), help="For both; PyTorch chooses if not.")
@click.option("--rival-from", type=FOLDER, help="Install 1.0.3 from the wheels in this folder.")
@click.option("--check", is_flag=True, help="Exit with status 1 if a ratio is missed.")
def main(num_rounds: int, threads: int | None, rival_from: Path | None, check: bool) -> None:
    """Measure the functions of detection and segmentation against those of d2l 1.0.3."""
    from bench import rivals, rounds, summary
    from bench.size import Size

    size = Size(at_least_seconds=0.2)
    rivals.prepare(with_released=True, wheels=rival_from)
    turns = (rivals.OURS, rivals.RELEASED, rivals.RELEASED, rivals.OURS)
    job = rounds.Job("arithmetic", turns, module="bench.vision_tasks")
    findings = rounds.measure(size, [job], num_rounds, threads)
    ratios = {what: findings.ratio(what) or 0.0 for what in NAMED}
    lines = [_row(what, findings, ratios[what]) for what in NAMED]
    when, versions, _ = summary.circumstances(findings, size, num_rounds)
    click.echo("\n".join(["", summary.table(lines, HEADINGS), "", when, versions]))
    click.echo(f"medians of {num_rounds} rounds; each rival in its own process, in turns")
    sys.exit(0 if not check or all(ratios[what] >= _asked(what) for what in NAMED) else 1)


def _asked(what: str) -> float:
    return LEAST_RATIO if NAMED[what][1] else 1.0


def _row(what: str, findings: Any, ratio: float) -> tuple[str, ...]:
    from bench.rivals import OURS, RELEASED

    words, loops = NAMED[what]
    ours, theirs = (1000 * findings.median(what, rival) for rival in (OURS, RELEASED))
    asked = f"{_asked(what):.0f}x"
    return (words, f"{ours:.3g}", f"{theirs:.3g}", f"{ratio:.3g}x", "yes" if loops else "no", asked)


if __name__ == "__main__":
    main()
