"""The procedural loops in a pipe and in a terminal: what a `Trainer` shows, they show."""

import re

import pytest
from test_board_on_pipe import run_on_pipe

SETUP = """
import torch
from torch import nn
from d2l import torch as d2l
torch.manual_seed(0)
X, y = torch.randn(4000, 20), torch.randint(0, 3, (4000,))
train, test = d2l.load_array((X, y), 10), d2l.load_array((X[:100], y[:100]), 10)
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
"""
LOOPS = {
    "train_ch6": "d2l.train_ch6(net, train, test, EPOCHS, 0.1, 'cpu')",
    "train_ch13": """
loss, trainer = nn.CrossEntropyLoss(reduction="none"), torch.optim.SGD(net.parameters(), 0.01)
d2l.train_ch13(net, train, test, loss, trainer, EPOCHS, [d2l.cpu()])""",
    "train_concise_ch11": """
regression = d2l.load_array((X, X.sum(1)), 10)
d2l.train_concise_ch11(torch.optim.SGD, {"lr": 0.01}, regression, EPOCHS)""",
}
NUMBER = r"\d[\d.e-]*"
CLASSIFIER = rf"train loss {NUMBER}, train acc {NUMBER}, test acc {NUMBER}"
METRICS = dict.fromkeys(LOOPS, CLASSIFIER) | {"train_concise_ch11": f"loss {NUMBER}"}


def test_a_pipe_gets_the_trainers_lines_and_what_the_book_prints():
    loops = "\nprint('next')\n".join(LOOPS.values()).replace("EPOCHS", "2")
    stdout, stderr = run_on_pipe(SETUP + loops)
    assert stderr == ""
    for loop, printed in zip(LOOPS, stdout.split("next\n"), strict=True):
        lines = [line for line in printed.splitlines() if line != "training on cpu"]
        for i, line in enumerate(lines[:2], start=1):
            assert re.fullmatch(rf"epoch {i}/2: {METRICS[loop]} \({NUMBER} s\)", line)
        assert len(lines) == (3 if loop == "train_concise_ch11" else 4)


def test_a_terminal_shows_one_line_in_place():
    pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    from terminal import run_in_terminal, screens

    program = SETUP + LOOPS["train_ch6"].replace("EPOCHS", "8")
    status, written = run_in_terminal(program, columns=100)
    assert status == 0, written
    shown = {line for lines in screens(written, columns=100) for line in lines}
    whole = rf".* epoch [1-8]/8  \d+ batches/s  {CLASSIFIER}"
    assert sum(re.fullmatch(whole, line) is not None for line in shown) >= 2
    assert any(re.fullmatch(rf"epoch 8/8: {CLASSIFIER} \({NUMBER} s\)", line) for line in shown)


VALIDATING = """
data = d2l.SyntheticRegressionData(w=d2l.tensor([2, -3.4]), b=4.2, batch_size=2)
model = d2l.LinearRegression(lr=0.03)
trainer = d2l.Trainer(max_epochs=1)
trainer.fit(model, data)
print("fitted")
for _ in range(5):
    list(trainer.val_dataloader)
print("gone through")
"""


def test_going_through_a_runs_loader_later_shows_no_line_again():
    pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    from terminal import run_in_terminal

    status, written = run_in_terminal("from d2l import torch as d2l\nimport time" + VALIDATING)
    assert status == 0, written
    assert written.split("fitted")[1].strip() == "gone through"
