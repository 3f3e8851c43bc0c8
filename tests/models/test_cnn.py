"""LeNet and cross-correlation: against loops, PyTorch's own layers, and what cannot be."""

import jaxtyping
import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import ShapeError


def correlation_by_loop(X, K):
    h, w = K.shape
    rows, columns = X.shape[0] - h + 1, X.shape[1] - w + 1
    values = [[(X[i : i + h, j : j + w] * K).sum() for j in range(columns)] for i in range(rows)]
    return torch.tensor(values)


@pytest.mark.parametrize("size, kernel", [((3, 3), (2, 2)), ((6, 8), (1, 2)), ((4, 5), (4, 5))])
def test_cross_correlation_is_that_of_a_loop(size, kernel):
    torch.manual_seed(0)
    X, K = torch.rand(size), torch.rand(kernel)
    assert torch.allclose(d2l.corr2d(X, K), correlation_by_loop(X, K))


def test_cross_correlation_has_the_gradient_of_small_steps():
    torch.manual_seed(0)
    X = torch.rand(4, 5, dtype=torch.float64, requires_grad=True)
    K = torch.rand(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(d2l.corr2d, (X, K))


def test_whole_numbers_correlate_as_floats():
    Y = d2l.corr2d(torch.arange(9).reshape(3, 3), torch.arange(4).reshape(2, 2))
    assert Y.tolist() == [[19, 25], [37, 43]]
    assert Y.dtype == torch.float32


def test_an_edge_detector_is_learned_as_in_the_book():
    X = torch.ones(6, 8)
    X[:, 2:6] = 0
    K = torch.zeros(1, 2, requires_grad=True)
    Y = d2l.corr2d(X, torch.tensor([[1.0, -1.0]]))
    for _ in range(60):
        ((d2l.corr2d(X, K) - Y) ** 2).sum().backward()
        with torch.no_grad():
            K -= 0.03 * K.grad
            K.grad = None
    assert torch.allclose(K, torch.tensor([[1.0, -1.0]]), atol=0.05)


def test_a_kernel_larger_than_the_image_is_an_error():
    with pytest.raises(ShapeError, match=r"found K of shape \(4, 1\), X of shape \(2, 4\)"):
        d2l.corr2d(torch.zeros(2, 4), torch.zeros(4, 1))


def test_channels_are_not_for_corr2d(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as users have it
    with pytest.raises(ShapeError, match=r"X must have shape \(height, width\); found \(2, 3, 3\)"):
        d2l.corr2d(torch.zeros(2, 3, 3), torch.zeros(2, 2))


def test_lenet_has_the_layers_and_sizes_of_the_book(capsys):
    d2l.LeNet().layer_summary((1, 1, 28, 28))
    lines = [line.split(" output shape:\t ") for line in capsys.readouterr().out.splitlines()]
    sizes = {"Conv2d": [6, 28, 28], "Flatten": [400], "Linear": [120]}
    first = dict(reversed(lines))
    assert {n: first[n] for n in sizes} == {n: f"torch.Size({[1, *s]})" for n, s in sizes.items()}
    assert lines[-1] == ["Linear", "torch.Size([1, 10])"]


def test_lenet_counts_its_61706_parameters():
    model = d2l.LeNet(num_classes=10)
    model(torch.zeros(1, 1, 28, 28))
    convolutions = 6 * (25 + 1) + 16 * (6 * 25 + 1)
    dense = 120 * (400 + 1) + 84 * (120 + 1) + 10 * (84 + 1)
    assert sum(p.numel() for p in model.parameters()) == convolutions + dense


def test_lenet_learns_four_pictures_by_heart():
    torch.manual_seed(0)
    model = d2l.LeNet(lr=0.3, num_classes=2)
    X, y = torch.zeros(4, 1, 28, 28), torch.tensor([0, 1, 0, 1])
    X[1::2, :, :, :14] = 1
    model.apply_init([X], d2l.init_cnn)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(40):
        optimizer.zero_grad()
        model.loss(model(X), y).backward()
        optimizer.step()
    assert model.accuracy(model(X), y) == 1


def test_layers_begin_as_xavier_has_it():
    torch.manual_seed(0)
    linear, convolution, norm = nn.Linear(300, 100), nn.Conv2d(20, 30, 5), nn.BatchNorm2d(3)
    for layer, fans in ((linear, 300 + 100), (convolution, 25 * (20 + 30))):
        d2l.init_cnn(layer)
        bound = (6 / fans) ** 0.5
        assert layer.weight.abs().max().item() == pytest.approx(bound, rel=0.01)
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    d2l.init_cnn(norm)
    assert norm.weight.tolist() == [1, 1, 1]


def test_layers_without_weights_are_left_alone_with_a_warning():
    with pytest.warns(UserWarning, match="LazyLinear has no weights to initialize yet"):
        nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyBatchNorm1d()).apply(d2l.init_cnn)
