"""Cross-entropy of probabilities, and printing that fits the page."""

import pytest
import torch
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import LabelError, ShapeError


def test_cross_entropy_of_probabilities_is_torchs_of_their_logarithms():
    y_hat = torch.softmax(torch.randn(6, 4), dim=1).requires_grad_()
    for dtype in (torch.int64, torch.int32):
        y = torch.tensor([0, 3, 1, 2, 2, 0], dtype=dtype)
        l = d2l.cross_entropy(y_hat, y)
        assert torch.allclose(l, F.nll_loss(y_hat.log(), y.long()))
    l.backward()
    assert (y_hat.grad != 0).sum() == 6


def test_labels_without_a_probability_are_an_error():
    y_hat = torch.full((2, 4), 0.25)
    with pytest.raises(LabelError, match=r"labels must be in 0\.\.3 .*; found 0 to 4"):
        d2l.cross_entropy(y_hat, torch.tensor([0, 4]))
    for labels in ([0], [0, 1, 2]):
        with pytest.raises(ShapeError, match=r"found y_hat of shape \(2, 4\) and y of shape"):
            d2l.cross_entropy(y_hat, torch.tensor(labels))


def test_lines_are_broken_at_spaces_and_kept_where_the_text_breaks(capsys):
    d2l.print_wrapped("to be or not to be", 7.5, "a\n\nunbreakable-word b", width=8)
    lines = capsys.readouterr().out.split("\n")
    assert lines == ["to be or", "not to", "be 7.5 a", "", "unbreakable-word", "b", ""]


def test_pages_are_76_wide(capsys):
    d2l.print_wrapped(*["word"] * 40)
    assert [len(line) for line in capsys.readouterr().out.splitlines()] == [74, 74, 49]
