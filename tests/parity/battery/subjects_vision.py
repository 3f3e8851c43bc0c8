"""Chapter 14: boxes, anchors, targets, segmentation, files of competitions."""

from pathlib import Path

import numpy as np
import torch
from made import noise, whole
from subject import function, method

BOXES = [[0.1, 0.1, 0.4, 0.5], [0.2, 0.3, 0.9, 0.8], [0.5, 0.5, 0.6, 0.9]]
ANCHORS = [
    [0.0, 0.1, 0.2, 0.3],
    [0.15, 0.2, 0.4, 0.4],
    [0.63, 0.05, 0.88, 0.98],
    [0.66, 0.45, 0.8, 0.8],
    [0.57, 0.3, 0.92, 0.9],
]
TRUTH = [[0.1, 0.08, 0.52, 0.92], [0.55, 0.2, 0.9, 0.88]]


def boxes(numbers=BOXES):
    return torch.tensor(numbers)


def labels():
    return torch.tensor([[[0, *TRUTH[0]], [1, *TRUTH[1]]]])


function("box_corner_to_center", lambda d2l: {"boxes": boxes()})
function("box_center_to_corner", lambda d2l: {"boxes": boxes()})
function("box_iou", lambda d2l: {"boxes1": boxes(), "boxes2": boxes(TRUTH)})
function(
    "offset_boxes", lambda d2l: {"anchors": boxes(), "assigned_bb": boxes(ANCHORS[2:]), "eps": 1e-6}
)
function("offset_inverse", lambda d2l: {"anchors": boxes(), "offset_preds": noise(3, 4) / 10})
function(
    "multibox_prior",
    lambda d2l: {"data": noise(1, 3, 2, 3), "sizes": [0.5, 0.25], "ratios": [1.0, 2.0]},
)
function(
    "assign_anchor_to_bbox",
    lambda d2l: {
        "ground_truth": boxes(TRUTH),
        "anchors": boxes(ANCHORS),
        "device": "cpu",
        "iou_threshold": 0.5,
    },
)
function("multibox_target", lambda d2l: {"anchors": boxes(ANCHORS)[None], "labels": labels()})
function("nms", lambda d2l: {"boxes": boxes(ANCHORS), "scores": noise(5), "iou_threshold": 0.3})
function(
    "multibox_detection",
    lambda d2l: {
        "cls_probs": noise(1, 3, 5).softmax(1),
        "offset_preds": noise(1, 20) / 10,
        "anchors": boxes(ANCHORS)[None],
        "nms_threshold": 0.5,
        "pos_threshold": 0.01,
    },
)
function("bbox_to_rect", lambda d2l: {"bbox": [1.0, 2.0, 5.0, 6.0], "color": "red"})


def axes():
    from matplotlib import pyplot as plt

    return plt.figure().gca()


function(
    "show_bboxes",
    lambda d2l: {
        "axes": axes(),
        "bboxes": boxes(),
        "labels": ["a", "b", "c"],
        "colors": ["b", "w"],
    },
    is_drawn=True,
    parts=("bboxes", "labels"),
)
function("voc_colormap2label", lambda d2l: {}, is_generated=False)
TABLES = {}


def table(d2l):
    return TABLES.setdefault("table", d2l.voc_colormap2label())


function(
    "voc_label_indices",
    lambda d2l: {
        "colormap": torch.tensor([[[128, 0]], [[0, 128]], [[0, 0]]], dtype=torch.uint8),
        "colormap2label": table(d2l),
    },
    parts=("colormap",),
)
function(
    "voc_rand_crop",
    lambda d2l: {
        "feature": noise(3, 6, 8),
        "label": noise(3, 6, 8, seed=1),
        "height": 4,
        "width": 5,
    },
)
function("get_fashion_mnist_labels", lambda d2l: {"labels": [0, 9, 5]})
function("get_fashion_mnist_labels", lambda d2l: {"labels": torch.tensor([0, 9])}, "tensor")


def competition(d2l):
    for part in ("train", "test"):
        Path(part).mkdir(exist_ok=True)
        for i in range(6):
            Path(part, f"{i}.png").write_text(str(i))
    rows = [f"{i},{'cat' if i < 3 else 'dog'}" for i in range(6)]
    Path("labels.csv").write_text("\n".join(["id,label", *rows]) + "\n")
    return Path(".")


function("read_csv_labels", lambda d2l: {"fname": str(competition(d2l) / "labels.csv")})
function(
    "reorg_train_valid",
    lambda d2l: {
        "data_dir": str(competition(d2l)),
        "labels": d2l.read_csv_labels("labels.csv"),
        "valid_ratio": 0.34,
    },
)
function("reorg_test", lambda d2l: {"data_dir": str(competition(d2l))})
function(
    "copyfile",
    lambda d2l: {"filename": str(competition(d2l) / "labels.csv"), "target_dir": "copied"},
)
function(
    "show_images",
    lambda d2l: {
        "imgs": whole(9, 4, 5, 6),
        "num_rows": 2,
        "num_cols": 2,
        "titles": list("abcd"),
        "scale": 1.5,
    },
    is_drawn=True,
    parts=("imgs", "titles"),
)
function(
    "show_images",
    lambda d2l: {"imgs": [noise(5, 6), noise(4, 4)], "num_rows": 1, "num_cols": 2},
    "list",
    is_drawn=True,
)
function(
    "show_images",
    lambda d2l: {"imgs": [np.arange(12).reshape(3, 4)] * 3, "num_rows": 1, "num_cols": 3},
    "arrays",
    is_drawn=True,
    is_generated=False,
)
function(
    "show_heatmaps",
    lambda d2l: {
        "matrices": noise(1, 2, 2, 3),
        "xlabel": "keys",
        "ylabel": "queries",
        "titles": ["a", "b"],
        "figsize": (2.5, 2.5),
        "cmap": "Reds",
    },
    is_drawn=True,
    parts=("matrices", "titles"),
)
function(
    "show_list_len_pair_hist",
    lambda d2l: {
        "legend": ["a", "b"],
        "xlabel": "x",
        "ylabel": "y",
        "xlist": [[1], [1, 2], [3, 4]],
        "ylist": [[1, 2], [1], [5]],
    },
    is_drawn=True,
    parts=("legend", "ylist"),
)
function(
    "plot",
    lambda d2l: {
        "X": torch.arange(4.0),
        "Y": [torch.arange(4.0), torch.arange(4.0) ** 2],
        "xlabel": "x",
        "ylabel": "y",
        "legend": ["a", "b"],
        "xlim": [0, 3],
        "ylim": [0, 9],
        "xscale": "linear",
        "yscale": "linear",
    },
    is_drawn=True,
    parts=("X", "Y", "legend", "xlim"),
)
function("plot", lambda d2l: {"X": [1.0, 2.0, 4.0]}, "values", is_drawn=True)
function(
    "plot",
    lambda d2l: {"X": [[1.0, 2.0], [1.0, 2.0, 3.0]], "Y": [[1.0, 2.0], [3.0, 1.0, 3.0]]},
    "series",
    is_drawn=True,
)
function(
    "plot",
    lambda d2l: {"X": np.arange(4.0), "Y": np.arange(8.0).reshape(2, 4)},
    "matrix",
    is_drawn=True,
)
function(
    "set_axes",
    lambda d2l: {
        "axes": axes(),
        "xlabel": "x",
        "ylabel": "y",
        "xlim": [0, 1],
        "ylim": (1, 2),
        "xscale": "linear",
        "yscale": "log",
        "legend": [],
    },
    is_drawn=True,
    parts=("ylim", "legend"),
)
function("set_figsize", lambda d2l: {"figsize": (3.0, 2.0)})
function("use_svg_display", lambda d2l: {})
function(
    "annotate", lambda d2l: {"text": "here", "xy": (0.1, 0.2), "xytext": (0.5, 0.6)}, is_drawn=True
)
function(
    "show_trace_2d",
    lambda d2l: {"f": lambda a, b: a**2 + 2 * b**2, "results": [(-5, -2), (-3.0, -1.0)]},
    is_drawn=True,
)
function("train_2d", lambda d2l: {"trainer": lambda a, b, s, t: (a / 2, b / 2, s, t), "steps": 3})
function(
    "train_2d",
    lambda d2l: {
        "trainer": lambda a, b, s, t, f: (*f(a, b), s, t),
        "steps": 3,
        "f_grad": lambda a, b: (a / 2, b / 3),
    },
    "gradient",
)
DESC = [
    [b"S", b"F", b"F", b"F"],
    [b"F", b"H", b"F", b"H"],
    [b"F", b"F", b"F", b"H"],
    [b"H", b"F", b"F", b"G"],
]
for name in ("show_value_function_progress", "show_Q_function_progress"):
    pi = "pi" if "value" in name else "pi_all"
    V = "V" if "value" in name else "V_all"
    function(
        name,
        lambda d2l, V=V, pi=pi: {
            "env_desc": np.array(DESC),
            V: np.linspace(0, 1, 160).reshape(10, 16),
            pi: np.zeros((10, 16)),
        },
        is_generated=False,
    )
method("BananasDataset", lambda d2l, C: bananas(d2l, C), "__getitem__", lambda d2l: {"idx": 1})
method(
    "BananasDataset", lambda d2l, C: bananas(d2l, C), "__len__", lambda d2l: {}, is_generated=False
)


def bananas(d2l, C):
    from cases_pictures_read import offer_bananas

    offer_bananas(d2l)
    return C(False)


def voc(d2l, C):
    from cases_pictures_read import offer_voc

    return C(True, (32, 48), offer_voc(d2l))


method("VOCSegDataset", voc, "__getitem__", lambda d2l: {"idx": 0}, is_generated=False)
method(
    "VOCSegDataset",
    voc,
    "normalize_image",
    lambda d2l: {"img": whole(256, 3, 4, 5).to(torch.uint8)},
    is_generated=False,
)
