"""Which anchor stands for which true box, for a batch of images at once.

Knows overlaps alone. Boxes settle in rounds instead of one after the other: whenever a box and an
anchor are each other's best, the greedy order would pair them too.
"""

import torch
from torch.nn import functional as F

from d2l.base.axes import Float, Int, Shaped, Tensor


@torch.no_grad()
def match(
    overlaps: Float[Tensor, "batch num_boxes num_anchors"],
    is_box: Shaped[Tensor, "batch num_boxes"],
    threshold: float,
) -> Int[Tensor, "batch num_anchors"]:
    """The number of each anchor's box, or -1; `overlaps` are used up.

    An anchor takes the box it overlaps most, if by `threshold` or more. Then each box in turn, the
    greatest overlap first, takes the best anchor that no box has taken in this way, however small
    the overlap. Of equals the first counts. Rows that are no box take no part.
    """
    batch, num_boxes, num_anchors = overlaps.shape
    if overlaps.numel() == 0:
        return torch.full((batch, num_anchors), -1, device=overlaps.device)
    _exclude(overlaps, ~is_box.unsqueeze(2))
    greatest, box = overlaps.max(dim=1)  # (batch, num_anchors)
    assigned = F.pad(torch.where(greatest >= max(threshold, 0), box, -1), (0, 1))
    number = torch.arange(num_boxes, device=overlaps.device).expand(batch, -1)
    for _ in range(num_boxes):
        greatest, anchor = overlaps.max(dim=2)  # (batch, num_boxes)
        is_open = greatest >= 0
        wins = is_open & (_best_box(anchor, overlaps) == number)
        taken = torch.where(wins, anchor, num_anchors)  # whoever loses writes into the column added
        assigned.scatter_(1, taken, number)
        if overlaps.device.type == "cpu" and torch.equal(is_open, wins):
            break  # the CPU may look whether all is settled: mostly after one to three rounds
        is_taken = torch.zeros_like(assigned, dtype=torch.bool).scatter_(1, taken, True)[:, :-1]
        _exclude(overlaps, wins.unsqueeze(2))
        _exclude(overlaps, is_taken.unsqueeze(1))
    return assigned[:, :-1]


def _exclude(overlaps: Tensor, what: Shaped[Tensor, "batch _ _"]) -> None:
    """Bring overlaps below 0: by arithmetic, which is vectorised, as `masked_fill_` is not."""
    overlaps.sub_(what.to(overlaps.dtype), alpha=2)


def _best_box(
    anchor: Int[Tensor, "batch num_boxes"],
    overlaps: Float[Tensor, "batch num_boxes num_anchors"],
) -> Int[Tensor, "batch num_boxes"]:
    """Of the boxes that are left, the best for each of these anchors."""
    columns = anchor.unsqueeze(1).expand(-1, overlaps.shape[1], -1)
    return overlaps.gather(2, columns).argmax(dim=1)
