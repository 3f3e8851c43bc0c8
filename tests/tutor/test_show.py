"""A hint is a box in a notebook, lines in a terminal, and one line in a pipe."""

import subprocess
import sys
import textwrap

import nbformat
import pytest
from nbclient import NotebookClient

from d2l.grader.outputs.read_cell import read_cell
from d2l.tutor.hint import Hint, as_html, as_line, as_lines

HINT = Hint(
    "loss-negated", "The loss is -2.3. Write `-l`, not <l> & more.", {"loss": -2.3}, "first batch"
)
LONG = Hint("a-kind", "A sentence of eight words is here now. " * 12)


def test_a_pipe_gets_one_line_whatever_the_message_has():
    assert as_line(Hint("k", "two\nlines")) == "hint [k]: two lines"
    assert "\n" not in as_line(LONG)


def test_a_terminal_gets_lines_of_bounded_width_and_the_command_that_explains():
    lines = as_lines(LONG).splitlines()
    assert max(map(len, lines)) <= 88
    assert lines[-1].strip() == "more: d2l tutor explain a-kind"
    assert " ".join(line.strip() for line in lines[:-1]) == "hint [a-kind]: " + LONG.message.strip()


def test_a_box_shows_code_as_code_and_escapes_everything():
    box = as_html(HINT)
    assert "<code>-l</code>" in box
    assert "&lt;l&gt; &amp; more" in box
    assert "<l>" not in box
    evil = as_html(Hint("<img src=x>", "<script>alert(1)</script>", {}, "<b>where</b>"))
    assert "<script" not in evil
    assert "<img" not in evil
    assert "<b>where" not in evil


def test_a_script_in_a_pipe_says_it_once_on_stderr_and_nothing_on_stdout():
    program = textwrap.dedent("""
        import torch
        from torch import nn
        from torch.nn import functional as F
        from d2l import torch as d2l
        net = nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=1))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        with d2l.watching(net, optimizer):
            for _ in range(5):
                l = F.cross_entropy(net(torch.rand(6, 2)), torch.tensor([0, 1, 2, 0, 1, 2]))
                optimizer.zero_grad()
                l.backward()
                optimizer.step()
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("hint [softmax-before-cross-entropy]: ")


WRONG = """
import torch
from torch import nn
from d2l import torch as d2l


class Data(d2l.DataModule):
    def get_dataloader(self, train):
        self.batch_size = 8
        y = torch.arange(64) % 3
        X = torch.eye(3)[y] + 0.1 * torch.randn(64, 3)
        return self.get_tensorloader((X, y), train)


class Net(d2l.Classifier):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(3, 3), nn.Softmax(dim=1))


trainer = d2l.Trainer(max_epochs=2)
trainer.fit(Net(), Data())
"""


@pytest.mark.slow
def test_in_a_real_kernel_the_box_stands_with_the_board_once_and_is_no_result_for_a_grader():
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(WRONG)])
    NotebookClient(book, timeout=900).execute()
    outputs = book.cells[0].outputs
    boxes = [o for o in outputs if "application/vnd.d2l.hint+json" in o.get("data", {})]
    boards = [o for o in outputs if "image/svg+xml" in o.get("data", {})]
    assert len(boxes) == 1
    assert len(boards) == 1
    assert "sums to 1" in boxes[0]["data"]["text/html"]
    without = [output for output in outputs if output not in boxes]
    assert read_cell(outputs) == read_cell(without)
