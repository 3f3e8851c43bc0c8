"""Chapter 11: attention, positions, the transformer's encoder."""

import torch
from made import backward, everything_about, inside, noise, whole
from registry import differs, same


def weights_of(net, *inputs):
    """All there is to know, and the attention weights of the last call."""
    return everything_about(net, *inputs), net.attention_weights


@same("masked_softmax")
def softmax_over_the_valid_part(d2l):
    X = noise(2, 3, 4)
    by_row = torch.tensor([[1, 3, 4], [2, 4, 2]])
    return (
        d2l.masked_softmax(X.clone(), None),
        d2l.masked_softmax(X.clone(), torch.tensor([2, 3])),
        d2l.masked_softmax(X.clone(), by_row),
    )


@differs(
    "masked_softmax",
    released=False,
    here=True,
    because="the scores belong to the caller; 1.0.3 writes -1e6 into them",
)
def scores_stay_as_they_are(d2l):
    X = noise(2, 3, 4)
    before = X.clone()
    d2l.masked_softmax(X, torch.tensor([2, 3]))
    return torch.equal(X, before)


@same("DotProductAttention")
def scaled_dot_product_attention(d2l):
    queries, keys, values = noise(2, 1, 2), noise(2, 10, 2, seed=1), noise(2, 10, 4, seed=2)
    net = d2l.DotProductAttention(dropout=0.5).eval()
    leaf = queries.requires_grad_()
    outputs = backward(net(leaf, keys, values, torch.tensor([2, 6])))
    return outputs, leaf.grad, net.attention_weights, net(queries, keys, values), repr(net)


@same("AdditiveAttention")
def additive_attention(d2l):
    queries, keys, values = noise(2, 1, 20), noise(2, 10, 2, seed=1), noise(2, 10, 4, seed=2)
    net = d2l.AdditiveAttention(num_hiddens=8, dropout=0.1).eval()
    return weights_of(net, queries, keys, values, torch.tensor([2, 6]))


@same("MultiHeadAttention")
def attention_with_several_heads(d2l):
    X, Y = noise(2, 4, 10), noise(2, 6, 10, seed=1)
    net = d2l.MultiHeadAttention(10, 5, 0.5).eval()
    biased = d2l.MultiHeadAttention(10, 2, 0.0, bias=True)
    by_query = torch.tensor([[1, 3, 6, 2], [2, 4, 2, 1]])
    return {
        "without biases": everything_about(net, X, Y, Y, torch.tensor([3, 2])),
        "weights": net.attention.attention_weights,
        "with biases": everything_about(biased, X, Y, Y, by_query),
        "heads": (net.transpose_qkv(X), net.transpose_output(net.transpose_qkv(X))),
    }


@same("PositionalEncoding")
def positions_are_added(d2l):
    net = d2l.PositionalEncoding(6, dropout=0.0, max_len=20)
    return net(torch.zeros(1, 7, 6)), net(noise(2, 5, 6)), net.P[:, :20], inside(net), repr(net)


@same("PositionWiseFFN")
def the_same_network_at_every_position(d2l):
    return everything_about(d2l.PositionWiseFFN(5, 8), noise(2, 3, 4))


@same("AddNorm")
def add_and_normalise(d2l):
    net = d2l.AddNorm(4, dropout=0.0)
    return everything_about(net, noise(2, 3, 4), noise(2, 3, 4, seed=1))


@same("TransformerEncoderBlock")
def a_block_of_the_transformer(d2l):
    plain = d2l.TransformerEncoderBlock(24, 48, 8, 0.5).eval()
    biased = d2l.TransformerEncoderBlock(24, 48, 4, 0.0, use_bias=True)
    X, lengths = noise(2, 10, 24), torch.tensor([3, 2])
    return everything_about(plain, X, lengths), everything_about(biased, X, lengths)


@same("TransformerEncoder")
def the_encoder_of_the_transformer(d2l):
    net = d2l.TransformerEncoder(20, 24, 48, 8, 2, dropout=0.0)
    found = everything_about(net, whole(20, 2, 7), torch.tensor([3, 2]))
    return found, list(net.attention_weights), net.num_hiddens


@same("TransformerEncoder")
def dropout_of_the_transformer_draws_the_same(d2l):
    net = d2l.TransformerEncoder(20, 24, 48, 8, 1, dropout=0.5)
    net(whole(20, 2, 7), torch.tensor([3, 2]))
    torch.manual_seed(1)
    return net(whole(20, 2, 7), torch.tensor([3, 2]))
