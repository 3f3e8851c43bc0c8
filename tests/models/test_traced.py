"""PyTorch's tools that read a model's code can read the layers: TorchScript, torch.fx, compile.

In a process without the contracts of the tests, whose wrappers those tools cannot read.
"""

import subprocess
import sys

import pytest

PROGRAM = """
import torch
from torch import nn
from d2l import torch as d2l

X, T, IMAGES = torch.rand(2, 3, 4), torch.tensor([[0, 1, 2], [3, 3, 0]]), torch.rand(2, 4, 6, 6)
LAYERS = {
    "script": [
        (d2l.AddNorm(4, 0.1), X, X), (d2l.PositionWiseFFN(4, 8), X),
        (d2l.PositionalEncoding(4, 0.1), X), (d2l.LinearRegression(0.1), X[0]),
        (d2l.LinearRegressionScratch(4, 0.1), X[0]), (d2l.SoftmaxRegression(3, 0.1), X[0]),
        (d2l.MaskLM(4, 8), X, T[:, :2] % 3), (d2l.NextSentencePred(), X[0]),
    ],
    "fx": [
        (d2l.AddNorm(4, 0.1), X, X), (d2l.PositionWiseFFN(4, 8), X), (d2l.Residual(4), IMAGES),
        (d2l.RNN(4, 8), X), (d2l.GRU(4, 8, 2), X), (d2l.RNNLM(d2l.RNN(4, 8), 4), T),
        (d2l.Seq2SeqEncoder(4, 5, 6, 2), T), (d2l.MaskLM(4, 8), X, T[:, :2] % 3),
        (d2l.NextSentencePred(), X[0]), (d2l.LeNet(), torch.rand(2, 1, 28, 28)),
    ],
    "compile": [
        (d2l.AddNorm(4, 0.1), X, X), (d2l.RNNScratch(4, 8), X),
        (d2l.MultiHeadAttention(8, 2, 0.1), X, X, X, torch.tensor([2, 3])),
        (d2l.TransformerEncoder(4, 8, 9, 2, 1, 0.1), T, torch.tensor([2, 3])),
    ],
}
TOOLS = {
    "script": torch.jit.script,
    "fx": torch.fx.symbolic_trace,
    "compile": lambda layer: torch.compile(layer, backend="eager", fullgraph=True),
}

def flat(result):
    if isinstance(result, torch.Tensor):
        return result.flatten()
    return torch.cat([flat(part) for part in result])

for layer, *inputs in LAYERS[NAME]:
    layer.eval()
    expected = layer(*inputs)
    found = TOOLS[NAME](layer)(*inputs)
    torch.testing.assert_close(flat(found), flat(expected), msg=type(layer).__name__)
"""


@pytest.mark.parametrize("tool", ["script", "fx", "compile"])
def test_layers_can_be_read_by(tool):
    program = f"NAME = {tool!r}{PROGRAM}"
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
