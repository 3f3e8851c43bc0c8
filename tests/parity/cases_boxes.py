"""Chapter 14: boxes, anchors, targets, detection."""

import torch
from made import backward, noise
from registry import differs, same


def boxes(number, seed=0):
    """Boxes of sides of 0.1 to 0.6 somewhere in the picture, corners first."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(number, 2, generator=generator) * 0.6
    return torch.cat((corner, corner + 0.1 + 0.5 * torch.rand(number, 2, generator=generator)), 1)


@same("box_corner_to_center", "box_center_to_corner")
def boxes_in_two_forms(d2l):
    X = boxes(5)
    return d2l.box_corner_to_center(X), d2l.box_center_to_corner(d2l.box_corner_to_center(X))


@same("box_iou")
def intersections_over_unions(d2l):
    apart = torch.tensor([[0.0, 0, 0.1, 0.1], [0.9, 0.9, 1, 1]])
    return d2l.box_iou(boxes(6), boxes(4, seed=1)), d2l.box_iou(apart, apart)


@same("multibox_prior")
def anchors_at_every_pixel(d2l):
    wide = d2l.multibox_prior(torch.zeros(1, 3, 4, 6), [0.75, 0.5, 0.25], [1, 2, 0.5])
    return wide, d2l.multibox_prior(torch.zeros(2, 1, 3, 2), sizes=[0.3], ratios=[1, 3])


@same("offset_boxes", "offset_inverse")
def offsets_there_and_back(d2l):
    anchors, assigned = boxes(5), boxes(5, seed=1)
    offsets = d2l.offset_boxes(anchors, assigned)
    leaf = offsets.clone().requires_grad_()
    back = backward(d2l.offset_inverse(anchors, leaf))
    return offsets, d2l.offset_boxes(anchors, assigned, eps=0.1), back, leaf.grad


@same("assign_anchor_to_bbox")
def anchors_are_assigned_to_boxes(d2l):
    truth, anchors = boxes(3, seed=1), boxes(20)
    return [
        d2l.assign_anchor_to_bbox(truth, anchors, torch.device("cpu")),
        d2l.assign_anchor_to_bbox(truth, anchors, torch.device("cpu"), iou_threshold=0.2),
    ]


@differs(
    "assign_anchor_to_bbox",
    released=[2**20 + 5],
    here=[2**20 + 4],
    because="the place of the best pair in a table of more than 2**24 is divided as a whole number "
    "here, in float32 there, which gives the next anchor",
)
def the_best_of_a_million_anchors(d2l):
    truth = 0.5 + boxes(16) / 2
    truth[15] = torch.tensor([0.1, 0.1, 0.3, 0.3])
    anchors = torch.zeros(2**20 + 8, 4)
    anchors[2**20 + 4] = torch.tensor([0.1, 0.1, 0.18, 0.3])  # the only one that meets a box
    found = d2l.assign_anchor_to_bbox(truth, anchors, torch.device("cpu"))
    return (found == 15).nonzero().flatten().tolist()


@same("multibox_target")
def targets_of_anchors(d2l):
    truth = torch.tensor([[[0, 0.1, 0.08, 0.52, 0.92], [1, 0.55, 0.2, 0.9, 0.88]]])
    two = torch.cat((truth, truth.flip(1)))
    book = torch.tensor([
        [0, 0.1, 0.2, 0.3], [0.15, 0.2, 0.4, 0.4], [0.63, 0.05, 0.88, 0.98],
        [0.66, 0.45, 0.8, 0.8], [0.57, 0.3, 0.92, 0.9],
    ])  # fmt: skip
    return list(d2l.multibox_target(book[None], truth)), list(
        d2l.multibox_target(boxes(30)[None], two)
    )


@same("nms")
def boxes_that_overlap_less(d2l):
    return [
        d2l.nms(boxes(12), noise(12).sigmoid(), threshold) for threshold in (0.0, 0.3, 0.5, 1.0)
    ]


@same("multibox_detection")
def boxes_are_detected(d2l):
    anchors = torch.tensor([
        [0.1, 0.08, 0.52, 0.92], [0.08, 0.2, 0.56, 0.95],
        [0.15, 0.3, 0.62, 0.91], [0.55, 0.2, 0.9, 0.88],
    ])  # fmt: skip
    probabilities = torch.tensor([[0.0] * 4, [0.9, 0.8, 0.7, 0.1], [0.1, 0.2, 0.3, 0.9]])
    several = noise(2, 3, 15).softmax(1)
    return [
        d2l.multibox_detection(probabilities[None], torch.zeros(1, 16), anchors[None]),
        d2l.multibox_detection(several, 0.1 * noise(2, 60), boxes(15)[None]),
        d2l.multibox_detection(several, 0.1 * noise(2, 60), boxes(15)[None], 0.3, 0.5),
    ]


@same("VOC_CLASSES", "VOC_COLORMAP")
def classes_and_their_colours(d2l):
    return d2l.VOC_CLASSES, d2l.VOC_COLORMAP


@same("voc_colormap2label", "voc_label_indices")
def colours_become_classes(d2l):
    labels = d2l.voc_colormap2label()
    colours = torch.tensor(d2l.VOC_COLORMAP)[torch.arange(24).reshape(4, 6) % 21].permute(2, 0, 1)
    return (
        labels.nonzero().flatten(),
        labels.sum(),
        list(labels.shape),
        d2l.voc_label_indices(colours.to(torch.uint8), labels),
    )


@same("voc_rand_crop")
def a_picture_and_its_label_are_cropped_together(d2l):
    feature, label = noise(3, 20, 30), noise(3, 20, 30)
    return list(d2l.voc_rand_crop(feature, label, 7, 11))
