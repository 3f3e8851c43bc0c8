"""From text to tokens to arrays."""

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import DataError

SPECIAL = ["<pad>", "<bos>", "<eos>"]


def test_lines_are_cut_into_words_or_characters():
    assert d2l.tokenize(["the time ", "", " a  b"]) == [["the", "time"], [], ["a", "b"]]
    assert d2l.tokenize(["ab c"], token="char") == [["a", "b", " ", "c"]]


def test_another_kind_of_token_is_an_error():
    with pytest.raises(ValueError, match="'word' or 'char'; found 'letter'"):
        d2l.tokenize(["a"], "letter")


@pytest.mark.parametrize("line", [[], [1], [1, 2, 3], [1, 2, 3, 4], (1, 2)])
def test_lines_are_cut_or_filled(line):
    expected = [line[i] if i < len(line) else 0 for i in range(3)]
    assert d2l.truncate_pad(line, 3, 0) == expected


@pytest.mark.parametrize(
    "text", ["Go.", "!a!! B.,c\tD ?", "Oui\u202f!\xa0Non .", "a\n!b", "", "...", "é?"]
)
def test_marks_are_set_apart_as_letter_by_letter(text):
    lower = text.replace("\u202f", " ").replace("\xa0", " ").lower()
    expected = ""
    for i, letter in enumerate(lower):
        apart = i > 0 and letter in ",.!?" and lower[i - 1] != " "
        expected += " " + letter if apart else letter
    assert d2l.preprocess_nmt(text) == expected


def test_sentence_pairs_are_cut_at_the_tab_into_words():
    text = "go .\tva !\n\nno tab\nrun\tcours\tfrom somewhere\n a b\tc d"
    sources, targets = d2l.tokenize_nmt(text)
    assert sources == [["go", "."], ["run"], ["", "a", "b"]]
    assert targets == [["va", "!"], ["cours"], ["c", "d"]]


@pytest.mark.parametrize("num_examples, found", [(1, 1), (2, 2), (3, 3), (9, 4), (None, 4)])
def test_as_many_pairs_as_asked_for_and_not_one_more(num_examples, found):
    sources, targets = d2l.tokenize_nmt("a\tb\n\nc\td\ne\tf\ng\th", num_examples)
    assert len(sources) == len(targets) == found


def test_sentences_become_an_array_with_their_lengths():
    vocab = d2l.Vocab(["a", "b", "c"], reserved_tokens=SPECIAL)
    array, valid_len = d2l.build_array_nmt([["a", "?"], ["a", "b", "c", "a"], []], vocab, 4)
    rows = [["a", "<unk>", "<eos>", "<pad>"], ["a", "b", "c", "a"], ["<eos>", *["<pad>"] * 3]]
    assert vocab.to_tokens(array) == rows
    assert valid_len.tolist() == [3, 4, 1]
    assert array.dtype == valid_len.dtype == torch.int64


def test_no_sentences_are_an_error():
    with pytest.raises(DataError, match="at least one sentence"):
        d2l.build_array_nmt([], d2l.Vocab(reserved_tokens=SPECIAL), 4)
