"""Sentence pairs as arrays."""

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import DataError

PAIRS = [
    ("Go.", "Va !"),
    ("Hi, there.", "Salut !"),
    ("I run fast!", "Je cours vite !"),
    ("Stop it now, my dear old friend.", "Arrête maintenant, mon cher ami !"),
] * 3
TEXT = "".join(f"{source}\t{target}\n" for source, target in PAIRS)


class Pairs(d2l.MTFraEng):
    def _download(self):
        return TEXT


def sentences(vocab, array):
    return [" ".join(tokens) for tokens in vocab.to_tokens(array)]


def test_the_pairs_are_read_from_the_archive(offer):
    offer("fra-eng", "fra-eng.zip", {"fra-eng/fra.txt": TEXT})
    assert d2l.read_data_nmt() == TEXT
    ours, same = d2l.MTFraEng(batch_size=2), Pairs(batch_size=2)
    assert all(torch.equal(a, b) for a, b in zip(ours.arrays, same.arrays, strict=True))


def test_source_and_target_are_cut_and_filled_and_the_target_has_a_beginning():
    data = Pairs(batch_size=2, num_steps=5)
    src, tgt, src_valid_len, label = data.arrays
    assert sentences(data.src_vocab, src[:4]) == [
        "go . <eos> <pad> <pad>",
        "hi , there . <eos>",
        "i run fast ! <eos>",
        "stop it now , my",
    ]
    assert sentences(data.tgt_vocab, tgt[:2]) == [
        "<bos> va ! <eos> <pad>",
        "<bos> salut ! <eos> <pad>",
    ]
    assert torch.equal(tgt[:, 1:], label[:, :-1])
    assert sentences(data.tgt_vocab, label[2:4])[0] == "je cours vite ! <eos>"
    assert src_valid_len[:4].tolist() == [3, 5, 5, 5]


def test_exactly_as_many_pairs_as_asked_for_are_taken():
    data = Pairs(batch_size=2, num_train=5, num_val=2)
    assert [len(array) for array in data.arrays] == [7] * 4
    assert [len(batch[0]) for batch in data.train_dataloader()] == [2, 2, 1]
    assert [len(batch[0]) for batch in data.val_dataloader()] == [2]


def test_padding_is_known_even_if_no_sentence_needs_it_twice():
    class Full(d2l.MTFraEng):
        def _download(self):
            return "a b\tc d\n" * 3

    data = Full(batch_size=2, num_steps=3)
    src, _, src_valid_len, _ = data.build(["a"], ["c"])
    assert sentences(data.src_vocab, src) == ["a <eos> <pad>"]
    assert src_valid_len.tolist() == [2]


def test_other_sentences_are_built_with_the_same_vocabularies_however_many():
    data = Pairs(batch_size=2, num_steps=4, num_train=2, num_val=1)
    src, tgt, src_valid_len, label = data.build(["hi .", "go why ."] * 4, ["salut !", "va !"] * 4)
    assert sentences(data.src_vocab, src[1:2]) == ["<unk> <unk> . <eos>"]
    assert src.shape == tgt.shape == label.shape == (8, 4)
    assert src_valid_len.tolist() == [3, 4] * 4


def test_sentences_without_a_partner_are_left_out_with_a_warning():
    data = Pairs(batch_size=2)
    with pytest.warns(UserWarning, match="found 1 and 2, so the unpaired"):
        arrays = data.build(iter(["hi ."]), ["salut !", "va !"])
    assert [len(array) for array in arrays] == [1, 1, 1, 1]


def test_a_readers_constructor_may_skip_that_of_the_set():
    class Own(d2l.MTFraEng):
        def __init__(self, batch_size):
            super(d2l.MTFraEng, self).__init__()
            self.save_hyperparameters()

    assert Own(3).batch_size == 3


@pytest.mark.parametrize("text", ["", "no tab\n"])
def test_a_text_without_pairs_is_an_error(text):
    class Empty(d2l.MTFraEng):
        def _download(self):
            return text

    with pytest.raises(DataError, match="found no "):
        Empty(batch_size=2)


def test_the_function_of_old_gives_the_first_pairs_and_their_lengths(offer):
    offer("fra-eng", "fra-eng.zip", {"fra-eng/fra.txt": TEXT})
    loader, src_vocab, tgt_vocab = d2l.load_data_nmt(3, 6, num_examples=8)
    src, src_valid_len, tgt, tgt_valid_len = (
        torch.cat(parts) for parts in zip(*loader, strict=True)
    )
    assert src.shape == tgt.shape == (8, 6)
    found = sorted(zip(sentences(src_vocab, src), src_valid_len.tolist(), strict=True))
    assert found[0] == ("go . <eos> <pad> <pad> <pad>", 3)
    assert tgt_valid_len.tolist() == [(row != tgt_vocab["<pad>"]).sum() for row in tgt]


def test_a_pairs_class_without_pairs_says_what_to_define():
    with pytest.raises(NotImplementedError, match="SentencePairs must define _download"):
        d2l.SentencePairs(batch_size=2)


def test_sub_words_of_each_language_are_learned_and_padded():
    data = Pairs(batch_size=2, num_steps=12, num_train=8, num_val=4, vocab_size=300)
    src, tgt, src_valid_len, label = data.arrays
    source = ["go .", "hi , there .", "i run fast !", "stop it now , my dear old friend ."]
    tokenizer = d2l.BPETokenizer(300).train("\n".join(source * 3))
    ids = tokenizer.encode("go .")
    assert src[0].tolist() == [*ids, tokenizer.eos] + [tokenizer.pad] * (11 - len(ids))
    assert src_valid_len[0] == len(ids) + 1
    assert data.tgt_vocab.decode(tgt[0]).startswith("<bos>va !<eos><pad>")
    assert torch.equal(tgt[:, 1:], label[:, :-1])
    assert len(src) == 12
    built = data.build(["go ."], ["va !"])
    assert all(torch.equal(new[0], old[0]) for new, old in zip(built, data.arrays, strict=True))
