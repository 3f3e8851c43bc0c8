"""Detection against suppression taken literally, box after box."""

import pytest
import torch
from boxes_at_random import overlap_of_two, random_boxes

from d2l import torch as d2l
from d2l.errors import ShapeError


def kept_by_loop(boxes, scores, threshold):
    left = sorted(range(len(boxes)), key=lambda i: -scores[i])
    kept = []
    while left:
        first, *rest = left
        kept.append(first)
        left = [i for i in rest if overlap_of_two(boxes[first], boxes[i]) <= threshold]
    return kept


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 1.0])
def test_the_surest_of_overlapping_boxes_stay(threshold):
    boxes, scores = random_boxes(80), torch.rand(80)
    kept = d2l.nms(boxes, scores, threshold)
    assert kept.tolist() == kept_by_loop(boxes.tolist(), scores.tolist(), threshold)


def test_of_no_boxes_none_stays():
    kept = d2l.nms(torch.empty(0, 4), torch.empty(0), 0.5)
    assert (kept.shape, kept.dtype) == ((0,), torch.int64)


def test_boxes_in_pixels_and_scores_that_want_a_gradient_will_do():
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
    scores = torch.tensor([0.5, 0.6, 0.1], requires_grad=True)
    assert d2l.nms(boxes, scores, 0.5).tolist() == [1, 2]


def detected_by_loop(cls_prob, offset_pred, anchors, nms_threshold, pos_threshold):
    """One image of the book's rule."""
    scores, classes = cls_prob[1:].max(0)
    boxes = d2l.offset_inverse(anchors, offset_pred.reshape(-1, 4))
    kept = kept_by_loop(boxes.tolist(), scores.tolist(), nms_threshold)
    order = kept + [i for i in range(len(boxes)) if i not in kept]
    rows = []
    for i in order:
        score, label = scores[i].item(), classes[i].item() if i in kept else -1
        is_unsure = score < pos_threshold
        row = [-1, 1 - score] if is_unsure else [label, score]
        rows.append(row + boxes[i].tolist())
    return rows


def test_each_picture_has_the_boxes_that_stay_first_and_one_row_per_anchor():
    torch.manual_seed(0)
    probs, offsets = torch.softmax(torch.randn(3, 4, 40), dim=1), torch.randn(3, 160)
    anchors = random_boxes(1, 40)
    found = d2l.multibox_detection(probs, offsets, anchors, nms_threshold=0.3, pos_threshold=0.4)
    for one, *prediction in zip(found, probs, offsets, strict=True):
        expected = detected_by_loop(*prediction, anchors[0], 0.3, 0.4)
        assert torch.allclose(one, torch.tensor(expected), atol=1e-6)


def test_empty_batches_and_no_anchors_have_empty_answers():
    empty = d2l.multibox_detection(torch.empty(0, 3, 7), torch.empty(0, 28), random_boxes(1, 7))
    assert empty.shape == (0, 7, 6)
    none = d2l.multibox_detection(torch.empty(2, 3, 0), torch.empty(2, 0), torch.empty(1, 0, 4))
    assert none.shape == (2, 0, 6)


def test_a_background_alone_is_nothing_to_detect():
    with pytest.raises(ShapeError, match="the background and at least one class"):
        d2l.multibox_detection(torch.rand(1, 1, 7), torch.zeros(1, 28), random_boxes(1, 7))


@pytest.mark.usefixtures("as_users_have_it")
def test_other_shapes_are_errors_that_name_argument_and_shape():
    anchors = random_boxes(1, 7)
    with pytest.raises(ShapeError, match=r"cls_probs .*, 7\); found \(2, 3, 8\)"):
        d2l.multibox_detection(torch.rand(2, 3, 8), torch.zeros(2, 28), anchors)
    with pytest.raises(ShapeError, match=r"offset_preds .*\(2, 28\); found \(2, 7, 3\)"):
        d2l.multibox_detection(torch.rand(2, 3, 7), torch.zeros(2, 7, 3), anchors)
    with pytest.raises(ShapeError, match="found 8 scores, 7 boxes"):
        d2l.nms(anchors[0], torch.rand(8), 0.5)


def test_offsets_may_have_any_axes_that_hold_four_numbers_for_each_anchor():
    probs, offsets, anchors = torch.rand(2, 3, 7), torch.randn(2, 28) / 9, random_boxes(1, 7)
    expected = d2l.multibox_detection(probs, offsets, anchors)
    found = d2l.multibox_detection(probs, offsets.reshape(2, 7, 4), anchors)
    assert torch.equal(found, expected)
