"""Vectors of words from a file."""

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import DataError

LINES = "the 0.1 0.2 0.3\nof 1 2 3\nto -1e-1 .5 7\n"


@pytest.fixture
def vectors(offer):
    offer("glove.6b.50d", "glove.6B.50d.zip", {"glove.6B.50d/vec.txt": "3 3\n" + LINES})
    return d2l.TokenEmbedding("glove.6b.50d")


def test_vectors_are_in_the_order_of_the_file_after_the_unknown_token(vectors):
    assert vectors.idx_to_token == ["<unk>", "the", "of", "to"]
    expected = torch.tensor([[0, 0, 0], [0.1, 0.2, 0.3], [1, 2, 3], [-0.1, 0.5, 7]])
    assert torch.equal(vectors.idx_to_vec, expected)
    assert (len(vectors), vectors.unknown_idx, vectors.token_to_idx["to"]) == (4, 0, 3)


def test_tokens_have_a_row_each_and_one_token_a_vector(vectors):
    assert vectors[["of", "who?", "of"]].tolist() == [[1, 2, 3], [0, 0, 0], [1, 2, 3]]
    assert vectors["of"].tolist() == [1, 2, 3]
    assert vectors[[]].shape == (0, 3)


@pytest.mark.parametrize("text", ["", "a 1 2\nb 1 2 3\n"])
def test_a_file_without_vectors_or_of_several_widths_is_an_error(offer, text):
    offer("wiki.en", "wiki.en.zip", {"wiki.en/vec.txt": text})
    with pytest.raises(DataError, match="numbers per line"):
        d2l.TokenEmbedding("wiki.en")
