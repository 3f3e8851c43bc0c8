"""Boxes for the tests of this room: corners drawn at random, and the plain way to overlap two."""

import torch


def random_boxes(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    center = torch.rand(*shape, 2, generator=generator)
    half = torch.rand(*shape, 2, generator=generator) * 0.25 + 0.01
    return torch.cat((center - half, center + half), dim=-1)


def random_labels(batch, num_boxes, num_classes=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randint(0, num_classes, (batch, num_boxes, 1), generator=generator)
    return torch.cat((classes.float(), random_boxes(batch, num_boxes, seed=seed + 1)), dim=2)


def overlap_of_two(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / area if area > 0 else 0.0
