"""Data modules, boards, loops written by hand."""

import torch
from made import noise, whole
from subject import function, method
from torch import nn


def arrays():
    return noise(12, 2), whole(3, 12)


def batches():
    X, y = arrays()
    return [(X[i : i + 4], y[i : i + 4]) for i in range(0, 12, 4)]


def net():
    layer = nn.Linear(2, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.cos(torch.arange(6.0)).reshape(3, 2))
        layer.bias.zero_()
    return layer


def per_example():
    return nn.CrossEntropyLoss(reduction="none")


def trained(d2l):
    layer = net()
    return {
        "net": layer,
        "loss": per_example(),
        "trainer": torch.optim.SGD(layer.parameters(), 0.1),
    }


function("load_array", lambda d2l: {"data_arrays": arrays(), "batch_size": 5, "is_train": False})
function(
    "load_array",
    lambda d2l: {"data_arrays": arrays(), "batch_size": 5, "is_train": True},
    "shuffled",
)
function("evaluate_loss", lambda d2l: {"net": net(), "data_iter": batches(), "loss": per_example()})
function(
    "evaluate_accuracy_gpu", lambda d2l: {"net": net(), "data_iter": batches(), "device": None}
)
function(
    "evaluate_accuracy_gpu",
    lambda d2l: {"net": net(), "data_iter": [([noise(4, 2)], whole(3, 4))]},
    "list",
    is_generated=False,
)
function(
    "train_ch6",
    lambda d2l: {
        "net": net(),
        "train_iter": batches() * 2,
        "test_iter": batches(),
        "num_epochs": 2,
        "lr": 0.1,
        "device": "cpu",
    },
    is_generated=False,
)
function(
    "train_ch13",
    lambda d2l: {**{k: v for k, v in trained(d2l).items() if k == "net"}, **ch13(d2l)},
    is_generated=False,
)
function("train_batch_ch13", lambda d2l: batch_ch13(d2l))
function(
    "split_batch",
    lambda d2l: {"X": noise(4, 2), "y": whole(3, 4), "devices": [torch.device("cpu")]},
)


def ch13(d2l):
    parts = trained(d2l)
    return {
        "net": parts["net"],
        "train_iter": batches() * 2,
        "test_iter": batches(),
        "loss": parts["loss"],
        "trainer": parts["trainer"],
        "num_epochs": 2,
        "devices": [torch.device("cpu")],
    }


def batch_ch13(d2l):
    parts = trained(d2l)
    X, y = arrays()
    return {
        "net": parts["net"],
        "X": X,
        "y": y,
        "loss": parts["loss"],
        "trainer": parts["trainer"],
        "devices": [torch.device("cpu")],
    }


def sgd_ch11(params, states, hyperparams):
    for p in params:
        p.data.sub_(hyperparams["lr"] * p.grad)
        p.grad.data.zero_()


def regression():
    X = noise(40, 5)
    return [(X[i : i + 4], X[i : i + 4].sum(1)) for i in range(0, 40, 4)] * 21


function(
    "train_ch11",
    lambda d2l: {
        "trainer_fn": sgd_ch11,
        "states": None,
        "hyperparams": {"lr": 0.05},
        "data_iter": regression(),
        "feature_dim": 5,
        "num_epochs": 1,
    },
    is_generated=False,
    look=lambda result: result[1],
)
function(
    "train_concise_ch11",
    lambda d2l: {
        "trainer_fn": torch.optim.SGD,
        "hyperparams": {"lr": 0.05},
        "data_iter": regression(),
        "num_epochs": 1,
    },
    is_generated=False,
)


class Words(nn.Module):
    """A translator that is a table: logits for each token of the target, and no state."""

    def __init__(self, returns_pair=True):
        super().__init__()
        self.table = nn.Embedding(6, 6)
        self.returns_pair = returns_pair
        nn.init.ones_(self.table.weight)

    def forward(self, X, dec_X, valid_len):
        Y = self.table(dec_X) + X.float().mean() / 9
        return (Y, None) if self.returns_pair else Y


def translations():
    one = (whole(6, 3, 4), torch.tensor([2, 3, 4]), whole(6, 3, 4, seed=1), torch.tensor([4, 2, 3]))
    return [one] * 2


def target_vocab(d2l):
    return d2l.Vocab(["a", "b"], reserved_tokens=["<pad>", "<bos>", "<eos>"])


function(
    "train_seq2seq",
    lambda d2l: {
        "net": Words(),
        "data_iter": translations(),
        "lr": 0.01,
        "num_epochs": 10,
        "tgt_vocab": target_vocab(d2l),
        "device": torch.device("cpu"),
    },
)

method("SyntheticRegressionData", lambda d2l, C: data(d2l, C), "train_dataloader", lambda d2l: {})
method("SyntheticRegressionData", lambda d2l, C: data(d2l, C), "val_dataloader", lambda d2l: {})
method(
    "SyntheticRegressionData",
    lambda d2l, C: data(d2l, C),
    "get_dataloader",
    lambda d2l: {"train": True},
)
method(
    "SyntheticRegressionData",
    lambda d2l, C: data(d2l, C),
    "get_tensorloader",
    lambda d2l: {"tensors": (noise(6, 2), noise(6)), "train": False, "indices": slice(1, 4)},
)
for kind, w in {
    "list": [2, -3.4],
    "int": torch.tensor([2, -3]),
    "column": torch.tensor([[2.0], [1.0]]),
    "float64": torch.tensor([2.0, 1]).double(),
}.items():
    method(
        "SyntheticRegressionData",
        lambda d2l, C, w=w: C(w, 1.0, num_train=6, num_val=4, batch_size=4),
        "val_dataloader",
        lambda d2l: {},
        kind,
        is_generated=False,
    )


def data(d2l, C):
    torch.manual_seed(0)
    return C(torch.tensor([2, -3.4]), 4.2, num_train=6, num_val=4, batch_size=4)


def bare(d2l, C):
    module = C()
    module.batch_size = 2
    return module


method(
    "DataModule",
    bare,
    "get_tensorloader",
    lambda d2l: {"tensors": (noise(6, 2), noise(6)), "train": False, "indices": slice(0, None)},
)
method("DataModule", bare, "train_dataloader", lambda d2l: {})
function("get_dataloader_workers", lambda d2l: {}, is_generated=False)
function("get_data_ch11", lambda d2l: {"batch_size": 5, "n": 10}, is_generated=False)
function("DataModule", lambda d2l: {"root": "../data", "num_workers": 4}, is_generated=False)


method(
    "ProgressBoard",
    lambda d2l, C: C(xlabel="x", ylabel="y"),
    "draw",
    lambda d2l: {"x": 1.0, "y": 2.0, "label": "loss", "every_n": 1},
)
method(
    "Animator",
    lambda d2l, C: C(xlabel="epoch", legend=["a", "b"]),
    "add",
    lambda d2l: {"x": 1, "y": (0.5, 0.25)},
)
method(
    "Trainer", lambda d2l, C: C(2), "prepare_batch", lambda d2l: {"batch": (noise(2, 3), noise(2))}
)
method(
    "Trainer",
    lambda d2l, C: C(2),
    "clip_gradients",
    lambda d2l: {"grad_clip_val": 0.1, "model": linear_with_gradient()},
)
for kind, epochs in {"numpy": __import__("numpy").int64(2), "0-d": torch.tensor(2)}.items():
    method(
        "Trainer",
        lambda d2l, C, e=epochs: C(e),
        "prepare_batch",
        lambda d2l: {"batch": (noise(2, 3), noise(2))},
        f"{kind} epochs",
        is_generated=False,
    )


def linear_with_gradient():
    layer = net()
    layer(noise(4, 2)).sum().backward()
    return layer
