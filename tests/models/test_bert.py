"""BERT: shapes, the gathered words, and losses that count masked words alone."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import LabelError

TOKENS = torch.arange(12).reshape(2, 6) % 9
SEGMENTS = torch.tensor([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 0, 0]])
LENGTHS = torch.tensor([6.0, 4.0])
POSITIONS = torch.tensor([[1, 5, 0], [3, 0, 0]])
NO_POSITIONS = torch.empty(2, 0, dtype=torch.int64)


def bert(dropout=0.0):
    torch.manual_seed(0)
    return d2l.BERTModel(9, 8, 16, num_heads=2, num_blks=2, dropout=dropout, max_len=20)


def test_the_encoder_is_its_blocks_after_three_embeddings():
    net = bert().encoder
    X = net.token_embedding.weight[TOKENS] + net.segment_embedding.weight[SEGMENTS]
    outputs, H = net(TOKENS, SEGMENTS, LENGTHS), X + net.pos_embedding[:, :6]
    for block in (net.blks[0], net.blks[1]):
        H = block(H, LENGTHS)
    assert torch.allclose(outputs, H, atol=1e-6)
    assert net.pos_embedding.shape == (1, 20, 8)
    assert net.blks[0].attention.W_q.bias is not None


def test_masked_words_are_predicted_from_their_own_places():
    mlm, X = d2l.MaskLM(9, 8), torch.randn(2, 6, 8)
    predicted = mlm(X, POSITIONS)
    assert predicted.shape == (2, 3, 9)
    for i, j in ((0, 1), (1, 0), (1, 2)):
        assert torch.allclose(predicted[i, j], mlm.mlp(X[i, POSITIONS[i, j]]), atol=1e-6)


def test_the_model_gives_tokens_words_and_next_sentences():
    net = bert()
    encoded, words, sentences = net(TOKENS, SEGMENTS, LENGTHS, POSITIONS)
    assert [Y.shape for Y in (encoded, words, sentences)] == [(2, 6, 8), (2, 3, 9), (2, 2)]
    hidden = torch.tanh(encoded[:, 0] @ net.hidden[0].weight.T + net.hidden[0].bias)
    assert torch.allclose(sentences, net.nsp(hidden), atol=1e-6)
    assert net(TOKENS, SEGMENTS)[1] is None


def test_no_masked_words_give_no_predictions():
    assert bert()(TOKENS, SEGMENTS, None, NO_POSITIONS)[1].shape == (2, 0, 9)


def losses(net, positions, weights, words, loss=None):
    return d2l._get_batch_loss_bert(
        net, loss or nn.CrossEntropyLoss(), 9, TOKENS, SEGMENTS, LENGTHS, positions, weights,
        words, torch.tensor([0, 1]),
    )  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_the_loss_is_the_mean_over_the_masked_words(reduction):
    net, words = bert(), torch.tensor([[4, 8, 0], [2, 0, 0]])
    weights = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    mlm_l, nsp_l, both = losses(
        net, POSITIONS, weights, words, nn.CrossEntropyLoss(reduction=reduction)
    )
    _, Y_hat, sentences = net(TOKENS, SEGMENTS, LENGTHS, POSITIONS)
    masked = torch.stack([Y_hat[0, 0], Y_hat[0, 1], Y_hat[1, 0]])
    assert torch.allclose(mlm_l, F.cross_entropy(masked, torch.tensor([4, 8, 2])))
    assert torch.allclose(nsp_l, F.cross_entropy(sentences, torch.tensor([0, 1])))
    assert torch.allclose(both, mlm_l + nsp_l)


@pytest.mark.parametrize("positions", [POSITIONS, NO_POSITIONS])
def test_a_batch_without_masked_words_learns_from_its_sentences_alone(positions):
    net, empty = bert(), torch.zeros(positions.shape)
    mlm_l, nsp_l, both = losses(net, positions, empty, empty.to(torch.int64))
    both.backward()
    assert mlm_l.item() == 0
    assert both.item() == nsp_l.item() > 0
    grads = [p.grad for p in net.parameters() if p.grad is not None]
    assert all(grad.isfinite().all() for grad in grads)


@pytest.mark.parametrize("call, what", [
    (lambda: bert()(TOKENS + 9, SEGMENTS), "tokens must be in 0..8.*found 9 to 17"),
    (lambda: bert()(TOKENS, SEGMENTS + 1), "segments must be in 0..1.*found 1 to 2"),
    (lambda: bert()(TOKENS, SEGMENTS, None, POSITIONS + 1), "pred_positions .* 0..5.*1 to 6"),
])  # fmt: skip
def test_numbers_that_stand_for_nothing_are_an_error(call, what):
    with pytest.raises(LabelError, match=what):
        call()
