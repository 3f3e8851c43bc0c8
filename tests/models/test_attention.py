"""Attention against PyTorch's own layers and against formulas written out, and its weights."""

import copy
import math
import pickle

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import ModelError
from d2l.models.transformers.attention import MIN_FUSED_KEYS_ON_CPU

LENGTHS = [None, torch.tensor([1, 7, 4]), torch.tensor([[1, 7, 4, 2, 5]] * 3)]
MANY = 2 * MIN_FUSED_KEYS_ON_CPU  # so many that the fused kernel is used


def parts(*, grad=False, num_keys=7):
    """Queries (3, 5, 8), keys (3, num_keys, 8), values (3, num_keys, 4)."""
    torch.manual_seed(0)
    shapes = (3, 5, 8), (3, num_keys, 8), (3, num_keys, 4)
    return [torch.randn(*shape, requires_grad=grad) for shape in shapes]


def weights_by_hand(queries, keys, valid_lens):
    scores = torch.einsum("bqd,bkd->bqk", queries, keys) / math.sqrt(queries.shape[-1])
    return d2l.masked_softmax(scores, valid_lens)


def gradients(outputs, inputs):
    ramp = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
    return torch.autograd.grad((outputs * ramp).sum(), inputs)


def all_close(left, right):
    return all(torch.allclose(a, b, atol=1e-6) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("valid_lens", LENGTHS)
@pytest.mark.parametrize("num_keys, asked_before", [(7, False), (MANY, False), (MANY, True)])
def test_dot_products_weigh_the_values(valid_lens, num_keys, asked_before):
    inputs = parts(grad=True, num_keys=num_keys)
    queries, keys, values = inputs
    attention = d2l.DotProductAttention(dropout=0)
    if asked_before:  # then the weights are computed at once, and not by the fused kernel
        attention(*inputs, valid_lens)
        _ = attention.attention_weights
    weights = weights_by_hand(queries, keys, valid_lens)
    outputs = attention(*inputs, valid_lens)
    assert torch.allclose(outputs, weights @ values, atol=1e-6)
    assert torch.allclose(attention.attention_weights, weights, atol=1e-6)
    assert all_close(gradients(outputs, inputs), gradients(weights @ values, inputs))


@pytest.mark.parametrize("dropout, num_keys", [(0, 7), (0, MANY), (0.5, 7)])
@pytest.mark.parametrize("is_looked_at", [True, False])
def test_a_query_with_no_valid_key_reads_zeros(dropout, num_keys, is_looked_at, monkeypatch):
    if not is_looked_at:  # as on a GPU, where a look would be a wait
        monkeypatch.setattr("d2l.models.transformers.masks._is_costly_to_read", lambda tensor: True)
    inputs = parts(grad=True, num_keys=num_keys)
    attention = d2l.DotProductAttention(dropout)
    outputs = attention(*inputs, torch.tensor([0, 7, 4]))
    assert outputs[0].abs().max() == 0
    assert outputs[1:].abs().max() > 0
    assert attention.attention_weights[0].abs().max() == 0
    found = gradients(outputs, inputs)
    assert all(g.isfinite().all() and g[0].abs().max() == 0 for g in found)


def test_weights_are_those_before_dropout_and_outputs_are_of_some_only():
    queries, keys, _ = parts()
    eye = torch.eye(7).expand(3, 7, 7)  # so that the outputs are the weights after dropout
    attention = d2l.DotProductAttention(dropout=0.5)
    outputs = attention(queries, keys, eye)
    weights = attention.attention_weights
    kept = outputs != 0
    assert 0.3 < kept.float().mean() < 0.7
    assert torch.allclose(outputs[kept], 2 * weights[kept], atol=1e-6)


@pytest.mark.parametrize("num_keys", [7, MANY])
def test_nothing_is_dropped_in_evaluation_mode(num_keys):
    queries, keys, values = parts(num_keys=num_keys)
    attention = d2l.DotProductAttention(dropout=0.5).eval()
    outputs = attention(queries, keys, values)
    assert torch.allclose(outputs, weights_by_hand(queries, keys, None) @ values, atol=1e-6)
    assert isinstance(attention._last_weights, torch.Tensor) == (num_keys == 7)  # else fused


def test_weights_follow_gradients_as_the_outputs_do():
    inputs = parts(grad=True)
    attention = d2l.DotProductAttention(dropout=0)
    attention(*inputs)
    found = gradients(attention.attention_weights, inputs[:2])
    assert all_close(found, gradients(weights_by_hand(*inputs[:2], None), inputs[:2]))


def test_weights_are_computed_where_someone_asks_and_then_at_once():
    attention = d2l.DotProductAttention(dropout=0)
    kept = []
    for asks in (False, True, False, False):
        attention(*parts(num_keys=MANY))
        kept.append(isinstance(attention._last_weights, torch.Tensor))
        if asks:
            _ = attention.attention_weights
    assert kept == [False, False, True, False]


def test_there_are_no_weights_before_the_first_call():
    attention = d2l.DotProductAttention(dropout=0)
    assert not hasattr(attention, "attention_weights")
    with pytest.raises(AttributeError, match="no attention_weights before its first call"):
        _ = attention.attention_weights


def test_a_readers_own_forward_may_set_the_weights():
    class Uniform(d2l.DotProductAttention):
        def forward(self, queries, keys, values, valid_lens=None):
            self.attention_weights = torch.full((1, 1, 2), 0.5)
            return self.attention_weights @ values

    attention = Uniform(dropout=0)
    attention(torch.ones(1, 1, 1), torch.ones(1, 2, 1), torch.ones(1, 2, 1))
    assert attention.attention_weights.tolist() == [[[0.5, 0.5]]]


@pytest.mark.parametrize("valid_lens", LENGTHS)
def test_additive_attention_is_its_formula(valid_lens):
    queries, keys, values = parts()
    attention = d2l.AdditiveAttention(num_hiddens=6, dropout=0.3).eval()
    outputs = attention(queries[:, :, :2], keys, values, valid_lens)
    Q = queries[:, :, :2] @ attention.W_q.weight.T
    K = keys @ attention.W_k.weight.T
    scores = [torch.tanh(Q[:, i : i + 1] + K) @ attention.w_v.weight[0] for i in range(5)]
    weights = d2l.masked_softmax(torch.stack(scores, 1), valid_lens)
    assert torch.allclose(attention.attention_weights, weights, atol=1e-6)
    assert torch.allclose(outputs, weights @ values, atol=1e-6)


def as_torchs(attention, num_hiddens):
    """PyTorch's layer on the same parameters."""
    theirs = nn.MultiheadAttention(num_hiddens, attention.num_heads, batch_first=True)
    layers = attention.W_q, attention.W_k, attention.W_v
    theirs.in_proj_weight.data = torch.cat([layer.weight for layer in layers]).detach()
    theirs.in_proj_bias.data = torch.cat([layer.bias for layer in layers]).detach()
    theirs.out_proj.load_state_dict(attention.W_o.state_dict())
    return theirs


@pytest.mark.parametrize("valid_lens", LENGTHS)
def test_many_heads_are_torchs_on_the_same_parameters(valid_lens):
    queries, keys, _ = parts()
    ours = d2l.MultiHeadAttention(num_hiddens=8, num_heads=4, dropout=0, bias=True)
    outputs = ours(queries, keys, keys, valid_lens)
    mask = None
    if valid_lens is not None:
        mask = torch.arange(7) >= valid_lens.reshape(3, -1, 1)
        mask = mask.expand(3, 5, 7).repeat_interleave(4, dim=0)
    expected, weights = as_torchs(ours, 8)(
        queries, keys, keys, attn_mask=mask, average_attn_weights=False
    )
    assert torch.allclose(outputs, expected, atol=1e-6)
    shown = ours.attention.attention_weights
    assert shown.shape == (12, 5, 7)
    assert torch.allclose(shown, weights.flatten(0, 1), atol=1e-6)


def test_heads_are_split_and_joined_without_loss():
    attention = d2l.MultiHeadAttention(num_hiddens=6, num_heads=3, dropout=0)
    X = torch.arange(24.0).reshape(2, 2, 6)
    heads = attention.transpose_qkv(X)
    assert heads.shape == (6, 2, 2)
    assert heads[4].tolist() == [[14, 15], [20, 21]]  # example 1, head 1: the middle columns
    assert torch.equal(attention.transpose_output(heads), X)


def test_heads_that_cannot_share_evenly_are_an_error():
    with pytest.raises(ModelError, match=r"num_hiddens=100 .* num_heads=3; .* 1, 2, 4, 5, 10"):
        d2l.MultiHeadAttention(num_hiddens=100, num_heads=3, dropout=0)(*[torch.ones(2, 5, 8)] * 3)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_after_a_call_is_of_the_layer_alone(copied):
    attention = d2l.MultiHeadAttention(num_hiddens=8, num_heads=2, dropout=0)
    queries, keys, _ = parts()
    outputs = attention(queries, keys, keys)
    other = copied(attention)
    assert not hasattr(other.attention, "attention_weights")
    assert torch.equal(other(queries, keys, keys), outputs)


def test_lengths_may_be_left_out_everywhere():
    X = torch.ones(2, 3, 4)
    for layer in (d2l.AdditiveAttention(4, 0), d2l.MultiHeadAttention(4, 2, 0)):
        assert layer(X, X, X).shape == (2, 3, 4)


def test_keys_of_one_example_serve_all_in_additive_attention():
    attention, X = d2l.AdditiveAttention(8, 0), torch.rand(2, 5, 4)
    keys = X[:1]
    assert torch.equal(attention(X, keys, X), attention(X, keys.expand(2, 5, 4), X))
