"""Chapters 7, 8, 13 and 20: convolutions, residual networks, the two steps of a GAN."""

import contextlib
import io

import torch
from made import backward, everything_about, gradients, inside, noise
from registry import same
from torch import nn


@same("corr2d")
def cross_correlation(d2l):
    X, K = noise(5, 6), noise(2, 3).requires_grad_()
    return backward(d2l.corr2d(X, K)), K.grad


@same("init_cnn")
def convolutions_and_linear_layers_start_in_xaviers_way(d2l):
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))
    answer = net.apply(d2l.init_cnn)
    return answer is net, inside(net)


@same("LeNet")
def lenet(d2l):
    net = d2l.LeNet(lr=0.2, num_classes=7)
    return everything_about(net, noise(2, 1, 28, 28)), net.hparams["num_classes"], net.lr


@same("LeNet")
def lenet_is_initialised_and_summed_up(d2l):
    net = d2l.LeNet()
    net.apply_init([noise(1, 1, 28, 28)], d2l.init_cnn)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        net.layer_summary((2, 1, 28, 28))
    return inside(net), [line.split() for line in said.getvalue().splitlines()]


@same("Residual")
def residual_blocks(d2l):
    return [
        everything_about(d2l.Residual(3), noise(2, 3, 6, 6)),
        everything_about(d2l.Residual(6, use_1x1conv=True, strides=2), noise(2, 3, 6, 6)),
    ]


@same("ResNeXtBlock")
def resnext_blocks(d2l):
    return [
        everything_about(d2l.ResNeXtBlock(8, 2, 1), noise(2, 8, 6, 6)),
        everything_about(d2l.ResNeXtBlock(16, 4, 0.5, True, strides=2), noise(2, 8, 6, 6)),
    ]


@same("resnet18")
def resnet_18(d2l):
    net = d2l.resnet18(10, in_channels=3)
    printed = repr(net)
    outputs = net(noise(2, 3, 16, 16))
    sizes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
    net.eval()
    return printed, repr(net), outputs, sizes, net(noise(2, 3, 16, 16, seed=1))


def adversaries():
    net_D, net_G = nn.Linear(3, 1), nn.Linear(2, 3)
    trainers = (torch.optim.Adam(net.parameters(), lr=0.01) for net in (net_D, net_G))
    return net_D, net_G, nn.BCEWithLogitsLoss(reduction="sum"), *trainers


@same("update_D")
def a_step_of_the_discriminator(d2l):
    net_D, net_G, loss, trainer_D, _ = adversaries()
    value = d2l.update_D(noise(4, 3), noise(4, 2, seed=1), net_D, net_G, loss, trainer_D)
    return value, inside(net_D), inside(net_G), gradients(net_D)


@same("update_G")
def a_step_of_the_generator(d2l):
    net_D, net_G, loss, _, trainer_G = adversaries()
    value = d2l.update_G(noise(4, 2), net_D, net_G, loss, trainer_G)
    return value, inside(net_D), inside(net_G), gradients(net_G)


@same("rbfkernel")
def a_kernel_of_a_gaussian_process(d2l):
    x1, x2 = noise(4).numpy(), noise(3, seed=1).numpy().astype("float64")
    return d2l.rbfkernel(x1, x2), d2l.rbfkernel(x2, x2, ls=0.5)
