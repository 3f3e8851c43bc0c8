"""What is measured of a d2l's vision, this library's or the released one's: boxes and pixels.

Knows only names that both have.
"""

from collections.abc import Callable
from typing import Any

import torch

from bench.clock import seconds_of
from bench.size import Size
from d2l import torch as d2l

Numbers = dict[str, Any]

NUM_BOXES = 3000
BATCH_SIZE = 32
GRIDS = (32, 16, 8, 4, 1)  # of the book's detector, which has 5,444 anchors in all


def arithmetic(size: Size) -> Numbers:
    """Seconds of a call of each function, but its first, which imports what the others find."""
    torch.manual_seed(0)
    calls = _calls()
    for call in calls.values():
        call()
    return {what: seconds_of(call, size.at_least_seconds) for what, call in calls.items()}


def _calls() -> dict[str, Callable[[], object]]:
    image, grid = torch.zeros(1, 3, 561, 728), torch.zeros(1, 3, 40, 40)
    anchors = torch.cat([_prior(torch.zeros(1, 1, side, side)) for side in GRIDS], dim=1)
    one, many = _labels(1), _labels(20)
    probs = torch.softmax(torch.randn(1, 2, anchors.shape[1]), dim=1)
    offsets = torch.randn(1, anchors.shape[1] * 4) / 10
    boxes, scores = _boxes(NUM_BOXES), torch.rand(NUM_BOXES)
    table, picture = d2l.voc_colormap2label(), _picture(320, 480)
    X, K = torch.rand(100, 100), torch.rand(3, 3)
    return {
        "prior_image": lambda: _prior(image),
        "prior_grid": lambda: _prior(grid),
        "target_one": lambda: d2l.multibox_target(anchors, one),
        "target_many": lambda: d2l.multibox_target(anchors, many),
        "detection": lambda: d2l.multibox_detection(probs, offsets, anchors),
        "nms": lambda: d2l.nms(boxes, scores, 0.5),
        "iou": lambda: d2l.box_iou(boxes, boxes),
        "table": d2l.voc_colormap2label,
        "label_indices": lambda: d2l.voc_label_indices(picture, table),
        "corr2d": lambda: d2l.corr2d(X, K),
    }


def _prior(data: torch.Tensor) -> Any:
    return d2l.multibox_prior(data, sizes=[0.2, 0.27], ratios=[1, 2, 0.5])


def _boxes(*shape: int) -> torch.Tensor:
    center, half = torch.rand(*shape, 2), torch.rand(*shape, 2) / 4 + 0.01
    return torch.cat((center - half, center + half), dim=-1)


def _labels(num_boxes: int) -> torch.Tensor:
    classes = torch.randint(0, 20, (BATCH_SIZE, num_boxes, 1))
    return torch.cat((classes.float(), _boxes(BATCH_SIZE, num_boxes)), dim=2)


def _picture(height: int, width: int) -> torch.Tensor:
    colors = torch.tensor(d2l.VOC_COLORMAP, dtype=torch.uint8)
    return colors[torch.randint(0, 21, (height, width))].permute(2, 0, 1).contiguous()
