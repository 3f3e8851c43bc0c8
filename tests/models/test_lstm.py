"""Long short-term memory, against PyTorch's layer on the same parameters."""

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import ShapeError

ORDER = "ifco"  # of PyTorch's parameters: input, forget, cell, output


def inputs(num_steps=6, batch=3, num_inputs=4):
    return torch.randn(num_steps, batch, num_inputs)


def torchs(ours):
    """PyTorch's layer with the parameters of ours."""
    layer = nn.LSTM(ours.num_inputs, ours.num_hiddens)
    named = dict(ours.named_parameters())
    weights = {
        "weight_ih_l0": torch.cat([named[f"W_x{gate}"] for gate in ORDER], dim=1).T,
        "weight_hh_l0": torch.cat([named[f"W_h{gate}"] for gate in ORDER], dim=1).T,
        "bias_ih_l0": torch.cat([named[f"b_{gate}"] for gate in ORDER]),
        "bias_hh_l0": torch.zeros(4 * ours.num_hiddens),
    }
    layer.load_state_dict(weights)
    return layer


def scratch():
    layer = d2l.LSTMScratch(4, 5, sigma=1.0)
    for gate in ORDER:
        nn.init.normal_(layer.get_parameter(f"b_{gate}"))
    return layer


@pytest.mark.parametrize("begins", [False, True])
@pytest.mark.parametrize("as_list", [False, True])
def test_the_layer_from_scratch_is_torchs_on_the_same_parameters(begins, as_list):
    ours, X = scratch(), inputs()
    H_C = (torch.randn(3, 5), torch.randn(3, 5)) if begins else None
    outputs, (H, C) = ours([*X] if as_list else X, H_C)
    begin = None if H_C is None else tuple(part.unsqueeze(0) for part in H_C)
    expected, (H_n, C_n) = torchs(ours)(X, begin)
    assert torch.allclose(torch.stack(outputs), expected, atol=1e-5)
    assert torch.allclose(torch.stack((H, C)), torch.cat((H_n, C_n)), atol=1e-5)


def test_the_first_parameters_are_small_and_the_biases_zero():
    layer = d2l.LSTMScratch(200, 100)
    assert abs(layer.W_xi.std().item() / 0.01 - 1) < 0.05
    assert not any(layer.get_parameter(f"b_{gate}").any() for gate in ORDER)
    assert len(list(layer.parameters())) == 12


@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_concise_layer_is_torchs(num_layers):
    layer, X = d2l.LSTM(4, 5, num_layers), inputs()
    theirs = nn.LSTM(4, 5, num_layers)
    theirs.load_state_dict(layer.rnn.state_dict())
    H_C = (torch.randn(num_layers, 3, 5), torch.randn(num_layers, 3, 5))
    for begin in (None, H_C):
        outputs, state = layer(X, begin)
        expected, last = theirs(X, begin)
        assert torch.equal(outputs, expected)
        assert all(torch.equal(a, b) for a, b in zip(state, last, strict=True))
    assert isinstance(layer, d2l.RNN)
    assert layer.hparams["num_layers"] == num_layers


@pytest.mark.parametrize("make", [d2l.LSTMScratch, d2l.LSTM])
def test_a_state_goes_on_where_the_call_before_ended(make):
    X, layer = inputs(), make(4, 5)
    whole, _ = layer(X)
    first, state = layer(X[:2])
    rest, _ = layer(X[2:], state)
    assert torch.allclose(torch.stack([*first, *rest]), torch.stack([*whole]), atol=1e-6)


@pytest.mark.parametrize("make", [d2l.LSTMScratch, d2l.LSTM])
def test_a_language_model_reads_with_it_and_predicts_from_its_state(make):
    letters = d2l.Vocab(list("abcde"))
    model = d2l.RNNLMScratch(make(6, 8), vocab_size=6)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    text = "abe"
    predicted = model.predict(text, 7, letters)
    for _ in range(7):
        X = torch.tensor([letters[list(text)]])
        text += letters.to_tokens(int(model(X)[0, -1].argmax()))
    assert predicted == text


def test_inputs_that_do_not_fit_are_told_in_words():
    X = inputs()
    for layer in (d2l.LSTMScratch(4, 5), d2l.LSTM(4, 5)):
        with pytest.raises(ShapeError, match=r"inputs must have the shape \(num_steps, batch, 4\)"):
            layer(X[..., :3])
    with pytest.raises(ShapeError, match=r"C must have the shape \(3, 5\); found \(2, 5\)"):
        d2l.LSTMScratch(4, 5)(X, (torch.zeros(3, 5), torch.zeros(2, 5)))
