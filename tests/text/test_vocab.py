"""The vocabulary: its order, look-ups in both directions, and what it refuses."""

import itertools
import pickle
import random
from collections import Counter, deque

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ConfigurationError, LabelError

LINES = [["b", "a", "c"], ["a", "b", "a", "d"]]


def test_tokens_are_numbered_alphabetically_with_the_unknown_one_among_them():
    vocab = d2l.Vocab(LINES, reserved_tokens=["<pad>", "<bos>"])
    assert vocab.idx_to_token == ["<bos>", "<pad>", "<unk>", "a", "b", "c", "d"]
    assert vocab.token_to_idx == {token: i for i, token in enumerate(vocab.idx_to_token)}
    assert (vocab.unk, len(vocab)) == (2, 7)


def test_counts_come_the_most_frequent_first_and_equal_ones_as_they_were_met():
    assert d2l.Vocab(LINES).token_freqs == [("a", 3), ("b", 2), ("c", 1), ("d", 1)]


def test_a_vocabulary_is_that_of_a_count_token_by_token():
    chance = random.Random(0)
    words = [chance.choice("abcdefghij") * chance.randint(1, 3) for _ in range(2000)]
    lines = [words[i : i + 7] for i in range(0, 2000, 7)]
    count = Counter()
    for word in words:
        count[word] += 1
    vocab = d2l.Vocab(lines, min_freq=60)
    assert dict(vocab.token_freqs) == count
    assert vocab.idx_to_token == sorted({w for w in count if count[w] >= 60} | {"<unk>"})
    assert vocab[lines] == [[vocab[word] for word in line] for line in lines]


def test_rare_tokens_are_unknown_but_counted():
    vocab = d2l.Vocab(["x", "y", "x"], min_freq=2)
    assert vocab.idx_to_token == ["<unk>", "x"]
    assert vocab.token_freqs == [("x", 2), ("y", 1)]


@pytest.mark.parametrize("tokens", [[], [[]], (), None])
def test_an_empty_corpus_has_the_unknown_token_only(tokens):
    vocab = d2l.Vocab() if tokens is None else d2l.Vocab(tokens)
    assert (vocab.idx_to_token, vocab["a"]) == (["<unk>"], 0)


def test_tokens_may_be_drawn_from_a_generator():
    expected = d2l.Vocab(LINES).idx_to_token
    assert d2l.Vocab(token for line in LINES for token in line).idx_to_token == expected


def test_a_tuple_is_one_token_and_tuples_are_numbered_by_frequency():
    pairs = [*itertools.pairwise("ababc")]
    vocab = d2l.Vocab(pairs)
    assert vocab.token_freqs == [(("a", "b"), 2), (("b", "a"), 1), (("b", "c"), 1)]
    assert vocab.idx_to_token == ["<unk>", ("a", "b"), ("b", "a"), ("b", "c")]
    assert d2l.Vocab([pairs[:2], pairs[2:]]).token_freqs == vocab.token_freqs


def test_by_frequency_the_unknown_token_is_first_then_reserved_ones_then_those_met_often():
    tokens = [*"cbbaad"]
    vocab = d2l.Vocab(tokens, reserved_tokens=["<pad>", "<bos>"], order="frequency")
    often_first = sorted(dict.fromkeys(tokens), key=lambda token: -tokens.count(token))  # stable
    assert vocab.idx_to_token == ["<unk>", "<pad>", "<bos>", *often_first]
    assert vocab[["<unk>", "d", "none"]] == [0, 6, 0]
    assert d2l.Vocab(tokens, min_freq=2, order="frequency").idx_to_token == ["<unk>", "b", "a"]


def test_a_reserved_token_that_is_met_has_one_number():
    vocab = d2l.Vocab(["<pad>", "a"], 0, ["<pad>"], order="frequency")
    assert vocab.idx_to_token == ["<unk>", "<pad>", "a"]


def test_none_is_no_tokens():
    assert d2l.Vocab(None, 0, None).idx_to_token == ["<unk>"]


def test_an_unknown_order_is_refused_with_the_choices():
    with pytest.raises(ConfigurationError, match="'alphabetical' or 'frequency'; found 'random'"):
        d2l.Vocab(LINES, order="random")


def test_lists_and_tuples_are_looked_up_as_they_are_nested():
    vocab = d2l.Vocab(LINES)
    assert vocab["a"] == 1
    assert vocab[["a", "zzz"]] == vocab[("a", "zzz")] == [1, 0]
    assert vocab[[["a"], ("b", "c"), "d", []]] == [[1], [2, 3], 4, []]


@pytest.mark.parametrize(
    "indices, tokens",
    [
        (1, "a"),
        ([1], ["a"]),
        ((2, 1), ["b", "a"]),
        ([], []),
        ([[1, 2], [3]], [["a", "b"], ["c"]]),
        (torch.tensor(1), "a"),
        (torch.tensor([1]), ["a"]),
        (torch.tensor([[1, 2], [0, 4]]), [["a", "b"], ["<unk>", "d"]]),
    ],
)
def test_numbers_go_back_to_tokens_in_the_form_they_came_in(indices, tokens):
    assert d2l.Vocab(LINES).to_tokens(indices) == tokens


@pytest.mark.parametrize("indices", [5, [1, 5], [[0], [5]], torch.tensor([5])])
def test_a_number_outside_is_named(indices):
    with pytest.raises(LabelError, match=r"must be in 0\.\.4; found 5$"):
        d2l.Vocab(LINES).to_tokens(indices)


def test_a_vocabulary_is_walked_through_and_asked_for_tokens():
    vocab = d2l.Vocab(LINES)
    assert list(vocab) == vocab.idx_to_token
    assert "a" in vocab
    assert "zzz" not in vocab


def test_what_a_reader_changes_in_a_vocabulary_leaves_others_alone():
    first = d2l.Vocab()
    first.idx_to_token.append("new")
    first.token_to_idx["new"] = 1
    assert len(d2l.Vocab()) == 1


@pytest.mark.parametrize("tokens", [[1, 2], [["a", 3]]])
def test_tokens_that_are_no_strings_are_refused(tokens):
    with pytest.raises(TypeError, match=r"must be strings; found int\. Use Vocab\(\[str"):
        d2l.Vocab(tokens)


def test_lines_nested_too_deeply_are_refused():
    with pytest.raises(TypeError, match="or a list of lines of tokens"):
        d2l.Vocab([[["a"]]])


def test_a_tensor_in_place_of_tokens_is_told_where_to_go():
    with pytest.raises(TypeError, match=r"tensor of shape \(2,\)\. Use vocab.to_tokens"):
        d2l.Vocab(LINES)[torch.tensor([1, 2])]


def test_a_vocabulary_can_be_pickled():
    copy = pickle.loads(pickle.dumps(d2l.Vocab(LINES)))
    assert copy[["d", "?"]] == [4, 0]


def test_a_counter_keeps_its_counts():
    vocab = d2l.Vocab(Counter("aaab"), min_freq=2)
    assert (vocab.token_freqs, vocab.idx_to_token) == ([("a", 3), ("b", 1)], ["<unk>", "a"])


def test_a_subclass_looks_up_each_token_of_a_list():
    class Lower(d2l.Vocab):
        def __getitem__(self, tokens):
            return super().__getitem__(tokens.lower() if isinstance(tokens, str) else tokens)

    assert Lower(["a", "b"])[["A", ["B"], "b"]] == [1, [2], 2]


@pytest.mark.parametrize(
    "numbers",
    [range(1, 3), deque([1, 2]), {0: 1, 1: 2}.values(), torch.tensor([1.0, 2.0]), iter([1, 2])],
)
def test_numbers_may_come_from_any_iterable(numbers):
    assert d2l.Vocab(["a", "b"]).to_tokens(numbers) == ["a", "b"]
