"""Curves in a script: pyplot's current figure shows them, and who looks at none pays nothing."""

import copy
import pickle
import subprocess
import sys

import pytest
import torch
from matplotlib.image import imread

from d2l import torch as d2l

START = """
import sys, torch
from d2l import torch as d2l
data = d2l.SyntheticRegressionData(w=torch.ones(2), b=1.0, num_train=64, num_val=32)
def fit(model=None):
    model = model or d2l.LinearRegression(lr=0.03)
    d2l.Trainer(max_epochs=2).fit(model, data)
    return model
def draw(board, count=5):
    for x in range(count):
        board.draw(x, x * x, "square")
    return board
def drawn(figure):
    return {line.get_label(): list(line.get_ydata()) for line in figure.axes[0].lines}
"""
PYPLOT = "import matplotlib.pyplot as plt\n"
USES = {
    "after a fit": """
model = fit()
EARLY
assert plt.gcf() is model.board.fig and plt.get_fignums() == [1]
assert drawn(plt.gcf()) == {k: [p.y for p in v] for k, v in model.board.points.items()} != {}
plt.savefig("loss.png")
""",
    "after a loop": """
board = draw(d2l.ProgressBoard())
EARLY
assert drawn(plt.gcf()) == {"square": [0, 1, 4, 9, 16]} and plt.gcf() is board.fig
board.draw(5, 25, "square")
assert [list(line.get_xdata()) for line in plt.gca().lines] == [[0, 1, 2, 3, 4, 5]]
plt.title("mine")
plt.savefig("loss.png")
assert board.fig.axes[0].get_title() == "mine"
""",
    "an animator": """
animator = d2l.Animator(xlabel="epoch", legend=["loss", "acc"])
animator.add(1, (2.0, None))
EARLY
animator.add(2, (1.0, 0.5))
assert plt.gcf() is animator.fig
assert [list(line.get_ydata()) for line in plt.gca().lines] == [[2, 1], [0.5]]
plt.savefig("loss.png")
""",
    "thirty fits": """
model = d2l.LinearRegression(lr=0.03)
for _ in range(15):
    fit(model)
    fit()
EARLY
last = fit()
assert len(plt.get_fignums()) == 10 and plt.gcf() is last.board.fig
fit(model)
assert len(plt.get_fignums()) == 10 and plt.gcf() is model.board.fig
plt.savefig("loss.png")
""",
    "a closed figure": """
board = draw(d2l.ProgressBoard())
EARLY
plt.close("all")
draw(board)
board.finish()
assert plt.gcf() is board.fig and len(drawn(plt.gcf())["square"]) == 11
plt.savefig("loss.png")
""",
}


def run_script(program, folder):
    """What a program prints; it has no display and its warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + program],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("is_early", [True, False])
def test_the_curves_are_in_pyplots_current_figure(use, is_early, tmp_path, monkeypatch):
    program = USES[use].replace("EARLY", "" if is_early else PYPLOT)
    if is_early:
        monkeypatch.chdir(tmp_path)
        exec(START + PYPLOT + program, {})
    else:
        run_script(program, tmp_path)
    assert len({tuple(pixel) for row in imread(tmp_path / "loss.png") for pixel in row}) > 10


def test_the_librarys_own_pyplot_shows_them_as_well(tmp_path):
    run_script("fit(); assert len(drawn(d2l.plt.gcf())) == 2", tmp_path)


def test_who_looks_at_no_picture_loads_no_matplotlib(tmp_path):
    run_script("fit(); draw(d2l.ProgressBoard()); assert 'matplotlib' not in sys.modules", tmp_path)


def test_nothing_is_left_in_the_import_system(tmp_path):
    program = """
finders = [*sys.meta_path]
fit(), fit()
import matplotlib.pyplot
assert sys.meta_path[-len(finders):] == finders
assert not any(type(finder).__module__.startswith("d2l") for finder in sys.meta_path)
"""
    run_script(program, tmp_path)


def test_a_run_is_not_lost_where_pyplot_can_show_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(d2l.plt, "_get_backend_mod", lambda: 1 / 0)
    board = d2l.ProgressBoard()
    with pytest.warns(UserWarning, match="division by zero"):
        board.draw(0, 1, "y")
    board.save(tmp_path / "loss.png")
    assert (tmp_path / "loss.png").exists()


def test_a_board_that_shall_not_display_is_in_no_figure():
    board = d2l.ProgressBoard(display=False)
    board.draw(0, 1, "y")
    board.finish()
    assert d2l.plt.get_fignums() == []
    assert board.fig is None


@pytest.mark.parametrize("given", ["axes", "both", "fig"])
def test_given_axes_show_each_point_at_once(given):
    figure, (left, right) = d2l.plt.subplots(1, 2)
    d2l.plt.sca(left)
    arguments = {"axes": left, "fig": figure}
    if given != "both":
        arguments = {given: arguments[given]}
    board = d2l.ProgressBoard(**arguments)
    for x in range(5):
        board.draw(x, torch.tensor(10.0 * x), "y")
        board.draw(x, -x, "minus", every_n=2)
        assert list(left.lines[0].get_ydata()) == [10 * i for i in range(x + 1)]
    low, high = left.get_ylim()
    assert low < -3
    assert high > 40
    assert [line.get_label() for line in left.lines] == ["y", "minus"]
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["y", "minus"]
    assert len(right.lines) == 0
    assert board.fig is figure


def test_a_figure_given_later_is_drawn_into_from_then_on():
    board = d2l.ProgressBoard()
    board.draw(0, 1, "y")
    figure, axes = d2l.plt.subplots()
    board.axes = axes
    board.draw(1, 2, "y")
    assert list(axes.lines[0].get_ydata()) == [1, 2]
    assert board.fig is figure


def test_what_a_reader_did_to_the_figure_stays():
    board = d2l.ProgressBoard()
    for x in range(3):
        board.draw(x, x, "y")
    d2l.plt.ylim(-7, 7)
    d2l.plt.plot([0, 1], [3, 3], label="mine")
    d2l.plt.legend(["a", "b"])
    axes = board.fig.axes[0]
    assert axes.get_ylim() == (-7, 7)
    assert len(axes.lines) == 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]


def test_copies_of_a_figure_keep_its_curves(tmp_path):
    board = d2l.ProgressBoard()
    for x in range(3):
        board.draw(x, x, "y")
    for twin in (copy.deepcopy(board.fig), pickle.loads(pickle.dumps(board.fig))):
        assert list(twin.axes[0].lines[0].get_ydata()) == [0, 1, 2]
        twin.savefig(tmp_path / "twin.svg")
