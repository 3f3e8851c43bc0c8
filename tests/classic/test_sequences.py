"""The time machine cut into minibatches: every pair of tokens, in the order that was asked for."""

import random
from collections import Counter

import pytest
import torch

from d2l import torch as d2l

NOVEL = (
    "The Time Machine, by H. G. Wells [1898]\n\n\nI\n\n\nThe Time Traveller (for so it will be)\n"
    * 40
)


@pytest.fixture
def novel(tmp_path, monkeypatch):
    """A text in the place of the novel."""
    (tmp_path / "run").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "novel.txt").write_text(NOVEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "run")
    monkeypatch.delenv("D2L_DATA", raising=False)
    monkeypatch.setitem(d2l.DATA_HUB, "time_machine", ("https://nowhere.invalid/novel.txt", None))


def test_lines_are_small_letters_with_one_space_between_words(novel):
    lines = d2l.read_time_machine()
    assert lines[0] == "the time machine by h g wells"
    assert lines[1] == ""
    assert len(lines) == NOVEL.count("\n")
    assert set("".join(lines)) <= set("abcdefghijklmnopqrstuvwxyz ")


def test_the_corpus_is_the_characters_by_frequency(novel):
    corpus, vocab = d2l.load_corpus_time_machine()
    text = "".join(d2l.read_time_machine())
    assert "".join(vocab.to_tokens(corpus)) == text
    counts = [Counter(text)[token] for token in vocab.idx_to_token]
    assert vocab.idx_to_token[0] == "<unk>"
    assert counts[1:] == sorted(counts[1:], reverse=True)
    assert d2l.load_corpus_time_machine(max_tokens=10)[0] == corpus[:10]
    assert len(d2l.load_corpus_time_machine(10)[1]) == len(vocab)


@pytest.mark.parametrize("tokens", [["a", "b", "a"], [["a", "b"], ["a"]], []])
def test_tokens_are_counted_in_lists_and_lists_of_lists(tokens):
    flat = [t for line in tokens for t in (line if isinstance(line, list) else [line])]
    assert d2l.count_corpus(tokens) == {token: flat.count(token) for token in flat}


@pytest.mark.parametrize("batch_size, num_steps", [(2, 5), (1, 1), (3, 4), (4, 8), (9, 9)])
def test_sequential_batches_continue_each_other(batch_size, num_steps):
    corpus = list(range(100, 160))
    for seed in range(5):
        random.seed(seed)
        batches = [*d2l.seq_data_iter_sequential(corpus, batch_size, num_steps)]
        random.seed(seed)
        offset = random.randint(0, num_steps)
        width = (len(corpus) - offset - 1) // batch_size
        assert len(batches) == width // num_steps
        for i, (X, Y) in enumerate(batches):
            assert X.shape == Y.shape == (batch_size, num_steps)
            assert torch.equal(Y, X + 1)
            firsts = [100 + offset + row * width + i * num_steps for row in range(batch_size)]
            assert X[:, 0].tolist() == firsts
            assert torch.equal(X - X[:, :1], torch.arange(num_steps).expand(batch_size, -1))


@pytest.mark.parametrize("batch_size, num_steps", [(2, 5), (1, 1), (3, 4), (4, 8), (9, 9)])
def test_random_batches_are_pieces_that_do_not_overlap(batch_size, num_steps):
    corpus, orders = list(range(60)), set()
    for seed in range(5):
        random.seed(seed)
        batches = [*d2l.seq_data_iter_random(corpus, batch_size, num_steps)]
        random.seed(seed)
        offset = random.randint(0, num_steps - 1)
        pieces = (60 - offset - 1) // num_steps
        assert len(batches) == pieces // batch_size
        starts = [int(row[0]) for X, _ in batches for row in X]
        assert len(set(starts)) == len(starts)
        assert all((start - offset) % num_steps == 0 for start in starts)
        for X, Y in batches:
            assert torch.equal(Y, X + 1)
            assert torch.equal(X - X[:, :1], torch.arange(num_steps).expand(batch_size, -1))
        orders.add(tuple(starts))
    assert len(orders) > 1 or batch_size == 9


@pytest.mark.parametrize("length", [0, 1, 5])
def test_a_corpus_that_is_too_short_gives_no_batches(length):
    corpus = list(range(length))
    assert [*d2l.seq_data_iter_random(corpus, 2, 5)] == []
    assert [*d2l.seq_data_iter_sequential(corpus, 2, 5)] == []


@pytest.mark.parametrize("kind", [tuple, range, torch.tensor])
def test_a_corpus_may_be_anything_that_is_a_row_of_numbers(kind):
    corpus = range(35) if kind is range else kind(list(range(35)))
    random.seed(0)
    X, Y = next(iter(d2l.seq_data_iter_sequential(corpus, 2, 5)))
    assert torch.equal(Y, X + 1)


def test_a_loader_cuts_anew_at_each_pass(novel):
    for use_random_iter in (False, True):
        loader, vocab = d2l.load_data_time_machine(4, 7, use_random_iter, 1000)
        random.seed(3)
        first, second = [*loader], [*loader]
        cut = d2l.seq_data_iter_random if use_random_iter else d2l.seq_data_iter_sequential
        random.seed(3)
        for found in (first, second):
            expected = [*cut(loader.corpus, 4, 7)]
            assert all(
                torch.equal(a, b)
                for x, y in zip(found, expected, strict=True)
                for a, b in zip(x, y, strict=True)
            )
        assert not torch.equal(first[0][0], second[0][0])
        assert (len(loader.corpus), loader.vocab) == (1000, vocab)


def test_a_vocabulary_class_of_the_readers_is_used(novel, monkeypatch):
    class Mine(d2l.Vocab):
        def __init__(self, tokens):
            super().__init__(tokens)

        def __getitem__(self, line):
            return [len(token) for token in line]

    monkeypatch.setattr(d2l, "Vocab", Mine)
    corpus, vocab = d2l.load_corpus_time_machine(5)
    assert (corpus, type(vocab)) == ([1] * 5, Mine)
