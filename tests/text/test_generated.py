"""The short story and the invented languages."""

import torch

from d2l import torch as d2l
from d2l.text.time_machine import lowland, upland

UPLAND = ("", "an", "bo", "cim", "dal", "ek", "fos", "gar", "hil", "ib")
LOWLAND = ("nul", "uno", "dva", "tri", "kva", "pen", "ses", "sep", "okt", "nov")


def meant_by_upland(sentence):
    digits = {word: i for i, word in enumerate(UPLAND)}
    number, digit = 0, 0
    for word in sentence.split():
        number += digit * {"mek": 100, "tor": 10}.get(word, 0)
        digit = digits.get(word, digit if word == "." else 0)
    return number + digit


def meant_by_lowland(sentence):
    spoken = [part.split()[-1] for part in sentence.removesuffix(" .").split(" ke ")]
    return sum(LOWLAND.index(word) * 10**place for place, word in enumerate(spoken))


def test_both_languages_say_every_number():
    for number in range(1, 1000):
        assert meant_by_upland(upland(number)) == meant_by_lowland(lowland(number)) == number


def test_the_pairs_are_the_same_each_time_and_none_comes_twice():
    data = d2l.SyntheticTranslation(batch_size=64, num_train=800, num_val=199)
    again = d2l.SyntheticTranslation(batch_size=64, num_train=800, num_val=199)
    assert torch.equal(data.arrays[0], again.arrays[0])
    assert len(data.arrays[0].unique(dim=0)) == len(data.arrays[0]) == 999
    assert not (data.arrays[0] == data.src_vocab.unk).any()
    assert not (data.arrays[3] == data.tgt_vocab.unk).any()
    assert (data.arrays[3] == data.tgt_vocab["<eos>"]).sum(1).tolist() == [1] * 999


def test_a_sentence_of_the_pairs_means_the_same_in_both_languages():
    data = d2l.SyntheticTranslation(batch_size=64)
    for source, _, _, label in zip(*(array[:20] for array in data.arrays), strict=True):
        pair = []
        for vocab, row in ((data.src_vocab, source), (data.tgt_vocab, label)):
            words = vocab.to_tokens(row)
            pair.append(" ".join(words[: words.index("<eos>")]))
        assert meant_by_upland(pair[0]) == meant_by_lowland(pair[1])


def test_the_tale_is_long_enough_for_a_language_model():
    data = d2l.TinyStory(batch_size=32, num_steps=32, num_train=3000, num_val=700)
    assert len(data.X) > 3700
    assert "".join(data.vocab.to_tokens(data.X[4, :28])) == "lamp on the hill there was a"
    assert sum(len(X) for X, _ in data.val_dataloader()) == 700
