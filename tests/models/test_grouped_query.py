"""Grouped-query attention, against multi-head attention and against sums written out."""

import math

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ModelError, ShapeError
from d2l.models.transformers import grouped_query
from d2l.models.transformers.grouped_query import KeyValueCache


def attention(num_heads=4, num_kv_heads=2, **options):
    torch.manual_seed(0)
    return d2l.GQAAttention(16, num_heads, num_kv_heads, **options).eval()


def inputs(num_steps=6, batch=3):
    return torch.randn(batch, num_steps, 16, generator=torch.Generator().manual_seed(1))


def by_hand(layer, queries, keys, values, sees):
    """One head and one query after the other; `sees(example, query, key)` says which keys count."""
    size = 16 // layer.num_heads
    group = layer.num_heads // layer.num_kv_heads
    Q, K, V = layer.W_q(queries), layer.W_k(keys), layer.W_v(values)
    outputs = torch.zeros(*queries.shape)
    for example in range(len(queries)):
        for head in range(layer.num_heads):
            own, shared = slice(head * size, head * size + size), head // group * size
            for i in range(queries.shape[1]):
                seen = [j for j in range(keys.shape[1]) if sees(example, i, j)]
                if not seen:
                    continue
                K_head = K[example, seen, shared : shared + size]
                scores = K_head @ Q[example, i, own] / math.sqrt(size)
                V_head = V[example, seen, shared : shared + size]
                outputs[example, i, own] = torch.softmax(scores, 0) @ V_head
    return layer.W_o(outputs)


@pytest.mark.parametrize("num_kv_heads", [1, 2, 4])
@pytest.mark.parametrize("causal", [True, False])
def test_the_outputs_are_those_of_sums_written_out(num_kv_heads, causal):
    layer, X = attention(4, num_kv_heads, bias=True, causal=causal), inputs()
    expected = by_hand(layer, X, X, X, lambda example, i, j: not causal or j <= i)
    assert torch.allclose(layer(X, X, X), expected, atol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(
    "valid_lens", [[6, 2, 0], [[1, 2, 3, 4, 5, 6], [2] * 6, [0, 1, 1, 9, 9, 0]]]
)
def test_keys_beyond_the_valid_lengths_do_not_count(valid_lens, causal):
    layer, X = attention(causal=causal), inputs()
    valid_lens = torch.tensor(valid_lens)
    lens = valid_lens if valid_lens.ndim == 2 else valid_lens.unsqueeze(1).expand(3, 6)

    def sees(example, i, j):
        return j < lens[example, i] and (not causal or j <= i)

    expected = by_hand(layer, X, X, X, sees)
    assert torch.allclose(layer(X, X, X, valid_lens), expected, atol=1e-5)


def test_with_as_many_heads_of_keys_it_is_multi_head_attention():
    grouped, X = attention(4, 4, causal=False), inputs()
    plain = d2l.MultiHeadAttention(16, 4, dropout=0)
    plain(X, X, X)
    plain.load_state_dict(grouped.state_dict())
    lens = torch.tensor([6, 3, 1])
    for valid_lens in (None, lens):
        expected = plain(X, X, X, valid_lens)
        assert torch.allclose(grouped(X, X, X, valid_lens), expected, atol=1e-5)
    causal = attention(4, 4)
    positions = torch.arange(1, 7).repeat(3, 1)
    assert torch.allclose(causal(X, X, X), plain(X, X, X, positions), atol=1e-5)


def test_shared_keys_are_repeated_keys():
    grouped, X = attention(4, 2, rope=True), inputs()
    plain = attention(4, 4, rope=True)
    weights = grouped.state_dict()
    for name in ("W_k.weight", "W_v.weight"):
        heads = weights[name].reshape(2, 4, 16)
        weights[name] = heads.repeat_interleave(2, dim=0).reshape(16, 16)
    plain.load_state_dict(weights)
    assert torch.allclose(grouped(X, X, X), plain(X, X, X), atol=1e-6)


def test_without_groups_in_pytorch_the_keys_are_repeated(monkeypatch):
    layer, X = attention(4, 2), inputs()
    expected = layer(X, X, X)
    monkeypatch.setattr(grouped_query, "HAS_GROUPS", False)
    assert torch.allclose(layer(X, X, X), expected, atol=1e-6)


def test_rope_turns_pairs_by_the_position():
    layer = attention(2, 2, rope=True)  # heads of 8: pairs (0, 4), (1, 5), (2, 6), (3, 7)
    x = torch.randn(1, 1, 5, 8)
    turned = layer._rope(x)
    for step in range(5):
        for pair in range(4):
            angle = step / 10000 ** (pair / 4)
            whole = complex(*x[0, 0, step, [pair, pair + 4]].tolist())
            expected = whole * complex(math.cos(angle), math.sin(angle))
            found = complex(*turned[0, 0, step, [pair, pair + 4]].tolist())
            assert abs(found - expected) < 1e-5


def test_with_rope_only_distances_matter():
    layer = attention(rope=True)
    q, k = torch.randn(2, 1, 1, 1, 4)
    near = (layer._rope(q, 7) * layer._rope(k, 4)).sum()
    far = (layer._rope(q, 107) * layer._rope(k, 104)).sum()
    other = (layer._rope(q, 7) * layer._rope(k, 5)).sum()
    assert torch.allclose(near, far, atol=1e-4)
    assert not torch.allclose(near, other, atol=1e-2)


@pytest.mark.parametrize("rope", [True, False])
@pytest.mark.parametrize("pieces", [[6], [1] * 6, [2, 3, 1], [4, 2]])
def test_a_cache_gives_piece_by_piece_what_the_whole_gives(pieces, rope):
    layer, X, cache = attention(rope=rope), inputs(), KeyValueCache(max_len=6)
    outputs = [layer(part, part, part, cache=cache) for part in X.split(pieces, dim=1)]
    assert torch.allclose(torch.cat(outputs, dim=1), layer(X, X, X), atol=1e-5)
    assert cache.length == 6


def test_fewer_queries_than_keys_are_the_last_positions():
    layer, X = attention(rope=True), inputs()
    assert torch.allclose(layer(X[:, 4:], X, X), layer(X, X, X)[:, 4:], atol=1e-5)


def test_what_does_not_fit_is_told_in_words():
    with pytest.raises(ModelError, match="num_heads=5; num_heads may be 1, 2, 4, 8, 16"):
        d2l.GQAAttention(16, 5, 1)
    with pytest.raises(
        ModelError, match="share num_kv_heads=3 evenly; num_kv_heads may be 1, 2, 4"
    ):
        d2l.GQAAttention(16, 4, 3)
    with pytest.raises(ModelError, match=r"must be even because .* found 12 / 4 = 3"):
        d2l.GQAAttention(12, 4, 4, rope=True)
    layer, X = attention(), inputs()
    with pytest.raises(ShapeError, match="found 6 queries and 2 keys"):
        layer(X, X[:, :2], X[:, :2])
    with pytest.raises(ShapeError, match=r"keys must have 16 hidden units; found \(3, 6, 8\)"):
        layer(X, X[..., :8], X)
    with pytest.raises(ShapeError, match="valid_lens must have the shape"):
        layer(X, X, X, torch.tensor([1, 2]))
