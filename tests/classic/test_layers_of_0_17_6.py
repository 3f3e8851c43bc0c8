"""The constructors of 0.17.6: recognised by their arguments, and never silently another network."""

import copy
import inspect
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.classic.transformer import is_number_of_channels

EARLIER = {  # call → sizes of the weights, worked out by hand
    "Residual(3, 3)": {"conv1": (3, 3, 3, 3), "conv2": (3, 3, 3, 3)},
    "Residual(3, 6, True, 2)": {
        "conv1": (6, 3, 3, 3), "conv2": (6, 6, 3, 3), "conv3": (6, 3, 1, 1),
    },
    "Residual(3, 6, use_1x1conv=True, strides=2)": {
        "conv1": (6, 3, 3, 3), "conv2": (6, 6, 3, 3), "conv3": (6, 3, 1, 1),
    },
    "Residual(input_channels=3, num_channels=6)": {
        "conv1": (6, 3, 3, 3), "conv2": (6, 6, 3, 3),
    },
    "Residual(3, 6, strides=2)": {"conv1": (6, 3, 3, 3), "conv2": (6, 6, 3, 3)},
    "MultiHeadAttention(2, 3, 4, 10, 5, 0.5)": {
        "W_q": (10, 3), "W_k": (10, 2), "W_v": (10, 4), "W_o": (10, 10),
    },
    "MultiHeadAttention(2, 3, 4, 10, num_heads=5, dropout=0.5)": {
        "W_q": (10, 3), "W_k": (10, 2), "W_v": (10, 4), "W_o": (10, 10),
    },
    "MultiHeadAttention(key_size=2, query_size=3, value_size=4, num_hiddens=10, num_heads=5,"
    " dropout=0.5, bias=True)": {
        "W_q": (10, 3), "W_k": (10, 2), "W_v": (10, 4), "W_o": (10, 10),
    },
    "AdditiveAttention(2, 20, 8, 0.1)": {"W_k": (8, 2), "W_q": (8, 20), "w_v": (1, 8)},
    "AdditiveAttention(key_size=2, query_size=20, num_hiddens=8, dropout=0.1)": {
        "W_k": (8, 2), "W_q": (8, 20), "w_v": (1, 8),
    },
    "PositionWiseFFN(4, 5, 8)": {"dense1": (5, 4), "dense2": (8, 5)},
    "AddNorm(normalized_shape=[3, 4], dropout=0.5)": {"ln": (3, 4)},
    "AddNorm([3, 4], 0.5)": {"ln": (3, 4)},
    "MaskLM(50, 8, 16)": {"mlp.0": (8, 16), "mlp.3": (50, 8)},
    "MaskLM(50, 8, num_inputs=16)": {"mlp.0": (8, 16), "mlp.3": (50, 8)},
    "NextSentencePred(16)": {"output": (2, 16)},
    "NextSentencePred(num_inputs=16)": {"output": (2, 16)},
}  # fmt: skip
OF_1_0_3 = {  # call → whether there is a 1x1 convolution
    "Residual(64)": False,
    "Residual(64, True)": True,
    "Residual(64, False)": False,
    "Residual(64, True, 2)": True,
    "Residual(64, use_1x1conv=True, strides=2)": True,
    "Residual(64, strides=2)": False,
    "Residual(num_channels=64)": False,
}


def made(call):
    return eval(f"d2l.{call}", {"d2l": d2l})


def sizes(net):
    """The shapes of the weights of layers that compute; not those of batch normalisation."""
    weights = {n.removesuffix(".weight"): p for n, p in net.named_parameters() if "weight" in n}
    return {name: tuple(p.shape) for name, p in weights.items() if not name.startswith("bn")}


@pytest.mark.parametrize("call", EARLIER)
def test_a_call_of_0_17_6_gives_layers_of_its_sizes_at_once(call):
    expected = EARLIER[call]
    found = sizes(made(call))
    assert {name: found[name] for name in expected} == expected
    assert len(found) - len(expected) == ("MaskLM" in call)  # and a normalisation there


@pytest.mark.parametrize("call", EARLIER)
def test_nothing_is_lazy_so_that_init_and_optimizer_see_every_layer(call):
    net, seen = made(call), []
    net.apply(lambda layer: seen.append(type(layer)) if list(layer.parameters(False)) else None)
    assert set(seen) <= {nn.Linear, nn.Conv2d, nn.BatchNorm2d, nn.LayerNorm}
    assert net.training
    assert all(layer.training for layer in net.modules())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    assert sum(p.numel() for p in optimizer.param_groups[0]["params"]) > 0
    assert all(buffer.eq(0).all() for name, buffer in net.named_buffers() if "mean" in name)
    assert all(buffer == 0 for name, buffer in net.named_buffers() if "tracked" in name)


@pytest.mark.parametrize("call", OF_1_0_3)
def test_a_call_of_1_0_3_gives_what_it_gave(call):
    net = made(call)
    assert type(net.conv1) is nn.LazyConv2d
    assert net.conv1.out_channels == 64
    assert (net.conv3 is not None) == OF_1_0_3[call]


@pytest.mark.parametrize("second", [0, 1, True, False, None, 1.0])
def test_a_second_argument_that_may_be_a_truth_value_is_1_0_3s(second):
    assert not is_number_of_channels({"num_channels": second})


def test_any_other_whole_number_is_a_number_of_channels():
    assert all(is_number_of_channels({"num_channels": n}) for n in (2, 64, np.int64(64)))


def test_layers_of_1_0_3_stay_lazy():
    for net in (
        d2l.MultiHeadAttention(10, 5, 0.5),
        d2l.MultiHeadAttention(10, 5, 0.5, True),
        d2l.MultiHeadAttention(num_hiddens=10, num_heads=5, dropout=0.5, other="ignored"),
        d2l.AdditiveAttention(8, 0.1),
        d2l.AdditiveAttention(num_hiddens=8, dropout=0.1),
        d2l.PositionWiseFFN(5, 8),
        d2l.MaskLM(50, 8),
        d2l.NextSentencePred(),
    ):
        assert any(nn.parameter.is_lazy(p) for p in net.parameters()), net


@pytest.mark.parametrize(
    "call, words",
    [
        ("MultiHeadAttention(2, 3, 4, 10, 5)", "positional arguments"),
        ("Residual()", "missing .* argument: 'num_channels'"),
        ("PositionWiseFFN(4)", "missing .* argument: 'ffn_num_outputs'"),
        ("AddNorm(0.5)", "missing .* argument: 'dropout'"),
        ("download('airfoil', cache='here')", "unexpected keyword argument 'cache'"),
    ],
)
def test_a_call_of_neither_edition_is_1_0_3s_error(call, words):
    with pytest.raises(TypeError, match=words):
        made(call)


def test_a_subclass_of_the_readers_is_recognised_too():
    class Mine(d2l.Residual):
        def __init__(self):
            super().__init__(3, 3)
            self.own = nn.Linear(3, 3)

    class Named(d2l.MultiHeadAttention):
        def __init__(self, name, *args):
            d2l.MultiHeadAttention.__init__(self, *args)
            self.name = name

    net, attention = Mine(), Named("mine", 2, 3, 4, 10, 5, 0.5)
    assert isinstance(net, d2l.Residual)
    assert net(torch.rand(4, 3, 6, 6)).shape == (4, 3, 6, 6)
    assert attention.W_k.in_features == 2
    assert attention.name == "mine"


def test_a_constructor_that_the_reader_writes_anew_wins(monkeypatch):
    monkeypatch.setattr(d2l.Residual, "__init__", d2l.Residual.__init__)  # to be restored

    @d2l.add_to_class(d2l.Residual)
    def __init__(self, *args):  # noqa: N807
        super(d2l.Residual, self).__init__()
        self.args = args

    assert d2l.Residual(64, 64).args == (64, 64)


def test_a_replaced_class_that_builds_on_the_original_ends(monkeypatch):
    original = d2l.Residual

    class Mine(original):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.is_mine = True

    monkeypatch.setattr(d2l, "Residual", Mine)
    assert d2l.Residual(3, 3).is_mine
    assert d2l.Residual(3).is_mine
    assert type(d2l.resnet18(10)[3][0]) is Mine  # the library builds with the reader's


def test_copies_pickles_and_signatures_are_as_of_any_class():
    net = d2l.Residual(3, 6, True, 2).eval()
    X = torch.rand(2, 3, 8, 8)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        torch.testing.assert_close(twin(X), net(X))
    expected = ["num_channels", "use_1x1conv", "strides"]
    assert [*inspect.signature(d2l.Residual).parameters] == expected
    assert [*inspect.signature(d2l.download).parameters] == ["url", "folder", "sha1_hash"]
    assert isinstance(d2l.Residual.__init__.__wrapped__, type(lambda: 0))


def test_with_the_weights_of_a_lazy_layer_the_outputs_are_the_same():
    lazy, told = d2l.MultiHeadAttention(10, 5, 0.0), d2l.MultiHeadAttention(2, 3, 4, 10, 5, 0.0)
    queries, keys, values = torch.rand(2, 6, 3), torch.rand(2, 7, 2), torch.rand(2, 7, 4)
    valid_lens = torch.tensor([3, 7])
    lazy(queries, keys, values, valid_lens)
    told.load_state_dict(lazy.state_dict())
    torch.testing.assert_close(
        told(queries, keys, values, valid_lens), lazy(queries, keys, values, valid_lens)
    )


def test_a_block_normalises_over_several_axes():
    block = d2l.EncoderBlock(24, 24, 24, 24, [100, 24], 24, 48, 8, 0.0).eval()
    X = torch.rand(2, 100, 24)
    Y = block(X, torch.tensor([3, 2]))
    torch.testing.assert_close(Y.mean((1, 2)), torch.zeros(2), atol=1e-5, rtol=0)
    assert block.addnorm1.ln.weight.shape == (100, 24)
    attended = block.addnorm1(X, block.attention(X, X, X, torch.tensor([3, 2])))
    torch.testing.assert_close(Y, block.addnorm2(attended, block.ffn(attended)))


def test_an_encoder_is_its_blocks_one_after_the_other():
    encoder = d2l.TransformerEncoder(200, 24, 24, 24, 24, [100, 24], 24, 48, 8, 2, 0.5).eval()
    tokens, valid_lens = torch.randint(0, 200, (2, 100)), torch.tensor([3, 2])
    H = encoder.pos_encoding(encoder.embedding(tokens) * 24**0.5)
    for block in encoder.blks:
        assert isinstance(block, d2l.EncoderBlock)
        H = block(H, valid_lens)
    torch.testing.assert_close(encoder(tokens, valid_lens, "ignored"), H)
    assert [w.shape for w in encoder.attention_weights] == [(16, 100, 100)] * 2


def test_bert_reads_inputs_of_the_sizes_that_it_is_told():
    bert = d2l.BERTModel(
        50, num_hiddens=16, norm_shape=[16], ffn_num_input=16, ffn_num_hiddens=32, num_heads=2,
        num_layers=2, dropout=0.2, key_size=16, query_size=16, value_size=16, hid_in_features=16,
        mlm_in_features=16, nsp_in_features=16,
    )  # fmt: skip
    tokens, segments = torch.randint(0, 50, (3, 9)), torch.zeros(3, 9, dtype=torch.long)
    positions = torch.tensor([[1, 5], [6, 1], [2, 3]])
    encoded, words, follows = bert(tokens, segments, torch.tensor([9, 6, 3]), positions)
    assert (encoded.shape, words.shape, follows.shape) == ((3, 9, 16), (3, 2, 50), (3, 2))
    assert [type(block) for block in bert.encoder.blks] == [d2l.EncoderBlock] * 2
    by_position = d2l.BERTModel(50, 16, [16], 16, 32, 2, 2, 0.2, 1000, *[16] * 6)
    expected = {name: tensor.shape for name, tensor in bert.state_dict().items()}
    assert {n: t.shape for n, t in by_position.state_dict().items()} == expected


def test_heads_are_parts_of_the_hidden_units_in_their_order():
    X = torch.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    heads = d2l.transpose_qkv(X, 2)
    for example in range(2):
        for head in range(2):
            part = X[example, :, 2 * head : 2 * head + 2]
            assert torch.equal(heads[2 * example + head], part)
    assert torch.equal(d2l.transpose_output(heads, 2), X)


def test_download_takes_the_name_and_the_folder_of_0_17_6(tmp_path, monkeypatch):
    monkeypatch.setitem(d2l.DATA_HUB, "mine", ("https://nowhere.invalid/mine.txt", None))
    (tmp_path / "mine.txt").write_text("here")
    for call in (
        lambda: d2l.download("mine", cache_dir=str(tmp_path)),
        lambda: d2l.download(name="mine", cache_dir=tmp_path),
        lambda: d2l.download("mine", tmp_path),
        lambda: d2l.download("mine", folder=tmp_path),
    ):
        assert call() == str(tmp_path / "mine.txt")


def test_download_all_asks_for_every_set_of_the_hub(monkeypatch):
    asked = []
    monkeypatch.setattr(d2l, "download", asked.append)
    d2l.download_all()
    assert asked == list(d2l.DATA_HUB)
