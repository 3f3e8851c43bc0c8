"""Residual blocks: against the sum written out, the book's shapes, and what cannot be added."""

import pytest
import torch
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import ModelError


def test_a_block_adds_its_input():
    torch.manual_seed(0)
    block, X = d2l.Residual(3).eval(), torch.randn(2, 3, 6, 6)
    block(X)
    H = F.relu(block.bn1(F.conv2d(X, block.conv1.weight, block.conv1.bias, padding=1)))
    H = block.bn2(F.conv2d(H, block.conv2.weight, block.conv2.bias, padding=1))
    assert torch.allclose(block(X), F.relu(H + X), atol=1e-6)


def test_a_block_with_strides_adds_what_a_small_convolution_makes_of_its_input():
    torch.manual_seed(0)
    block, X = d2l.Residual(6, use_1x1conv=True, strides=2).eval(), torch.randn(2, 3, 6, 6)
    with torch.no_grad():
        block(X)
        block.conv2.weight.zero_()
        block.conv2.bias.zero_()
    shortcut = torch.einsum("bihw,oi->bohw", X[..., ::2, ::2], block.conv3.weight[..., 0, 0])
    expected = F.relu(shortcut + block.conv3.bias.reshape(-1, 1, 1))
    assert torch.allclose(block(X), expected, atol=1e-5)


def test_a_resnext_block_is_a_bottleneck_with_groups_of_so_many_channels():
    torch.manual_seed(0)
    block, X = d2l.ResNeXtBlock(32, groups=8, bot_mul=0.5).eval(), torch.randn(2, 32, 5, 5)
    block(X)
    assert block.conv2.weight.shape == (16, 8, 3, 3)
    with torch.no_grad():
        block.conv3.weight.zero_()
        block.conv3.bias.zero_()
    assert torch.allclose(block(X), F.relu(X), atol=1e-6)


@pytest.mark.parametrize("make", [d2l.Residual, lambda *a: d2l.ResNeXtBlock(a[0], 4, 1, *a[1:])])
def test_blocks_halve_the_picture_with_strides_of_two(make):
    assert make(8, True, 2)(torch.rand(2, 3, 10, 10)).shape == (2, 8, 5, 5)


@pytest.mark.parametrize("make", [d2l.Residual, lambda n: d2l.ResNeXtBlock(n, 4, 1)])
def test_an_input_of_another_shape_is_an_error_that_names_the_way_out(make):
    with pytest.raises(ModelError, match=r"\(2, 3, 4, 4\) to its .* \(2, 8, 4, 4\)\. Use use"):
        make(8)(torch.rand(2, 3, 4, 4))


def test_channels_that_cannot_be_grouped_are_an_error_of_the_call():
    block = d2l.ResNeXtBlock(32, groups=5, bot_mul=0.5)
    with pytest.raises(ModelError, match="16 channels cannot be split into 3 groups"):
        block(torch.zeros(2, 32, 4, 4))


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    block = d2l.ResNeXtBlock(8, 4, 1, use_1x1conv=True)
    block(torch.randn(4, 8, 4, 4)).square().mean().backward()
    missing = [name for name, p in block.named_parameters() if p.grad is None]
    assert missing == []


def test_resnet18_has_eighteen_layers_with_weights_and_a_logit_for_each_class():
    net = d2l.resnet18(num_classes=7, in_channels=3)
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 7)
    layers = [
        name
        for name, layer in net.named_modules()
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)) and "conv3" not in name
    ]
    assert len(layers) == 18


def test_resnet18_halves_the_picture_three_times():
    net, X = d2l.resnet18(10), torch.rand(1, 1, 32, 32)
    shapes = []
    for name, layer in net.named_children():
        X = layer(X)
        if name.startswith("resnet_block"):
            shapes.append(tuple(X.shape[1:]))
    assert shapes == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4)]
