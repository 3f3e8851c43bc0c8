"""Chapters 3 to 11, 15 and 20: modules, their arithmetic, what they initialise."""

import torch
from made import noise, whole
from subject import function, method, model
from torch import nn

LENS = [2, 3]


def lens(*numbers):
    return torch.tensor(numbers or LENS)


model("LinearRegression", lambda d2l, C: C(0.1), lambda d2l: {"X": noise(4, 3)})
model("LinearRegressionScratch", lambda d2l, C: C(3, 0.1), lambda d2l: {"X": noise(4, 3)})
for name, args in (("LinearRegression", (0.1,)), ("LinearRegressionScratch", (3, 0.1))):
    method(
        name,
        lambda d2l, C, a=args: C(*a),
        "loss",
        lambda d2l: {"y_hat": noise(4, 1), "y": noise(4, 1, seed=1)},
    )
    batch = lambda d2l: {"batch": (noise(4, 3), noise(4, 1, seed=1))}  # noqa: E731
    method(name, lambda d2l, C, a=args: quiet(C(*a)), "training_step", batch)
    method(name, lambda d2l, C, a=args: quiet(C(*a)), "validation_step", batch)
method("LinearRegression", lambda d2l, C: seen(C(0.1)), "get_w_b", lambda d2l: {})
method("LinearRegression", lambda d2l, C: C(0.1), "configure_optimizers", lambda d2l: {})


def quiet(net):
    net.plot = lambda *args, **kwargs: None
    return net


def seen(net):
    net(noise(4, 3))
    return net


model("SoftmaxRegression", lambda d2l, C: C(3, 0.1), lambda d2l: {"X": noise(4, 2, 2)})
method(
    "SoftmaxRegression",
    lambda d2l, C: C(3, 0.1),
    "accuracy",
    lambda d2l: {"Y_hat": noise(4, 3), "Y": whole(3, 4), "averaged": False},
)
method(
    "SoftmaxRegression",
    lambda d2l, C: C(3, 0.1),
    "loss",
    lambda d2l: {"Y_hat": noise(4, 3), "Y": whole(3, 4), "averaged": True},
)
method(
    "SoftmaxRegression",
    lambda d2l, C: C(3, 0.1),
    "loss",
    lambda d2l: {"Y_hat": noise(4, 2, 3), "Y": whole(3, 4, 2), "averaged": False},
    "sequences",
)
method(
    "SoftmaxRegression", lambda d2l, C: C(3, 0.1), "layer_summary", lambda d2l: {"X_shape": (2, 4)}
)
method(
    "SoftmaxRegression",
    lambda d2l, C: quiet(C(3, 0.1)),
    "training_step",
    lambda d2l: {"batch": (noise(4, 4), whole(3, 4))},
)
method(
    "SoftmaxRegression",
    lambda d2l, C: quiet(C(3, 0.1)),
    "validation_step",
    lambda d2l: {"batch": [noise(4, 4), whole(3, 4)]},
)
method("LeNet", lambda d2l, C: C(0.1, 5), "__call__", lambda d2l: {"X": noise(2, 1, 28, 28)})
method(
    "LeNet",
    lambda d2l, C: C(),
    "apply_init",
    lambda d2l: {"inputs": [noise(2, 1, 28, 28)], "init": d2l.init_cnn},
)
method("LeNet", lambda d2l, C: C(), "layer_summary", lambda d2l: {"X_shape": (1, 1, 28, 28)})
model("Residual", lambda d2l, C: C(3, True, 2), lambda d2l: {"X": noise(2, 2, 6, 6)})
model("Residual", lambda d2l, C: C(2), lambda d2l: {"X": noise(2, 2, 6, 6)}, "plain")
model(
    "Residual",
    lambda d2l, C: C(3),
    lambda d2l: {"X": noise(2, 2, 6, 6)},
    "channels that do not fit",
)
model("ResNeXtBlock", lambda d2l, C: C(4, 2, 1), lambda d2l: {"X": noise(2, 4, 6, 6)})
model(
    "ResNeXtBlock",
    lambda d2l, C: C(4, 2, 0.5, True, strides=2),
    lambda d2l: {"X": noise(2, 4, 6, 6)},
    "half",
)
function("resnet18", lambda d2l: {"num_classes": 3, "in_channels": 1}, is_generated=False)
function("init_cnn", lambda d2l: {"module": nn.Linear(2, 3)})
function("init_seq2seq", lambda d2l: {"module": nn.GRU(2, 3)})

model("RNN", lambda d2l, C: C(3, 4), lambda d2l: {"inputs": noise(5, 2, 3), "H": noise(1, 2, 4)})
model("GRU", lambda d2l, C: C(3, 4, 2), lambda d2l: {"inputs": noise(5, 2, 3), "H": noise(2, 2, 4)})
model(
    "RNNScratch",
    lambda d2l, C: C(3, 4),
    lambda d2l: {"inputs": noise(5, 2, 3), "state": noise(2, 4)},
)
model("RNNScratch", lambda d2l, C: C(3, 4), lambda d2l: {"inputs": noise(5, 2, 3)}, "no state")
model(
    "RNNLMScratch",
    lambda d2l, C: C(d2l.RNNScratch(5, 4), 5, 0.1),
    lambda d2l: {"X": whole(5, 2, 6), "state": noise(2, 4)},
)
method(
    "RNNLMScratch",
    lambda d2l, C: C(d2l.RNNScratch(5, 4), 5, 0.1),
    "one_hot",
    lambda d2l: {"X": whole(5, 2, 6)},
)
method(
    "RNNLMScratch",
    lambda d2l, C: C(d2l.RNNScratch(5, 4), 5, 0.1),
    "output_layer",
    lambda d2l: {"rnn_outputs": [noise(2, 4)] * 3},
)
method(
    "RNNLMScratch",
    lambda d2l, C: C(d2l.RNNScratch(4, 4), 4, 0.1),
    "predict",
    lambda d2l: {"prefix": "ab", "num_preds": 3, "vocab": d2l.Vocab(list("abc")), "device": None},
)
model(
    "RNNLM",
    lambda d2l, C: C(d2l.RNN(5, 4), 5, 0.1),
    lambda d2l: {"X": whole(5, 2, 6), "state": noise(1, 2, 4)},
)
method(
    "RNNLM",
    lambda d2l, C: C(d2l.RNN(5, 4), 5, 0.1),
    "output_layer",
    lambda d2l: {"hiddens": noise(6, 2, 4)},
)
method(
    "RNNLM",
    lambda d2l, C: C(d2l.GRU(4, 4, 1), 4, 0.1),
    "predict",
    lambda d2l: {"prefix": "ab", "num_preds": 3, "vocab": d2l.Vocab(list("abc"))},
)

function("sequence_mask", lambda d2l: {"X": noise(2, 4), "valid_len": lens(), "value": -1})
function("sequence_mask", lambda d2l: {"X": noise(2, 4, 3), "valid_len": lens()}, "features")
function("masked_softmax", lambda d2l: {"X": noise(2, 3, 4), "valid_lens": lens()})
function(
    "masked_softmax",
    lambda d2l: {"X": noise(2, 3, 4), "valid_lens": lens(1, 2, 3, 4, 2, 1).reshape(2, 3)},
    "each query",
)
function("masked_softmax", lambda d2l: {"X": noise(2, 3, 4), "valid_lens": None}, "no lengths")
model(
    "MaskedSoftmaxCELoss",
    lambda d2l, C: C(),
    lambda d2l: {"pred": noise(2, 4, 5), "label": whole(5, 2, 4), "valid_len": lens()},
)


def QKV(d2l):
    return {
        "queries": noise(2, 3, 4),
        "keys": noise(2, 5, 4, seed=1),
        "values": noise(2, 5, 6, seed=2),
        "valid_lens": lens(),
    }


model("DotProductAttention", lambda d2l, C: C(0), QKV)
model(
    "DotProductAttention",
    lambda d2l, C: C(dropout=0.0),
    lambda d2l: {**QKV(d2l), "valid_lens": None},
    "no lengths",
)
model("AdditiveAttention", lambda d2l, C: C(4, 0), QKV)
model("MultiHeadAttention", lambda d2l, C: C(4, 2, 0), QKV)
model(
    "MultiHeadAttention",
    lambda d2l, C: C(4, 2, 0.0, bias=True),
    lambda d2l: {**QKV(d2l), "valid_lens": lens(1, 2, 3, 4, 2, 1).reshape(2, 3)},
    "each query",
)
method(
    "MultiHeadAttention",
    lambda d2l, C: C(4, 2, 0),
    "transpose_qkv",
    lambda d2l: {"X": noise(2, 3, 4)},
)
method(
    "MultiHeadAttention",
    lambda d2l, C: C(4, 2, 0),
    "transpose_output",
    lambda d2l: {"X": noise(4, 3, 2)},
)
model("PositionalEncoding", lambda d2l, C: C(4, 0, 10), lambda d2l: {"X": noise(2, 3, 4)})
model("PositionWiseFFN", lambda d2l, C: C(4, 3), lambda d2l: {"X": noise(2, 3, 5)})
model(
    "AddNorm",
    lambda d2l, C: C(4, 0),
    lambda d2l: {"X": noise(2, 3, 4), "Y": noise(2, 3, 4, seed=1)},
)
model(
    "AddNorm",
    lambda d2l, C: C([3, 4], 0.0),
    lambda d2l: {"X": noise(2, 3, 4), "Y": noise(4, seed=1)},
    "broadcast",
)
model(
    "TransformerEncoderBlock",
    lambda d2l, C: C(4, 8, 2, 0),
    lambda d2l: {"X": noise(2, 3, 4), "valid_lens": lens()},
)
model(
    "TransformerEncoder",
    lambda d2l, C: C(7, 4, 8, 2, 2, 0),
    lambda d2l: {"X": whole(7, 2, 3), "valid_lens": lens()},
)
model("Seq2SeqEncoder", lambda d2l, C: C(7, 3, 4, 2, 0), lambda d2l: {"X": whole(7, 2, 3)})
model(
    "BERTEncoder",
    lambda d2l, C: C(7, 4, 8, 2, 1, 0, max_len=10),
    lambda d2l: {"tokens": whole(7, 2, 5), "segments": whole(2, 2, 5), "valid_lens": lens()},
)
model(
    "BERTModel",
    lambda d2l, C: C(7, 4, 8, 2, 1, 0, max_len=10),
    lambda d2l: {
        "tokens": whole(7, 2, 5),
        "segments": whole(2, 2, 5),
        "valid_lens": lens(),
        "pred_positions": whole(5, 2, 2),
    },
)
model(
    "MaskLM",
    lambda d2l, C: C(7, 4),
    lambda d2l: {"X": noise(2, 5, 4), "pred_positions": whole(5, 2, 2)},
)
model("NextSentencePred", lambda d2l, C: C(), lambda d2l: {"X": noise(2, 5)})


class Copier:
    """Mixed into a decoder: the state is the source, a token at each step."""

    def init_state(self, enc_all_outputs, *args):
        return enc_all_outputs

    def forward(self, X, state):
        return nn.functional.one_hot(X, 8).float() + state.float().mean(), state


class Reader:
    """Mixed into an encoder: the source as it is."""

    def forward(self, X, *args):
        return X


def translator(d2l, C, *more):
    encoder, decoder = (
        type("E", (Reader, d2l.Encoder), {})(),
        type("D", (Copier, d2l.Decoder), {})(),
    )
    return C(encoder, decoder, *more)


model(
    "EncoderDecoder",
    translator,
    lambda d2l: {"enc_X": whole(7, 2, 3), "dec_X": whole(7, 2, 4), "_lens": lens()},
)
method(
    "EncoderDecoder",
    translator,
    "predict_step",
    lambda d2l: {
        "batch": (whole(7, 2, 3), whole(7, 2, 4), lens(), whole(7, 2, 4)),
        "device": torch.device("cpu"),
        "num_steps": 3,
    },
)
method("Seq2Seq", lambda d2l, C: translator(d2l, C, 0, 0.1), "configure_optimizers", lambda d2l: {})
method(
    "Seq2Seq",
    lambda d2l, C: quiet(translator(d2l, C, 0, 0.1)),
    "validation_step",
    lambda d2l: {"batch": (whole(7, 2, 3), whole(7, 2, 4), lens(), whole(7, 2, 4))},
)
for name in ("Encoder", "Decoder", "AttentionDecoder"):
    model(name, lambda d2l, C: C(), lambda d2l: {"X": noise(2, 3), "_state": None})
method("Decoder", lambda d2l, C: C(), "init_state", lambda d2l: {"enc_all_outputs": noise(2, 3)})


def gan(d2l):
    D, G = nn.Linear(2, 1), nn.Linear(2, 2)
    for net in (D, G):
        nn.init.ones_(net.weight)
        nn.init.zeros_(net.bias)
    return D, G


def gan_args(d2l, for_D):
    D, G = gan(d2l)
    loss = nn.BCEWithLogitsLoss(reduction="sum")
    more = {"net_D": D, "net_G": G, "loss": loss}
    if for_D:
        return {
            "X": noise(4, 2),
            "Z": noise(4, 2, seed=1),
            **more,
            "trainer_D": torch.optim.SGD(D.parameters(), 0.1),
        }
    return {"Z": noise(4, 2, seed=1), **more, "trainer_G": torch.optim.SGD(G.parameters(), 0.1)}


function("update_D", lambda d2l: gan_args(d2l, True))
function("update_G", lambda d2l: gan_args(d2l, False))

method("Module", lambda d2l, C: C(), "__call__", lambda d2l: {"X": noise(2, 3)})
method("Module", lambda d2l, C: C(), "loss", lambda d2l: {"y_hat": noise(2, 1), "y": noise(2, 1)})
method("Module", lambda d2l, C: C(), "configure_optimizers", lambda d2l: {})
method(
    "Module",
    lambda d2l, C: C(3, 4),
    "plot",
    lambda d2l: {"key": "loss", "value": noise(1), "train": True},
)
method(
    "Classifier",
    lambda d2l, C: C(),
    "accuracy",
    lambda d2l: {"Y_hat": noise(4, 3), "Y": whole(3, 4)},
)
method("Classifier", lambda d2l, C: C(), "configure_optimizers", lambda d2l: {})
