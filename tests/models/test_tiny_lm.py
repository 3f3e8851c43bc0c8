"""The small language model, with its attention written out, and the hook that readers override."""

import math

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import LabelError, ShapeError


def tiny():
    torch.manual_seed(0)
    return d2l.TinyLM(9, d_model=8, num_heads=2, num_blks=2, max_len=6)


def test_attention_is_the_causal_softmax_of_each_head():
    model, X = tiny(), torch.randn(2, 5, 8)
    blk = model.blks[0]
    Q, K, V = blk["qkv"](X).split(8, dim=-1)
    heads = []
    for part in (slice(0, 4), slice(4, 8)):
        scores = Q[..., part] @ K[..., part].mT / math.sqrt(4)
        scores = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -math.inf)
        heads.append(torch.softmax(scores, dim=-1) @ V[..., part])
    expected = blk["proj"](torch.cat(heads, dim=-1))
    assert torch.allclose(model.attention(blk, X), expected, atol=1e-5)


def test_a_later_token_changes_no_earlier_logit():
    model, X = tiny(), torch.tensor([[1, 2, 3, 4, 5]])
    other = torch.tensor([[1, 2, 3, 8, 5]])
    change = (model(X) - model(other)).abs().amax(dim=(0, 2))
    assert (change[:3] < 1e-5).all()
    assert (change[3:] > 1e-4).all()


def test_a_subclass_may_have_its_own_attention():
    class Blind(d2l.TinyLM):
        def attention(self, blk, X):
            return torch.zeros_like(X)

    model = Blind(9, d_model=8, max_len=6)
    alone = torch.stack([model(torch.tensor([[0, token]]))[0, 1] for token in (1, 2)])
    assert torch.allclose(model(torch.tensor([[5, 1], [7, 2]]))[:, 1], alone, atol=1e-5)


def test_sequences_and_tokens_that_do_not_fit_are_told_in_words():
    with pytest.raises(ShapeError, match="has 7 steps, but there are positions for 6"):
        tiny()(torch.zeros(2, 7, dtype=torch.long))
    with pytest.raises(LabelError, match=r"tokens must be in 0..8"):
        tiny()(torch.tensor([[9]]))
