"""What anchors are to predict, against the greedy order taken literally, one box after another."""

import pytest
import torch
from boxes_at_random import overlap_of_two, random_boxes, random_labels

from d2l import torch as d2l
from d2l.errors import LabelError, ShapeError


def assigned_by_loop(boxes, anchors, threshold):
    """The book's rule in plain Python: the greatest overlap that is left, then the next."""
    pairs = {
        (i, j): overlap_of_two(a, b)
        for i, a in enumerate(anchors.tolist())
        for j, b in enumerate(boxes.tolist())
    }
    assigned = []
    for i in range(len(anchors)):
        best = max(range(len(boxes)), key=lambda j: (pairs[i, j], -j))
        assigned.append(best if pairs[i, best] >= threshold else -1)
    while pairs:
        i, j = max(pairs, key=lambda pair: (pairs[pair], -pair[0], -pair[1]))
        assigned[i] = j
        pairs = {(k, l): value for (k, l), value in pairs.items() if k != i and l != j}
    return assigned


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("num_boxes, num_anchors", [(1, 20), (6, 25), (12, 12), (9, 4)])
def test_anchors_get_the_boxes_of_the_greedy_order(num_boxes, num_anchors, seed):
    boxes, anchors = random_boxes(num_boxes, seed=seed), random_boxes(num_anchors, seed=100 + seed)
    found = d2l.assign_anchor_to_bbox(boxes, anchors, "cpu", iou_threshold=0.3)
    assert found.tolist() == assigned_by_loop(boxes, anchors, 0.3)


def test_of_equal_overlaps_the_first_counts():
    anchors = torch.tensor([[0.0, 0, 2, 2]] * 4)
    boxes = torch.tensor([[0.0, 0, 2, 1], [0, 1, 2, 2], [0, 0, 1, 2]])
    assert d2l.assign_anchor_to_bbox(boxes, anchors, None, 0.6).tolist() == [0, 1, 2, -1]


def test_an_overlap_of_exactly_the_threshold_is_enough():
    boxes = torch.tensor([[0.0, 0, 1, 1]])
    anchors = torch.tensor([[0.0, 0, 1, 1], [0, 0, 0.5, 1], [0, 0, 0.4, 1]])
    assert d2l.assign_anchor_to_bbox(boxes, anchors, "cpu", 0.5).tolist() == [0, 0, -1]


def test_each_box_settles_where_every_round_settles_but_one():
    step = torch.arange(6.0)[:, None] * torch.tensor([1.0, 0, 1, 0])
    anchors = torch.tensor([0.0, 0, 2, 1]) + step
    boxes = anchors + torch.linspace(0.4, 0.49, 6)[:, None] * torch.tensor([1.0, 0, 1, 0])
    found = d2l.assign_anchor_to_bbox(boxes, anchors, "cpu", 2.0)
    assert found.tolist() == assigned_by_loop(boxes, anchors, 2.0)


def test_a_box_that_meets_no_anchor_gets_one_all_the_same():
    far = torch.tensor([[5.0, 5, 6, 6]])
    assert d2l.assign_anchor_to_bbox(far, random_boxes(3), "cpu").tolist() == [0, -1, -1]


def test_no_boxes_and_no_anchors_are_no_error():
    none = torch.empty(0, 4)
    assert d2l.assign_anchor_to_bbox(none, random_boxes(3), "cpu").tolist() == [-1, -1, -1]
    assert d2l.assign_anchor_to_bbox(random_boxes(3), none, "cpu").shape == (0,)


def test_pairs_above_two_to_the_24th_keep_their_rows():
    """As float32, 2**24 + 3 is 2**24 + 4: a place found by dividing it is another anchor's."""
    num_anchors = 2**23 + 3
    anchors = torch.tensor([[5.0, 5, 6, 6]]).repeat(num_anchors, 1)
    anchors[2**23 + 1] = torch.tensor([0.0, 0, 1, 1])
    boxes = torch.tensor([[5.0, 5, 6, 6.5], [0, 0, 1, 1]])
    assigned = d2l.assign_anchor_to_bbox(boxes, anchors, "cpu", iou_threshold=2.0)
    assert (assigned >= 0).nonzero().flatten().tolist() == [0, 2**23 + 1]
    assert assigned[[0, 2**23 + 1]].tolist() == [0, 1]


def test_targets_are_offsets_masks_and_classes_of_the_assigned_boxes():
    anchors, labels = random_boxes(1, 30, seed=3), random_labels(4, 6, seed=4)
    offsets, mask, classes = d2l.multibox_target(anchors, labels)
    for i, label in enumerate(labels):
        row = d2l.assign_anchor_to_bbox(label[:, 1:], anchors[0], "cpu")
        has_box = row >= 0
        expected = d2l.offset_boxes(anchors[0], label[row, 1:]) * has_box[:, None]
        assert torch.allclose(offsets[i].reshape(-1, 4), expected)
        assert torch.equal(mask[i].reshape(-1, 4), has_box[:, None].float().expand(-1, 4))
        assert torch.equal(classes[i], torch.where(has_box, label[row, 0].long() + 1, 0))


def test_a_large_batch_is_worked_off_in_pieces_with_the_same_targets():
    anchors = d2l.multibox_prior(torch.zeros(30, 30), [0.2, 0.4], [1, 2])
    labels = random_labels(9, 30)  # 81,000 pairs of box and anchor in each picture
    whole = d2l.multibox_target(anchors, labels)
    singly = [d2l.multibox_target(anchors, label.unsqueeze(0)) for label in labels]
    for all_at_once, parts in zip(whole, zip(*singly, strict=True), strict=True):
        assert torch.equal(all_at_once, torch.cat(parts))


def test_rows_that_are_no_box_change_nothing():
    anchors, labels = random_boxes(1, 20), random_labels(2, 3)
    none = torch.tensor([-1.0, 0, 0, 0, 0]).repeat(2, 2, 1)
    alone = d2l.multibox_target(anchors, labels)
    padded = d2l.multibox_target(anchors, torch.cat((none, labels, none), dim=1))
    assert all(torch.equal(a, b) for a, b in zip(alone, padded, strict=True))


@pytest.mark.parametrize("labels", [torch.empty(2, 0, 5), torch.full((2, 3, 5), -1.0)])
def test_a_picture_without_boxes_is_all_background(labels):
    offsets, mask, classes = d2l.multibox_target(random_boxes(1, 7), labels)
    assert offsets.shape == mask.shape == (2, 28)
    assert not offsets.any()
    assert not mask.any()
    assert classes.tolist() == [[0] * 7] * 2


def test_an_empty_batch_has_empty_targets():
    shapes = [t.shape for t in d2l.multibox_target(random_boxes(1, 7), torch.empty(0, 3, 5))]
    assert shapes == [(0, 28), (0, 28), (0, 7)]


def test_anchors_without_area_leave_other_targets_finite():
    anchors = torch.tensor([[[0.0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5]]])
    offsets, _, _ = d2l.multibox_target(anchors, torch.tensor([[[0.0, 0, 0, 1, 1]]]))
    assert torch.isfinite(offsets).all()


@pytest.mark.parametrize("wrong", [0.5, float("nan")])
def test_a_class_that_is_no_whole_number_is_an_error(wrong):
    labels = random_labels(1, 2)
    labels[0, 1, 0] = wrong
    with pytest.raises(LabelError, match=f"must be an integer.* found {wrong}"):
        d2l.multibox_target(random_boxes(1, 7), labels)


def test_a_label_with_a_negative_side_is_an_error():
    labels = torch.tensor([[[0.0, 0.5, 0, 0.1, 1], [-1, 3, 3, 0, 0]]])
    with pytest.raises(ShapeError, match=r"labels.* found 1 box of 1|labels.* found 1 of 1"):
        d2l.multibox_target(random_boxes(1, 7), labels)


@pytest.mark.usefixtures("as_users_have_it")
def test_other_shapes_are_errors_that_name_argument_and_shape():
    with pytest.raises(ShapeError, match=r"labels .*\(batch, num_boxes, 5\); found \(2, 5\)"):
        d2l.multibox_target(random_boxes(1, 7), torch.zeros(2, 5))
    with pytest.raises(ShapeError, match=r"anchors .*\(1, num_anchors, 4\); found \(2, 7, 4\)"):
        d2l.multibox_target(random_boxes(2, 7), random_labels(2, 3))
    with pytest.raises(ShapeError, match=r"ground_truth .* found \(3, 5\)"):
        d2l.assign_anchor_to_bbox(random_labels(1, 3)[0], random_boxes(7), "cpu")
