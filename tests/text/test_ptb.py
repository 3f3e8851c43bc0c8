"""The Penn Tree Bank's loader, on a text of our own in its layout."""

import pickle
import random

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import DataError

WORDS = [f"w{i}" for i in range(300)]


@pytest.fixture
def ptb(offer):
    chance = random.Random(0)
    sentences = [" ".join(chance.choices(WORDS, k=8)) for _ in range(1500)]
    offer("ptb", "ptb.zip", {"ptb/ptb.train.txt": "\n".join(["a b", "", *sentences, ""])})


def test_the_sentences_are_lists_of_words(ptb):
    sentences = d2l.read_ptb()
    assert (len(sentences), sentences[:2], sentences[-1]) == (1503, [["a", "b"], []], [])
    assert set(sentences[2]) <= set(WORDS)


def test_a_batch_has_words_masks_and_labels():
    examples = [(1, [2, 3], [4, 5, 6]), (7, [], []), (2, [9], [8])]
    centers, words, masks, labels = d2l.batchify(examples)
    assert centers.tolist() == [[1], [7], [2]]
    assert words.tolist() == [[2, 3, 4, 5, 6], [0] * 5, [9, 8, 0, 0, 0]]
    assert masks.tolist() == [[1] * 5, [0] * 5, [1, 1, 0, 0, 0]]
    assert labels.tolist() == [[1, 1, 0, 0, 0], [0] * 5, [1, 0, 0, 0, 0]]
    assert {part.dtype for part in (centers, words, masks, labels)} == {torch.int64}


@pytest.mark.parametrize("nothing", [[], ()])
def test_a_batch_of_nothing_is_an_error(nothing):
    with pytest.raises(DataError, match="at least one example"):
        d2l.batchify(nothing)


def test_the_loader_gives_what_batchify_makes_of_its_examples(ptb):
    random.seed(0)
    loader, vocab = d2l.load_data_ptb(64, 3, 2)
    assert set(vocab) == {*WORDS, "<unk>"}
    examples = [loader.dataset[i] for i in range(len(loader.dataset))]
    expected = d2l.batchify(examples)
    found = [torch.cat(parts) for parts in zip(*loader, strict=True)]
    in_order = loader.take(torch.arange(len(examples)))
    assert all(torch.equal(a, b) for a, b in zip(in_order, expected, strict=True))
    assert sorted(found[0].tolist()) == sorted(expected[0].tolist())
    assert all(len(noise) == 2 * len(words) for _, words, noise in examples)
    assert all(not set(words) & set(noise) for _, words, noise in examples)


def test_the_examples_can_be_pickled_for_workers(ptb):
    random.seed(0)
    loader, _ = d2l.load_data_ptb(64, 3, 2)
    copy = pickle.loads(pickle.dumps(loader.dataset))
    assert (len(copy), copy[0]) == (len(loader.dataset), loader.dataset[0])


def test_a_text_without_frequent_words_is_an_error(offer):
    offer("ptb", "ptb.zip", {"ptb/ptb.train.txt": "a b c\n"})
    with pytest.raises(DataError, match="two adjacent words that occur 10 times or more"):
        d2l.load_data_ptb(64, 3, 2)
