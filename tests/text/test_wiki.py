"""BERT's examples: what follows what, what is hidden, and what is left out."""

import pickle
import random

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import DataError
from d2l.text.wiki import WikiTextDataset, read_wiki

MAX_LEN = 24


def paragraphs(num=300, seed=0):
    """Sentences whose words tell their paragraph and place: `3 14 3 14 …`."""
    chance = random.Random(seed)
    return [
        [" ".join([f"p{p % 40} s{s}"] * chance.randint(1, 5)) for s in range(chance.randint(1, 5))]
        for p in range(num)
    ]


@pytest.fixture(scope="module")
def data():
    torch.manual_seed(0)
    return WikiTextDataset(paragraphs(), MAX_LEN)


def restored(data):
    """The sentences of each example with the hidden words put back."""
    for i in range(len(data)):
        tokens, segments, valid_len, positions, weights, labels, is_next = data[i]
        tokens = tokens.clone()
        num_hidden = int(weights.sum())
        tokens[positions[:num_hidden]] = labels[:num_hidden]
        yield data.vocab.to_tokens(tokens), segments.tolist(), int(valid_len), int(is_next)


def test_an_example_is_two_sentences_with_their_marks_and_segments(data):
    for tokens, segments, valid_len, _ in restored(data):
        first = tokens.index("<sep>")
        second = tokens.index("<sep>", first + 1)
        expected = d2l.get_tokens_and_segments(tokens[1:first], tokens[first + 1 : second])
        assert tokens == expected[0] + ["<pad>"] * (MAX_LEN - valid_len)
        assert segments == expected[1] + [0] * (MAX_LEN - valid_len)
        assert len(expected[0]) == valid_len == second + 1


def test_sentences_that_follow_are_of_one_paragraph_and_in_order(data):
    for tokens, _, _, is_next in restored(data):
        first = tokens.index("<sep>")
        (p, s), (p_after, s_after) = tokens[1:3], tokens[first + 1 : first + 3]
        if is_next:
            assert (p_after, int(s_after[1:])) == (p, int(s[1:]) + 1)


def test_half_of_the_pairs_follow_one_another():
    torch.manual_seed(1)
    labels = WikiTextDataset(paragraphs(3000), MAX_LEN).nsp_labels.float()
    assert abs(labels.mean() - 0.5) < 4 * 0.5 / len(labels) ** 0.5


def test_fifteen_in_a_hundred_tokens_are_hidden_in_order_and_never_a_mark(data):
    for i in range(len(data)):
        tokens, _, valid_len, positions, weights, labels, _ = data[i]
        num_hidden = max(1, round(int(valid_len) * 0.15))
        assert weights.tolist() == [1.0] * num_hidden + [0.0] * (len(weights) - num_hidden)
        assert not positions[num_hidden:].any()
        assert not labels[num_hidden:].any()
        hidden = positions[:num_hidden].tolist()
        assert hidden == sorted(set(hidden))
        assert not {"<cls>", "<sep>", "<pad>"} & set(data.vocab.to_tokens(labels[:num_hidden]))
        assert tokens[0] == data.vocab["<cls>"]
    assert data.all_pred_positions.shape[1] == round(MAX_LEN * 0.15)


def test_eight_of_ten_hidden_words_are_masked_and_one_is_itself():
    torch.manual_seed(2)
    data = WikiTextDataset(paragraphs(3000), MAX_LEN)
    hidden = data.all_mlm_weights.bool()
    shown = data.all_token_ids.gather(1, data.all_pred_positions)[hidden]
    share = (shown == data.vocab["<mask>"]).float().mean()
    same = (shown == data.all_mlm_labels[hidden]).float().mean()
    n = hidden.sum()
    assert abs(share - 0.8 - 0.1 / len(data.vocab)) < 4 * (0.16 / n) ** 0.5
    assert abs(same - 0.1 - 0.1 / len(data.vocab)) < 4 * (0.09 / n) ** 0.5


def test_every_word_of_a_sentence_is_hidden_as_often():
    torch.manual_seed(3)
    data = WikiTextDataset([["a a a a a", "b b b b b"]] * 4000, 13)
    times = torch.bincount(data.all_pred_positions[data.all_mlm_weights.bool()], minlength=13)
    words = times[[1, 2, 3, 4, 5, 7, 8, 9, 10, 11]].float()
    assert times[[0, 6, 12]].sum() == 0
    assert (words - words.mean()).abs().max() < 5 * words.mean() ** 0.5


def test_pairs_that_do_not_fit_and_pairs_without_a_word_are_left_out():
    torch.manual_seed(4)
    data = WikiTextDataset([["a b", "c d"], ["a", "b c d e f g"], ["", ""]] * 9, 7)
    assert 0 < len(data) < 18
    assert data.valid_lens.max() <= 7
    assert data.all_mlm_weights.sum(1).min() >= 1


@pytest.mark.parametrize("max_len", [0, 3, 4])
def test_a_length_into_which_no_pair_fits_is_an_error(max_len):
    with pytest.raises(DataError, match=rf"max_len={max_len}.*the shortest with 2 words"):
        WikiTextDataset([["a", "b"], ["c", "d"]], max_len)


@pytest.mark.parametrize("nothing", [[], [[]]])
def test_no_paragraphs_are_an_error(nothing):
    with pytest.raises(DataError, match="expected paragraphs"):
        WikiTextDataset(nothing, 8)


def test_the_loader_reads_the_sets_file(offer):
    lines = [" ", " = Title = ", *(f" {' . '.join(p)} . " for p in paragraphs(50))]
    offer("wikitext-2", "wiki.zip", {"wikitext-2/wiki.train.tokens": "\n".join(lines)})
    torch.manual_seed(5)
    loader, vocab = d2l.load_data_wiki(8, MAX_LEN)
    batch = next(iter(loader))
    assert [tuple(part.shape[1:]) for part in batch] == [(24,), (24,), (), (4,), (4,), (4,), ()]
    assert [part.dtype for part in batch[2:5]] == [torch.float32, torch.int64, torch.float32]
    assert {"<pad>", "<mask>", "<cls>", "<sep>", "."} < set(vocab)
    assert len(pickle.loads(pickle.dumps(loader.dataset))) == len(loader.dataset)


def test_paragraphs_are_shuffled_and_cut_at_full_stops(tmp_path):
    (tmp_path / "wiki.train.tokens").write_text(" A b . C \n title \n D . E . \n")
    torch.manual_seed(0)
    assert sorted(read_wiki(tmp_path)) == [["a b", "c"], ["d", "e ."]]


def test_one_sentence_alone_has_one_segment():
    assert d2l.get_tokens_and_segments(["a"]) == (["<cls>", "a", "<sep>"], [0, 0, 0])
