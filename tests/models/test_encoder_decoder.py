"""Encoders, decoders, and the model that joins them: shapes, losses, predictions step by step."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from translators import BOS, PAD, Sentences, Seq2SeqAttentionDecoder, TransformerDecoder

from d2l import torch as d2l
from d2l.errors import LabelError

DATA = Sentences(backwards=True, num_train=8, num_val=8, batch_size=8)
BATCH = [part[:4] for part in DATA.arrays]


def recurrent(dropout=0.0):
    torch.manual_seed(0)
    encoder = d2l.Seq2SeqEncoder(DATA.vocab_size, 8, 16, 2, dropout)
    decoder = Seq2SeqAttentionDecoder(DATA.vocab_size, 8, 16, 2, dropout)
    return d2l.Seq2Seq(encoder, decoder, tgt_pad=PAD, lr=0.01)


def transformer(dropout=0.0):
    torch.manual_seed(0)
    encoder = d2l.TransformerEncoder(DATA.vocab_size, 8, 16, 2, 2, dropout)
    decoder = TransformerDecoder(DATA.vocab_size, 8, 16, 2, 2, dropout)
    return d2l.Seq2Seq(encoder, decoder, tgt_pad=PAD, lr=0.01)


def logits(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_the_encoder_gives_outputs_and_state_time_first():
    encoder = d2l.Seq2SeqEncoder(vocab_size=10, embed_size=8, num_hiddens=16, num_layers=2)
    X = torch.arange(36).reshape(4, 9) % 10
    outputs, state = encoder(X, torch.tensor([9, 1, 2, 3]))
    d2l.check_shape(outputs, (9, 4, 16))
    d2l.check_shape(state, (2, 4, 16))
    embedded = encoder.embedding.weight[X.T]
    assert torch.allclose(outputs, encoder.rnn.rnn(embedded)[0], atol=1e-6)
    assert encoder.rnn.num_hiddens == 16


def test_the_first_weights_are_xaviers_in_linear_layers_and_grus_alone():
    net = nn.Sequential(nn.Linear(30, 20), nn.GRU(30, 20), nn.LSTM(30, 20), nn.LazyLinear(3))
    before = [parameter.clone() for parameter in net[2].parameters()]
    biases = net[1].bias_ih_l0.clone()
    net.apply(d2l.init_seq2seq)
    for weight in (net[0].weight, net[1].weight_ih_l0, net[1].weight_hh_l0):
        bound = (6 / sum(weight.shape)) ** 0.5
        assert bound * 0.95 < weight.abs().max() <= bound
    assert torch.equal(net[1].bias_ih_l0, biases)
    assert all(torch.equal(a, b) for a, b in zip(before, net[2].parameters(), strict=True))


def test_padding_adds_nothing_to_the_loss():
    model, Y_hat = recurrent(), logits(2, 4, 9)
    Y = torch.tensor([[3, 4, PAD, PAD], [5, PAD, PAD, PAD]])
    kept = Y != PAD
    expected = F.cross_entropy(Y_hat[kept], Y[kept])
    assert torch.allclose(model.loss(Y_hat, Y), expected)
    each = model.loss(Y_hat, Y, averaged=False)
    assert each.shape == (8,)
    assert torch.allclose(each.sum() / 3, expected)
    assert each.reshape(2, 4)[~kept].tolist() == [0] * 5


def test_a_batch_of_padding_alone_has_no_loss():
    Y_hat = logits(2, 4, 9).requires_grad_()
    loss = recurrent().loss(Y_hat, torch.full((2, 4), PAD))
    loss.backward()
    assert loss.item() == 0
    assert Y_hat.grad.abs().max() == 0


@pytest.mark.parametrize("make", [recurrent, transformer])
def test_what_lies_beyond_the_length_of_a_source_changes_nothing(make):
    model, (src, tgt, lengths, _) = make().eval(), BATCH
    other = torch.where(src == PAD, 5, src)
    answers = [model(X, tgt, lengths) for X in (src, other)]
    if make is transformer:  # a recurrent encoder's last state has read the padding
        assert torch.allclose(*answers, atol=1e-6)
    assert answers[0].shape == (4, DATA.num_steps, DATA.vocab_size)


@pytest.mark.parametrize("make", [recurrent, transformer])
def test_predictions_are_the_likeliest_tokens_fed_back(make):
    model, (src, _, lengths, _) = make(dropout=0.5), BATCH
    tokens, weights = model.predict_step(BATCH, "cpu", 5)
    assert model.training
    assert weights == []
    model.eval()
    dec_X = torch.full((4, 1), BOS)
    for _ in range(5):
        dec_X = torch.cat((dec_X, model(src, dec_X, lengths)[:, -1:].argmax(2)), dim=1)
    assert torch.equal(tokens, dec_X[:, 1:])


@pytest.mark.parametrize("make", [recurrent, transformer])
def test_attention_weights_of_each_step_are_kept_when_asked_for(make):
    model, lengths = make(), BATCH[2]
    _, steps = model.predict_step(BATCH, torch.device("cpu"), 5, save_attention_weights=True)
    assert len(steps) == 5
    if make is recurrent:
        weights = torch.stack([step[0] for step in steps])  # (5, 4, 1, num_steps)
        is_padding = torch.arange(DATA.num_steps) >= lengths[:, None]
        assert weights.shape == (5, 4, 1, DATA.num_steps)
        assert weights[:, is_padding[:, None]].abs().max() == 0
        assert torch.allclose(weights.sum(-1), torch.ones(5, 4, 1))
    else:
        shapes = [[tuple(block.shape) for block in kind] for kind in steps[-1]]
        assert shapes == [[(8, 1, 5)] * 2, [(8, 1, DATA.num_steps)] * 2]
        of_encoder = torch.cat(model.encoder.attention_weights)
        assert of_encoder.shape == (2 * 8, DATA.num_steps, DATA.num_steps)


def test_no_steps_give_no_tokens():
    tokens, _ = recurrent().predict_step(BATCH, "cpu", 0)
    assert tokens.shape == (4, 0)


@pytest.mark.parametrize("make", [recurrent, transformer])
def test_a_fit_shows_both_losses_and_weighs_tokens(make):
    model = make()
    d2l.Trainer(max_epochs=2, gradient_clip_val=1).fit(model, DATA)
    assert {k: len(v) for k, v in model.board.points.items()} == {"train_loss": 2, "val_loss": 2}
    src, tgt, lengths, label = (part[8:] for part in DATA.arrays)
    with torch.no_grad():
        Y_hat = model.eval()(src, tgt, lengths)
    expected = F.cross_entropy(Y_hat[label != PAD], label[label != PAD]).item()
    assert model.board.latest()["val_loss"] == pytest.approx(expected, rel=1e-4)


def test_translators_are_trained_by_adam():
    optimizer = recurrent().configure_optimizers()
    assert isinstance(optimizer, torch.optim.Adam)
    assert optimizer.param_groups[0]["lr"] == 0.01


@pytest.mark.parametrize("part, what", [
    (lambda: d2l.Encoder()(1), r"Encoder must define forward\(self, X, \*args\)"),
    (lambda: d2l.Decoder()(1, 2), r"define forward\(self, X, state\)"),
    (lambda: d2l.Decoder().init_state(1), r"define init_state\(self, enc_all_outputs"),
    (lambda: d2l.AttentionDecoder().attention_weights, "property attention_weights"),
])  # fmt: skip
def test_a_part_that_is_not_written_yet_says_what_to_write(part, what):
    with pytest.raises(NotImplementedError, match=what):
        part()


def test_a_source_token_outside_the_vocabulary_is_an_error():
    with pytest.raises(LabelError, match=r"tokens must be in 0..8.*found 0 to 9"):
        recurrent().encoder(torch.tensor([[0, 9]]))
