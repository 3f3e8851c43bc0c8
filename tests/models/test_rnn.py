"""Recurrent layers and language models, against PyTorch's layers and against single steps."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import LabelError


class Letters(d2l.HyperParameters):
    """What a language model reads of a vocabulary, of the letters a to e."""

    idx_to_token = list("abcde")
    token_to_idx = {token: i for i, token in enumerate(idx_to_token)}

    def __len__(self):
        return len(self.idx_to_token)

    def __getitem__(self, token):
        return self.token_to_idx[token]


def inputs(num_steps=6, batch=3, num_inputs=4):
    torch.manual_seed(0)
    return torch.randn(num_steps, batch, num_inputs)


def language_model(kind="scratch"):
    torch.manual_seed(1)
    if kind == "scratch":
        return d2l.RNNLMScratch(d2l.RNNScratch(5, 8, sigma=1.0), vocab_size=5)
    return d2l.RNNLM(d2l.GRU(5, 8, num_layers=2, dropout=0.5), vocab_size=5)


def test_the_layer_from_scratch_is_torchs_on_the_same_parameters():
    X, ours, theirs = inputs(), d2l.RNNScratch(4, 5, sigma=1.0), nn.RNN(4, 5)
    weights = {"weight_ih_l0": ours.W_xh.T, "weight_hh_l0": ours.W_hh.T, "bias_ih_l0": ours.b_h}
    theirs.load_state_dict({**weights, "bias_hh_l0": torch.zeros(5)})
    begin = torch.randn(3, 5)
    outputs, state = ours(X, begin)
    expected, last = theirs(X, begin.unsqueeze(0))
    assert torch.allclose(torch.stack(outputs), expected, atol=1e-6)
    assert torch.allclose(state, last[0], atol=1e-6)


@pytest.mark.parametrize("make", [d2l.RNNScratch, d2l.RNN, d2l.GRU])
def test_a_state_goes_on_where_the_call_before_ended(make):
    X, rnn = inputs(), make(4, 5)
    whole, _ = rnn(X)
    first, state = rnn(X[:2])
    rest, _ = rnn(X[2:], state)
    assert torch.allclose(torch.stack([*first, *rest]), torch.stack([*whole]), atol=1e-6)


def test_a_state_in_a_tuple_is_the_state():
    X, rnn = inputs(), d2l.RNNScratch(4, 5)
    _, state = rnn(X[:2])
    assert torch.equal(rnn(X[2:], (state,))[1], rnn(X[2:], state)[1])


def test_gated_units_need_no_number_of_layers():
    outputs, state = d2l.GRU(4, 5)(inputs())
    assert (outputs.shape, state.shape) == ((6, 3, 5), (1, 3, 5))
    assert d2l.GRU(4, 5, 2).hparams == {
        "num_inputs": 4, "num_hiddens": 5, "num_layers": 2, "dropout": 0,
    }  # fmt: skip


def test_one_hot_rows_are_torchs_time_first():
    X = torch.tensor([[0, 4, 2], [1, 1, 3]], dtype=torch.int32)
    rows = language_model().one_hot(X)
    assert rows.dtype == torch.float32
    assert torch.equal(rows, F.one_hot(X.T.long(), 5).float())


def test_the_outputs_are_those_of_every_single_step():
    model, X = language_model(), torch.tensor([[0, 4, 2], [1, 1, 3]])
    H, steps = torch.zeros(2, 8), []
    for x in F.one_hot(X.T, 5).float():
        H = torch.tanh(x @ model.rnn.W_xh + H @ model.rnn.W_hh + model.rnn.b_h)
        steps.append(H @ model.W_hq + model.b_q)
    assert torch.allclose(model(X), torch.stack(steps, dim=1), atol=1e-5)


@pytest.mark.parametrize("kind", ["scratch", "gated"])
def test_predictions_are_the_likeliest_tokens_of_the_text_so_far(kind):
    model, letters, text = language_model(kind), Letters(), "abe"
    predicted = model.predict(text, 7, letters)
    model.eval()
    for _ in range(7):
        X = torch.tensor([[letters[token] for token in text]])
        text += letters.idx_to_token[int(model(X)[0, -1].argmax())]
    assert predicted == text


def test_predicting_leaves_the_model_in_training_and_without_gradients():
    model = language_model("gated").train()
    once, twice = (model.predict("a", 9, Letters()) for _ in range(2))
    assert once == twice  # no dropout
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_nothing_to_predict_gives_the_prefix():
    assert language_model().predict(["c", "a"], 0, Letters()) == "ca"


def test_tokens_that_the_vocabulary_does_not_know_count_as_unknown_with_a_warning():
    vocab = d2l.Vocab(list("abcd"))
    model = d2l.RNNLMScratch(d2l.RNNScratch(len(vocab), 6), len(vocab))
    with pytest.warns(UserWarning, match=r"\['x', '!'\] in the prefix 'ax!' .* 5 tokens"):
        predicted = model.predict("ax!", 0, vocab)
    assert predicted == "a<unk><unk>"


def test_predicting_from_nothing_is_an_error():
    with pytest.raises((IndexError, ValueError), match="prefix=''"):
        language_model().predict("", 3, Letters())


def test_a_negative_number_of_predictions_drops_tokens_of_the_prefix_but_the_first():
    assert [language_model().predict("abc", n, Letters()) for n in (-1, -2, -9)] == ["ab", "a", "a"]


def test_a_token_outside_the_vocabulary_is_an_error():
    with pytest.raises(
        LabelError, match=r"tokens must be in 0..4 because RNNLMScratch has 5; found 0 to 5"
    ):
        language_model()(torch.tensor([[0, 5]]))


def test_the_board_shows_the_perplexity():
    class Pairs(d2l.DataModule):
        batch_size = 2
        X = torch.tensor([[0, 1], [2, 3], [4, 0], [1, 1], [3, 3]])

        def get_dataloader(self, train):
            return self.get_tensorloader((self.X, self.X.flip(1)), train=False)

    model, data = language_model(), Pairs()
    of_all = F.cross_entropy(model(data.X).flatten(0, 1), data.X.flip(1).flatten()).exp().item()
    found = d2l.Trainer(max_epochs=1).validate(model, data)
    assert found == {"val_ppl": pytest.approx(of_all)}
    d2l.Trainer(max_epochs=1).fit(model, data)
    assert set(model.board.points) == {"train_ppl", "val_ppl"}


def test_at_a_temperature_tokens_are_drawn_with_the_models_probabilities():
    model, letters = language_model(), Letters()
    logits = model(torch.tensor([[0, 1]]))[0, -1].detach()
    expected = torch.softmax(logits / 0.7, 0) * 2000
    rng = torch.Generator().manual_seed(0)
    drawn = [model.predict("ab", 1, letters, None, 0.7, rng)[-1] for _ in range(2000)]
    counts = torch.tensor([drawn.count(letter) for letter in letters.idx_to_token])
    assert ((counts - expected) ** 2 / expected).sum() < 18.47  # 4 degrees: once in a thousand


def test_predicting_names_what_it_needs():
    with pytest.raises(TypeError, match=r"model.predict\(prefix, 20, data.vocab\)"):
        language_model().predict("ab")
    same = language_model().predict("ab", num_tokens=3, tok=Letters())
    assert same == language_model().predict("ab", 3, Letters())
