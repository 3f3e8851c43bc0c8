"""Everything that draws: what lies in the axes afterwards."""

import numpy as np
import torch
from made import noise
from registry import differs, same


def look(axes):
    """Lines, labels, limits, scales and legend of axes."""
    legend = axes.get_legend()
    return {
        "lines": [
            (list(map(float, line.get_xdata())), list(map(float, line.get_ydata())),
             line.get_linestyle(), str(line.get_color()), line.get_marker())
            for line in axes.lines
        ],
        "labels": (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()),
        "limits": [float(number) for number in (*axes.get_xlim(), *axes.get_ylim())],
        "scales": (axes.get_xscale(), axes.get_yscale()),
        "legend": [text.get_text() for text in legend.get_texts()] if legend else None,
        "grid": bool(axes.xaxis.get_gridlines()[0].get_visible()),
    }  # fmt: skip


def images(axes):
    """What pictures axes show: their numbers, title, and whether there are ticks."""
    shown = [torch.as_tensor(np.asarray(image.get_array()).astype(float)) for image in axes.images]
    ticks = axes.axison and (axes.get_xaxis().get_visible() or axes.get_yaxis().get_visible())
    return shown, axes.get_title(), ticks


@same("plot")
def curves_of_functions(d2l):
    x = np.arange(0, 3, 0.5)
    d2l.plot(x, [x**2, 2 * x], "x", "f(x)", legend=["square", "double"], ylim=[0, 9])
    first = look(d2l.plt.gca())
    d2l.plt.close("all")
    d2l.plot([torch.arange(3), torch.arange(2)], [torch.ones(3), torch.zeros(2)], xscale="log")
    second = look(d2l.plt.gca())
    d2l.plt.close("all")
    d2l.plot(x)
    return first, second, look(d2l.plt.gca()), list(d2l.plt.rcParams["figure.figsize"])


@differs(
    "plot",
    released=4,
    here=5,
    because="a curve without a format of its own takes the first format again",
)
def five_curves(d2l):
    d2l.plot([0, 1], [[i, i] for i in range(5)])
    return len(d2l.plt.gca().lines)


@same("set_figsize", "use_svg_display")
def figures_have_the_size_asked_for(d2l):
    d2l.use_svg_display()
    d2l.set_figsize((2, 1))
    wide = list(d2l.plt.rcParams["figure.figsize"])
    d2l.set_figsize()
    return wide, list(d2l.plt.rcParams["figure.figsize"])


@same("set_axes")
def axes_are_set(d2l):
    axes = d2l.plt.figure().gca()
    axes.plot([1, 2], [3, 4])
    d2l.set_axes(axes, "x", "y", [0, 5], [1, 10], "linear", "log", ["curve"])
    return look(axes)


@same("show_images")
def images_in_rows_and_columns(d2l):
    axes = d2l.show_images(noise(4, 3, 5), 2, 2, titles=["a", "b", "c", "d"], scale=1)
    return [images(ax) for ax in axes], [float(n) for n in axes[0].figure.get_size_inches()]


@differs(
    "show_images",
    released={"raised": "AttributeError", "words": "'Axes' object has no attribute 'flatten'"},
    here=1,
    because="one picture is a grid too",
)
def one_image(d2l):
    return len(d2l.show_images(noise(1, 3, 5), 1, 1))


@same("show_heatmaps")
def heatmaps_of_matrices(d2l):
    d2l.show_heatmaps(noise(2, 2, 3, 4), "Keys", "Queries", titles=["left", "right"])
    axes = d2l.plt.gcf().axes
    labels = [(ax.get_xlabel(), ax.get_ylabel()) for ax in axes[:4]]
    return [images(ax)[:2] for ax in axes[:4]], labels, len(axes), axes[0].images[0].get_cmap().name


@same("show_list_len_pair_hist")
def histograms_of_lengths(d2l):
    lines = [["a"] * n for n in (1, 2, 2, 5)], [["b"] * n for n in (3, 3, 4)]
    d2l.show_list_len_pair_hist(["source", "target"], "# tokens", "count", *lines)
    axes = d2l.plt.gca()
    bars = [(round(float(p.get_x()), 4), float(p.get_height())) for p in axes.patches]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    return bars, axes.get_xlabel(), axes.get_ylabel(), legend


@same("annotate")
def an_arrow_to_a_point(d2l):
    d2l.annotate("here", (1, 2), (3, 4))
    (text,) = d2l.plt.gca().texts
    arrow = text.arrow_patch.get_arrowstyle()
    return text.get_text(), tuple(text.xy), text.get_position(), type(arrow).__name__


@same("train_2d", "show_trace_2d")
def a_descent_in_two_dimensions(d2l):
    def step(x1, x2, s1, s2, f_grad=None):
        g1, g2 = f_grad(x1, x2) if f_grad else (0.2 * x1, 4 * x2)
        return x1 - 0.4 * g1, x2 - 0.4 * g2, s1 + 1, s2 - 1

    results = d2l.train_2d(step, steps=3)
    others = d2l.train_2d(step, steps=2, f_grad=lambda x1, x2: (x2, x1))
    d2l.show_trace_2d(lambda x1, x2: 0.1 * x1**2 + 2 * x2**2, results)
    axes = d2l.plt.gca()
    line = axes.lines[0]
    trace = [list(map(float, line.get_xdata())), list(map(float, line.get_ydata()))]
    labels = axes.get_xlabel(), axes.get_ylabel(), line.get_color(), line.get_marker()
    return [tuple(map(float, r)) for r in results + others], trace, labels, len(axes.collections)


@same("bbox_to_rect")
def a_box_becomes_a_rectangle(d2l):
    patch = d2l.bbox_to_rect([60.0, 45.0, 378.0, 516.0], "blue")
    width = patch.get_linewidth(), patch.get_fill()
    return patch.get_xy(), patch.get_width(), patch.get_height(), patch.get_edgecolor(), width


@same("show_bboxes")
def boxes_with_labels_on_a_picture(d2l):
    axes = d2l.plt.imshow(np.zeros((10, 10))).axes
    boxes = torch.tensor([[1.0, 1, 4, 5], [2, 3, 8, 9], [0, 0, 2, 2]])
    d2l.show_bboxes(axes, boxes, ["cat", "dog"])
    d2l.show_bboxes(axes, boxes[:1], "one", colors="w")
    d2l.show_bboxes(axes, boxes[:1])
    rectangles = [
        (patch.get_xy(), patch.get_width(), patch.get_height(), patch.get_edgecolor())
        for patch in axes.patches
    ]
    texts = [
        (t.get_text(), t.get_position(), str(t.get_color()), t.get_fontsize(), t.get_ha())
        for t in axes.texts
    ]
    return rectangles, texts


@same("Animator")
def points_of_an_animator(d2l):
    animator = d2l.Animator(xlabel="epoch", ylabel="loss", legend=["train", "test"], xlim=[1, 3])
    animator.add(1, (2.0, None))
    animator.add(2, (1.0, 0.5))
    animator.add([3, 4], [0.5, 0.25])
    if hasattr(animator, "render"):
        animator.render()
    points = [[[float(n) for n in curve] for curve in each] for each in (animator.X, animator.Y)]
    return points, look(animator.axes[0]), len(animator.axes)
