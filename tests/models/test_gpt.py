"""GPT: causal, the same with and without its cache, in every combination of its options."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import LabelError, ShapeError

OPTIONS = [
    dict(zip(("pos", "norm", "act", "pre_norm", "bias"), values, strict=True))
    for values in itertools.product(
        ("rope", "learned", "sinusoidal", None),
        ("rms", "layer"),
        ("swiglu", "gelu", "relu"),
        (True, False),
        (True, False),
    )
]


def gpt(**options):
    torch.manual_seed(0)
    model = d2l.GPT(11, num_hiddens=16, num_heads=4, num_blks=2, max_len=10, **options)
    for parameter in model.parameters():  # the first weights are small: all logits are alike
        nn.init.normal_(parameter, std=0.4)
    return model.eval()


def tokens(*shape):
    return torch.randint(0, 11, shape, generator=torch.Generator().manual_seed(2))


def uncached(model, ids, num_tokens):
    """The likeliest tokens, each from all that the model can read."""
    for _ in range(num_tokens):
        ids = torch.cat((ids, model(ids[:, -10:])[:, -1:].argmax(-1)), dim=1)
    return ids


@pytest.mark.parametrize("options", OPTIONS)
def test_a_later_token_changes_no_earlier_logit(options):
    model, X = gpt(**options), tokens(2, 8)
    other = X.clone()
    other[:, 5] = (other[:, 5] + 1) % 11
    change = (model(X) - model(other)).abs().amax(dim=(0, 2))
    assert (change[:5] < 1e-4).all()
    assert (change[5:] > 1e-3).all()


@pytest.mark.parametrize("options", OPTIONS)
def test_logits_with_the_cache_are_those_without(options):
    model, X = gpt(**options), tokens(2, 10)
    cache, parts = model._new_cache(), []
    for part in X.split([3, 1, 4, 1, 1], dim=1):
        parts.append(model(part, cache=cache))
    assert torch.allclose(torch.cat(parts, dim=1), model(X), atol=1e-4)


@pytest.mark.parametrize("pos", ["rope", "learned", "sinusoidal", None])
@pytest.mark.parametrize("length", [1, 6, 9, 10, 11, 14])
def test_generating_is_reading_the_last_window_at_each_step(pos, length):
    model, X = gpt(pos=pos), tokens(3, length)
    with torch.no_grad():
        expected = uncached(model, X, 8)
    assert torch.equal(model.generate(X, 8, temperature=0), expected)


def test_up_to_the_window_each_step_reads_one_token_after_it_all():
    model, lengths = gpt(), []
    model.register_forward_pre_hook(lambda model, args: lengths.append(args[0].shape[1]))
    model.generate(tokens(1, 4), 9, temperature=0)
    assert lengths == [4] + [1] * 6 + [10] * 2


def test_a_layer_that_knows_no_cache_is_called_without_one():
    class Sees(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, queries, keys, values, valid_lens=None):
            return self.inner(queries, keys, values, valid_lens)

    class Own(d2l.GPT):
        def forward(self, X):
            return super().forward(X)

    model, X = gpt(), tokens(2, 5)
    expected = model.generate(X, 7, temperature=0)
    own = Own(11, num_hiddens=16, num_heads=4, num_blks=2, max_len=10).eval()
    own.load_state_dict(model.state_dict())
    model.blks[1].attention = Sees(model.blks[1].attention)
    assert torch.equal(model.generate(X, 7, temperature=0), expected)
    assert torch.equal(own.generate(X, 7, temperature=0), expected)


def test_what_is_generated_has_the_form_of_the_prefix():
    model = gpt()
    rows = model.generate(tokens(2, 3), 4, temperature=0)
    assert rows.shape == (2, 7)
    one = model.generate(tokens(2, 3)[0], 4, temperature=0)
    assert torch.equal(one, rows[0])
    assert model.generate(tokens(2, 3)[0].tolist(), 4, temperature=0) == one.tolist()
    assert model.generate([3], 0) == [3]


def test_tokens_are_drawn_with_the_probabilities_of_the_model():
    model, prefix = gpt(), tokens(1, 3)
    drawn = model.generate(prefix.expand(4000, 3), 1, temperature=2.0, top_k=4)[:, -1]
    logits = model(prefix)[0, -1].detach() / 2
    best = logits.topk(4)
    expected = torch.softmax(best.values, 0) * 4000
    counts = torch.bincount(drawn, minlength=11)[best.indices]
    assert counts.sum() == 4000
    assert ((counts - expected) ** 2 / expected).sum() < 16.27  # 3 degrees: once in a thousand


def test_generating_leaves_the_model_in_training_and_without_gradients():
    model = gpt(dropout=0.5).train()
    once, twice = (model.generate([1, 2], 8, temperature=0) for _ in range(2))
    assert once == twice  # no dropout
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_dropout_is_drawn_in_training_alone():
    model, X = gpt(dropout=0.5), tokens(2, 6)
    assert torch.equal(model(X), model(X))
    model.train()
    assert not torch.equal(model(X), model(X))


@pytest.mark.parametrize("act, num_matrices, width", [("swiglu", 3, 48), ("gelu", 2, 64)])
def test_the_parameters_are_those_that_the_sizes_say(act, num_matrices, width):
    model = d2l.GPT(11, num_hiddens=16, num_heads=4, num_blks=2, max_len=10, act=act)
    block = 4 * 16 * 16 + num_matrices * 16 * width + 2 * 16
    num = sum(parameter.numel() for parameter in model.parameters())
    assert num == 11 * 16 + 2 * block + 16  # the output layer has the embedding's


def test_the_first_loss_is_that_of_knowing_nothing():
    torch.manual_seed(0)
    model, X = d2l.GPT(100, num_hiddens=64, num_heads=4, num_blks=4), torch.randint(0, 100, (8, 32))
    l = F.cross_entropy(model(X).flatten(0, 1), torch.randint(0, 100, (256,)))
    assert abs(l.item() - torch.tensor(100.0).log().item()) < 0.1
    ends = torch.cat([block.ffn.W_2.weight.flatten() for block in model.blks])
    width = model.blks[0].ffn.W_2.in_features
    assert abs(ends.std().item() * (8 * width) ** 0.5 - 1) < 0.05
    assert abs(model.blks[0].ffn.W_1.weight.std().item() * 64**0.5 - 1) < 0.05


def test_one_block_is_the_sum_of_its_layers():
    block, X = d2l.TransformerBlock(16, 4, norm="layer", bias=True), torch.randn(2, 5, 16)
    lens = torch.tensor([5, 2])
    Y = F.layer_norm(X, (16,))
    H = X + block.attention(Y, Y, Y, lens)
    ffn = block.ffn
    Z = F.layer_norm(H, (16,))
    gate, up = F.linear(Z, ffn.W_1.weight, ffn.W_1.bias), F.linear(Z, ffn.W_3.weight, ffn.W_3.bias)
    expected = H + F.linear(gate * torch.sigmoid(gate) * up, ffn.W_2.weight, ffn.W_2.bias)
    assert torch.allclose(block(X, lens), expected, atol=1e-5)
    after = d2l.TransformerBlock(16, 4, pre_norm=False, act="relu")
    H = X + after.attention(X, X, X)
    H = H / H.square().mean(-1, keepdim=True).sqrt()
    H = H + F.linear(F.relu(F.linear(H, after.ffn.W_1.weight)), after.ffn.W_2.weight)
    assert torch.allclose(after(X), H / H.square().mean(-1, keepdim=True).sqrt(), atol=1e-4)


def test_factories_make_the_layers_of_a_block():
    block = d2l.TransformerBlock(
        16, 4, attn_factory=lambda: d2l.GQAAttention(16, 4, 1), ffn_factory=nn.Identity
    )
    assert (block.attention.num_kv_heads, type(block.ffn)) == (1, nn.Identity)
    with pytest.raises(ValueError, match=r"Identity. Use ffn_factory=lambda: Identity"):
        d2l.TransformerBlock(16, 4, ffn_factory=nn.Identity())


def test_a_new_block_has_all_its_parameters():
    block = d2l.TransformerBlock(16, 4)
    num = sum(parameter.numel() for parameter in block.parameters())
    assert num == 4 * 16 * 16 + 3 * 16 * 48 + 2 * 16


@pytest.mark.parametrize(
    "option, value, choices",
    [
        ("pos", "alibi", "'rope', 'learned', 'sinusoidal', None"),
        ("norm", "batch", "'rms', 'layer'"),
        ("act", "tanh", "'swiglu', 'gelu', 'relu'"),
    ],
)
def test_an_unknown_option_is_an_error_that_names_the_choices(option, value, choices):
    with pytest.raises(ValueError, match=f"{option} must be one of {choices}; found {value!r}"):
        gpt(**{option: value})


def test_inputs_that_do_not_fit_are_told_in_words():
    model = gpt()
    with pytest.raises(ShapeError, match=r"\(2, 11\) has 11 steps, but there are positions for 10"):
        model(tokens(2, 11))
    with pytest.raises(LabelError, match=r"tokens must be in 0..10 because .* found 3 to 11"):
        model(torch.tensor([[3, 11]]))
    with pytest.raises(ShapeError, match="a prefix of at least one token"):
        model.generate([], 3)
    with pytest.raises(ValueError, match="temperature > 0; found temperature=-1"):
        model.generate([1], 3, temperature=-1)
    with pytest.raises(ShapeError, match=r"X must have the shape \(2, 5, 16\); found \(2, 5, 8\)"):
        d2l.FeedForward(16)(torch.ones(2, 5, 8))
