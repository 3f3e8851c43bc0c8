"""The figure of growth: time per image, and peak memory, against the number of images."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from bench.growth import Case

MARKS = ("o", "s", "^")
STYLE = {
    "svg.fonttype": "none",  # words stay words: small, and searchable
    "svg.hashsalt": "growth",  # the same figure gives the same file
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(cases: "Iterable[Case]", path: Path) -> None:
    """Write the figure of these cases to `path`, as SVG."""
    by_batch_size: dict[int, list[Case]] = defaultdict(list)
    for case in cases:
        by_batch_size[case.batch_size].append(case)
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 2.6), layout="constrained")
        time, memory = figure.subplots(1, 2)
        for mark, (batch_size, own) in zip(MARKS, by_batch_size.items(), strict=True):
            _draw_line(time, own, [c.seconds_per_image * 1e6 for c in own], mark, batch_size)
            _draw_line(memory, own, [c.peak_bytes / 1e6 for c in own], mark, batch_size)
        one_line = next(iter(by_batch_size.values()))
        _draw_set(memory, one_line)
        time.set(ylabel="µs per image", ylim=(0, None))
        memory.set(ylabel="peak memory, MB", yscale="log", yticks=(10, 100, 1000))
        memory.yaxis.set_major_formatter("{x:,.0f}")
        for axes in (time, memory):
            axes.set(xscale="log", xlabel="images", xticks=[c.num_images for c in one_line])
            axes.xaxis.set_major_formatter("{x:,.0f}")
            axes.minorticks_off()
        time.legend(title="batch size", frameon=False)
        memory.legend(handles=memory.lines[-1:], frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_line(
    axes: Axes, cases: "list[Case]", values: list[float], mark: str, batch_size: int
) -> None:
    num_images = [case.num_images for case in cases]
    axes.plot(num_images, values, marker=mark, markersize=4, linewidth=1, label=str(batch_size))


def _draw_set(axes: Axes, cases: "list[Case]") -> None:
    num_images = [case.num_images for case in cases]
    megabytes = [case.set_bytes / 1e6 for case in cases]
    axes.plot(
        num_images, megabytes, color="0.6", linestyle="--", linewidth=1, label="the set alone"
    )
