"""The transformer's parts and its encoder, against formulas written out."""

import copy
import math

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import LabelError

TOKENS = torch.arange(18).reshape(3, 6) % 9


def encoder(dropout=0.0):
    torch.manual_seed(0)
    return d2l.TransformerEncoder(9, 8, 16, num_heads=2, num_blks=2, dropout=dropout)


@pytest.mark.parametrize("num_hiddens", [6, 5])
def test_positions_are_waves_of_growing_length(num_hiddens):
    P = d2l.PositionalEncoding(num_hiddens, dropout=0, max_len=40).P
    assert P.shape == (1, 40, num_hiddens)
    for i, j in ((0, 0), (1, 0), (1, 1), (39, 3), (39, 4)):
        angle = i / 10000 ** (2 * (j // 2) / num_hiddens)
        expected = math.sin(angle) if j % 2 == 0 else math.cos(angle)
        assert P[0, i, j].item() == pytest.approx(expected, abs=1e-5)


def test_positions_are_added_and_no_parameter():
    encoding = d2l.PositionalEncoding(4, dropout=0)
    X = torch.randn(2, 7, 4)
    assert torch.equal(encoding(X), X + encoding.P[:, :7])
    assert dict(encoding.state_dict()) == {}
    assert copy.deepcopy(encoding).double()(X.double()).dtype == torch.float64


def test_the_perceptron_is_the_same_for_every_position():
    ffn, X = d2l.PositionWiseFFN(4, 8), torch.randn(2, 3, 5)
    Y = ffn(X)
    assert (ffn.dense1.weight.shape, ffn.dense2.weight.shape) == ((4, 5), (8, 4))
    assert torch.allclose(Y[1, 2], ffn(X[1, 2]))


def test_the_sum_is_normalised_over_the_last_axis():
    X, Y = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    total = X + Y
    centred = total - total.mean(-1, keepdim=True)
    expected = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(d2l.AddNorm(4, dropout=0)(X, Y), expected, atol=1e-5)


def test_a_block_is_torchs_encoder_layer_on_the_same_parameters():
    torch.manual_seed(0)
    block, X = d2l.TransformerEncoderBlock(8, 16, 2, 0, use_bias=True), torch.randn(3, 6, 8)
    lens = torch.tensor([1, 6, 4])
    outputs = block(X, lens)
    theirs = nn.TransformerEncoderLayer(8, 2, 16, dropout=0, batch_first=True)
    attention = block.attention
    layers = attention.W_q, attention.W_k, attention.W_v
    theirs.self_attn.in_proj_weight.data = torch.cat([layer.weight for layer in layers]).detach()
    theirs.self_attn.in_proj_bias.data = torch.cat([layer.bias for layer in layers]).detach()
    theirs.self_attn.out_proj.load_state_dict(attention.W_o.state_dict())
    theirs.linear1.load_state_dict(block.ffn.dense1.state_dict())
    theirs.linear2.load_state_dict(block.ffn.dense2.state_dict())
    expected = theirs(X, src_key_padding_mask=torch.arange(6) >= lens[:, None])
    assert torch.allclose(outputs, expected, atol=1e-5)


def test_the_encoder_is_its_blocks_after_embedding_and_positions():
    net, lens = encoder(), torch.tensor([1, 6, 4])
    outputs = net(TOKENS, lens)
    d2l.check_shape(outputs, (3, 6, 8))
    H = net.embedding.weight[TOKENS] * math.sqrt(8) + net.pos_encoding.P[:, :6]
    for name in ("block0", "block1"):
        H = getattr(net.blks, name)(H, lens)
    assert torch.allclose(outputs, H, atol=1e-6)


def test_the_encoders_weights_are_those_of_its_blocks():
    net = encoder()
    with pytest.raises(AttributeError):
        _ = net.attention_weights
    net(TOKENS, torch.tensor([1, 6, 4]))
    assert [weights.shape for weights in net.attention_weights] == [(6, 6, 6)] * 2
    last = net.blks[1].attention.attention.attention_weights
    assert torch.equal(net.attention_weights[1], last)
    assert last[0].tolist() == [[1, 0, 0, 0, 0, 0]] * 6  # example 0 has one valid token


def test_a_readers_own_forward_may_keep_the_weights_in_a_list():
    class Mine(d2l.TransformerEncoder):
        def forward(self, X, valid_lens):
            X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens))
            self.attention_weights = [None] * len(self.blks)
            for i, blk in enumerate(self.blks):
                X = blk(X, valid_lens)
                self.attention_weights[i] = blk.attention.attention.attention_weights
            return X

    mine, ours = Mine(9, 8, 16, 2, 2, 0), encoder()
    mine(TOKENS, None)
    ours(TOKENS)
    mine.load_state_dict(ours.state_dict())
    assert torch.allclose(mine(TOKENS, None), ours(TOKENS), atol=1e-6)
    for a, b in zip(mine.attention_weights, ours.attention_weights, strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_parameters_have_the_names_of_the_book():
    net = encoder()
    net(TOKENS)
    names = list(net.state_dict())
    assert names[:5] == ["embedding.weight"] + [
        f"blks.block0.attention.W_{part}.weight" for part in "qkvo"
    ]
    assert names[5:11] == [
        f"blks.block0.{part}"
        for part in (
            "addnorm1.ln.weight", "addnorm1.ln.bias", "ffn.dense1.weight", "ffn.dense1.bias",
            "ffn.dense2.weight", "ffn.dense2.bias",
        )
    ]  # fmt: skip


def test_a_token_outside_the_vocabulary_is_an_error():
    with pytest.raises(LabelError, match=r"tokens must be in 0..8.*found 0 to 17"):
        encoder()(torch.arange(18).reshape(3, 6))
