"""Programs that end in an error of PyTorch, each with the mistake that it comes from."""

import numpy as np
import torch
from error_models import (
    Forgets,
    KeepsState,
    N,
    NoInit,
    NoInitNoLayer,
    NoSelf,
    Own,
    SavedWidth,
    TwoInputs,
    Width,
    X,
    in_a_frame,
    in_place_mask,
    in_place_sigmoid,
    logits,
    loss_of,
    net,
    own_loss_without_grad,
    rows,
    run,
    same_loss_twice,
    steps,
    two_steps,
    update_by_hand,
    y,
)
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l

forgets = Forgets()
mlp = net(nn.Flatten(), nn.Linear(784, 10))
first_rows = net(nn.Flatten(), nn.Linear(784, 1), nn.Flatten(0))
frozen = net(nn.Flatten(), nn.Linear(784, 10)).requires_grad_(False)
hidden = nn.Linear(784, 10)
scratch = Own(lambda model, X: X @ model.W, W=nn.Parameter(torch.randn(784, 10)))
turned = Own(lambda model, X: X @ model.W, W=nn.Parameter(torch.randn(10, 784)))
lstm = net(nn.LSTM(4, 8), nn.Linear(8, 10))
listed = Own(lambda model, X: model.blocks[0](X), blocks=[nn.Linear(784, 10)])
elsewhere = Own(
    lambda model, X: model.net(X * model.scale), net=mlp, scale=torch.ones(28, 28, device="meta")
)
made_there = Own(lambda model, X: model.net(X * torch.ones(28, 28, device="meta")), net=mlp)
not_called = Own(lambda model, X: model.out(model.hidden), hidden=nn.Linear(28, 28), out=nn.ReLU())
class_called = Own(lambda model, X: model.out(nn.ReLU(X)), out=nn.Linear(28, 10))
sigmoid_changed = Own(in_place_sigmoid, hidden=nn.Linear(784, 10))
mask_changed = Own(in_place_mask, hidden=nn.Linear(784, 10))
splits = Own(lambda model, X: model.out(X.reshape(-1, 392)), out=nn.Linear(392, 10))

CASES = [  # kind, words of the message, the model, the program
    ("label-dtype", "float32, of shape (32,)", mlp, loss_of(mlp, y=y.float())),
    ("label-dtype", "int32", mlp, loss_of(mlp, y=y.int())),
    (
        "label-dtype",
        "`y.float()`",
        mlp,
        lambda: F.binary_cross_entropy(torch.rand(N, requires_grad=True), y % 2).backward(),
    ),
    (
        "label-dtype",
        "`y.float()`",
        mlp,
        lambda: F.binary_cross_entropy_with_logits(
            torch.rand(N, requires_grad=True), y % 2
        ).backward(),
    ),
    ("one-hot-labels", "10 numbers for each of 32", mlp, loss_of(mlp, y=F.one_hot(y, 10))),
    (
        "one-hot-labels",
        "`y.argmax(1)`",
        mlp,
        lambda: F.cross_entropy(logits, F.one_hot(y, 10).reshape(-1)),
    ),
    (
        "one-hot-labels",
        "`y.argmax(1)`",
        mlp,
        lambda: F.cross_entropy(logits, F.one_hot(y, 10).reshape(-1).float()),
    ),
    ("label-shape", "(32, 1)", mlp, loss_of(mlp, y=y[:, None])),
    ("label-shape", "`y.squeeze(1).long()`", mlp, loss_of(mlp, y=y[:, None].float())),
    (
        "class-axis",
        "reshape(-1, 12)",
        None,
        lambda: F.cross_entropy(torch.randn(8, 5, 12), torch.zeros(8, 5).long()),
    ),
    ("labels-from-one", "from 1 to 10", mlp, loss_of(mlp, y=y + 1)),
    (
        "labels-from-one",
        "found labels from 1 to 10",
        mlp,
        lambda: d2l.Classifier().loss(logits, y + 1),
    ),
    ("labels-out-of-range", "from 0 to 11", mlp, loss_of(mlp, y=torch.arange(N) % 12)),
    ("labels-out-of-range", "`ignore_index=-1`", mlp, loss_of(mlp, y=y - 1)),
    ("labels-out-of-range", "one output only", mlp, lambda: F.cross_entropy(logits[:, :1], y % 2)),
    (
        "labels-out-of-range",
        "from 0 to 11",
        mlp,
        lambda: d2l.Classifier().loss(logits, torch.arange(N) % 12),
    ),
    ("batch-size-changed", "64 rows", splits, loss_of(splits)),
    (
        "loss-shapes",
        "`y.reshape(y_hat.shape)`",
        None,
        lambda: F.binary_cross_entropy(torch.rand(N, 1), torch.rand(N)),
    ),
    (
        "loss-shapes",
        "(32, 1)",
        None,
        lambda: F.binary_cross_entropy_with_logits(torch.rand(N, 1), torch.rand(N)),
    ),
    ("loss-shapes", "`cross_entropy(y_hat, y)`", mlp, loss_of(mlp, loss=F.mse_loss)),
    (
        "bce-of-logits",
        "from -2 to 1.5",
        None,
        lambda: F.binary_cross_entropy(torch.tensor([-2.0, 1.5]), torch.tensor([0.0, 1.0])),
    ),
    ("loss-arguments-swapped", "float32 (32, 10)", mlp, lambda: F.cross_entropy(y, mlp(X))),
    ("inputs-and-labels-swapped", "(32, 1, 28, 28)", mlp, lambda: in_a_frame(mlp, y, X)),
    ("super-init-forgotten", "before `super().__init__()`", None, NoInit),
    ("super-init-forgotten", "NoInitNoLayer", None, lambda: NoInitNoLayer()(rows)),
    ("super-init-forgotten", "NoInitNoLayer", None, lambda: list(NoInitNoLayer().parameters())),
    (
        "save-hyperparameters-forgotten",
        "`self.num_hiddens = num_hiddens`",
        None,
        lambda: Width(8)(rows),
    ),
    ("save-hyperparameters-forgotten", "save_hyperparameters()", None, lambda: SavedWidth(8)(rows)),
    (
        "layers-in-a-list",
        "self.blocks",
        listed,
        lambda: torch.optim.SGD(listed.parameters(), lr=0.1),
    ),
    ("optimizer-not-returned", "`zero_grad`", mlp, lambda: None.zero_grad()),
    ("loss-not-returned", "None", mlp, lambda: None.backward()),
    ("loss-is-a-float", "`float`", mlp, lambda: F.cross_entropy(mlp(X), y).item().backward()),
    ("loss-is-a-float", "`numpy.float32`", mlp, lambda: np.float32(2).backward()),
    ("forward-returns-nothing", "`Forgets.forward`", forgets, loss_of(forgets, rows)),
    ("forward-arguments", "def forward(self, X)", None, lambda: NoSelf()(X)),
    ("forward-arguments", "takes (X, state) and was called with 1", None, lambda: TwoInputs()(X)),
    (
        "loss-class-called",
        "`nn.CrossEntropyLoss()(y_hat, y)`",
        None,
        lambda: nn.CrossEntropyLoss(logits, y),
    ),
    ("loss-class-called", "`nn.MSELoss()(y_hat, y)`", None, lambda: nn.MSELoss(logits, y)),
    ("layer-returns-a-tuple", "`0` (LSTM)", lstm, run(lstm, steps)),
    ("layer-returns-a-tuple", "outputs, state", lstm, lambda: lstm[0](steps).mean()),
    ("layer-not-called", "`hidden` (Linear)", not_called, run(not_called)),
    ("layer-not-called", "`1` (Linear)", mlp, lambda: mlp[1].reshape(2)),
    ("class-instead-of-instance", "`nn.ReLU()(X)`", class_called, run(class_called)),
    (
        "class-instead-of-instance",
        "net = Net()",
        None,
        lambda: torch.optim.SGD(Forgets.parameters(), lr=1),
    ),
    ("class-instead-of-instance", "`nn.Flatten()`", None, lambda: net(nn.Flatten, nn.Linear(4, 2))),
    ("not-a-tensor", "`ndarray`", mlp, run(mlp, X.numpy())),
    ("not-a-tensor", "`ndarray`", None, run(nn.Conv2d(1, 2, 3), X.numpy())),
    ("not-a-tensor", "`ndarray`", mlp, loss_of(mlp, y=y.numpy())),
    ("not-a-tensor", "`int`", None, run(nn.Linear(4, 2), 3)),
    ("not-a-tensor", "`X, y = batch`", mlp, run(mlp, [X, y])),
    ("device-mismatch", "register_buffer('scale'", elsewhere, run(elsewhere)),
    ("device-mismatch", "device=X.device", made_there, run(made_there)),
    ("device-mismatch", "meta", mlp, loss_of(mlp, y=y.to("meta"))),
    ("device-mismatch", "X.to('cpu')", mlp, lambda: in_a_frame(mlp, X.to("meta"), y)),
    (
        "embedding-index",
        "0 to 4, and was given numbers from 0 to 9",
        None,
        run(nn.Embedding(5, 3), y),
    ),
    ("embedding-index", "0 or more", None, run(nn.Embedding(50, 3), y - 1)),
    ("embedding-index", "`X.long()`", None, run(nn.Embedding(5, 3), y.float())),
    ("dtype-mismatch", "float64", mlp, run(mlp, X.double())),
    ("dtype-mismatch", "/ 255", mlp, run(mlp, X.byte())),
    ("dtype-mismatch", "int64", mlp, run(mlp, X.long())),
    ("dtype-mismatch", "`W` has weights of float32", scratch, run(scratch, rows.double())),
    ("dtype-mismatch", "float64", None, run(nn.Conv2d(1, 2, 3), X.double())),
    ("dtype-mismatch", "one_hot", None, run(nn.RNN(5, 3), torch.zeros(4, 8, 5).long())),
    ("dtype-mismatch", "float64", None, run(nn.GRU(4, 3), steps.double())),
    ("rnn-input-size", "takes 6 numbers", None, run(nn.RNN(6, 3), steps)),
    ("rnn-input-size", "transpose(1, 2)", None, run(nn.RNN(N, 3), steps)),
    ("rnn-input-size", "4 axes", None, run(nn.LSTM(28, 3), X)),
    ("rnn-state-size", "(1, 32, 3)", None, lambda: nn.RNN(4, 3)(steps, torch.zeros(1, 8, 3))),
    ("rnn-state-size", "batch_first", None, lambda: nn.RNN(4, 3)(steps, torch.zeros(1, 5, 3))),
    ("wrong-reshape", "784 numbers here, not 800", mlp, lambda: X.view(-1, 800)),
    ("wrong-reshape", "write -1 for 64", mlp, lambda: X.reshape(64, 784)),
    ("view-not-contiguous", "reshape", mlp, lambda: X.permute(2, 1, 0, 3).view(N, -1)),
    ("flatten-forgotten", "takes 784 numbers", None, run(net(nn.Linear(784, 10)))),
    (
        "flatten-forgotten",
        "take 2704 numbers",
        None,
        run(net(nn.Conv2d(1, 4, 3), nn.Linear(400, 10))),
    ),
    ("flatten-forgotten", "`X.flatten(1)`", scratch, run(scratch)),
    ("batch-flattened", "25088 numbers", None, run(net(nn.Flatten(0), nn.Linear(784, 10)))),
    ("wrong-in-features", "`nn.Linear(784, 10)`", None, run(nn.Linear(256, 10), rows)),
    ("wrong-in-features", "other way round", None, run(nn.Linear(10, 784), rows)),
    ("wrong-in-features", "`X @ W.T`", turned, run(turned, rows)),
    ("wrong-in-features", "Make `W` of shape (392, 10)", scratch, run(scratch, rows[:, :392])),
    ("wrong-in-channels", "`nn.Conv2d(1, 2, …)`", None, run(nn.Conv2d(3, 2, 3))),
    ("wrong-in-channels", "unsqueeze(1)", None, run(nn.Conv2d(1, 2, 3), X[:, 0])),
    ("wrong-in-channels", "reshape(-1, 1, 28, 28)", None, run(nn.Conv2d(1, 2, 3), rows)),
    (
        "wrong-in-channels",
        "permute(0, 3, 1, 2)",
        None,
        run(nn.Conv2d(3, 2, 3), torch.rand(8, 32, 32, 3)),
    ),
    ("kernel-larger-than-input", "5×5", None, run(nn.Conv2d(1, 2, 5), X[:, :, :3, :3])),
    ("kernel-larger-than-input", "1×1 large", None, run(nn.MaxPool2d(2), X[:, :, :1, :1])),
    ("kernel-larger-than-input", "1×1 large", None, run(nn.AvgPool2d(2), X[:, :, :1, :1])),
    ("norm-size", "`nn.LayerNorm(784)`", None, run(nn.LayerNorm(64), rows)),
    ("norm-size", "`nn.BatchNorm1d(784)`", None, run(nn.BatchNorm1d(64), rows)),
    ("norm-size", "`nn.BatchNorm2d(1)`", None, run(nn.BatchNorm2d(5))),
    ("norm-size", "`nn.BatchNorm1d(784)`", None, run(nn.BatchNorm2d(784), rows)),
    ("batchnorm-of-one-example", "(1, 784)", None, run(nn.BatchNorm1d(784), rows[:1])),
    ("update-without-no-grad", "`-=`", mlp, update_by_hand),
    (
        "loss-not-differentiable",
        "`argmax`",
        mlp,
        lambda: (mlp(X).argmax(1).float().mean()).backward(),
    ),
    (
        "loss-not-differentiable",
        "a comparison",
        mlp,
        lambda: (mlp(X) > 0).float().mean().backward(),
    ),
    (
        "loss-not-differentiable",
        "`.detach`",
        mlp,
        lambda: F.cross_entropy(mlp(X).detach(), y).backward(),
    ),
    ("loss-not-differentiable", "no_grad", mlp, own_loss_without_grad(mlp)),
    (
        "loss-not-differentiable",
        "NumPy",
        mlp,
        lambda: torch.tensor(F.cross_entropy(mlp(X), y).item()).backward(),
    ),
    ("loss-not-differentiable", "requires_grad=False", frozen, loss_of(frozen)),
    (
        "in-place-change",
        "`+=` changed a tensor of shape (32, 10)",
        sigmoid_changed,
        loss_of(sigmoid_changed, rows),
    ),
    ("in-place-change", "torch.where", mask_changed, loss_of(mask_changed, rows)),
    ("backward-twice", "`self.state`", (kept := KeepsState()), two_steps(kept, steps)),
    ("backward-twice", "twice on the same loss", mlp, same_loss_twice(mlp)),
    (
        "loss-not-reduced",
        "(32,)",
        mlp,
        lambda: F.cross_entropy(mlp(X), y, reduction="none").backward(),
    ),
    (
        "parameter-not-leaf",
        "requires_grad_()",
        mlp,
        lambda: torch.optim.SGD([torch.ones(3, requires_grad=True) * 2], lr=1),
    ),
]
