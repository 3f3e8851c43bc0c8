"""A text as windows of characters."""

import re

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import DataError

TEXT = "The Wind, by Ada [1898]\n\n\nI\n\nThe wind (for so it was)\nsat by the door--it's so.\n" * 5


class Wind(d2l.TimeMachine):
    def _download(self):
        return TEXT


def test_the_text_is_read_from_where_the_hub_keeps_it(offer):
    offer("time_machine", "timemachine.txt", TEXT)
    data = d2l.TimeMachine(batch_size=2, num_steps=4)
    assert torch.equal(data.X, Wind(batch_size=2, num_steps=4).X)


def test_windows_begin_at_every_character_and_labels_are_one_on():
    data = Wind(batch_size=2, num_steps=7, num_train=20, num_val=8)
    letters = " ".join(re.findall("[a-z]+", TEXT.lower())) + " "
    assert data._preprocess(TEXT) == letters
    windows = [letters[i : i + 8] for i in range(len(letters) - 7)]
    assert ["".join(data.vocab.to_tokens(x)) for x in data.X] == [w[:7] for w in windows]
    assert ["".join(data.vocab.to_tokens(y)) for y in data.Y] == [w[1:] for w in windows]
    assert data.X.dtype == torch.int64


def test_training_is_the_first_windows_and_validation_the_next():
    data = Wind(batch_size=3, num_steps=5, num_train=7, num_val=4)
    train, val = list(data.train_dataloader()), list(data.val_dataloader())
    assert [len(X) for X, _ in train] == [3, 3, 1]
    assert sorted(torch.cat([X for X, _ in train]).tolist()) == sorted(data.X[:7].tolist())
    assert torch.cat([Y for _, Y in val]).tolist() == data.Y[7:11].tolist()


def test_another_text_is_numbered_with_the_same_vocabulary():
    data = Wind(batch_size=2, num_steps=5)
    corpus, vocab = data.build("Wz a!", data.vocab)
    assert corpus == [data.vocab["w"], data.vocab.unk, *data.vocab[[" ", "a", " "]]]
    assert vocab is data.vocab


def test_a_reader_may_tokenize_otherwise():
    class Words(Wind):
        def _tokenize(self, text):
            return text.split()

    data = Words(batch_size=2, num_steps=3)
    assert data.vocab.to_tokens(data.X[0]) == ["the", "wind", "by"]


@pytest.mark.parametrize("num_steps", [0, -3, 10**6, "all"])
def test_more_steps_than_the_text_has_are_an_error(num_steps):
    length = len(Wind(2, 1).build(TEXT)[0])
    num_steps = length if num_steps == "all" else num_steps
    with pytest.raises(DataError, match=f"in 1..{length - 1} because the text has {length} tokens"):
        Wind(batch_size=2, num_steps=num_steps)


def test_the_longest_window_is_the_text_but_one_character():
    length = len(Wind(2, 1).build(TEXT)[0])
    assert Wind(2, length - 1).X.shape == (1, length - 1)


@pytest.mark.parametrize("text", ["", "42!"])
def test_an_empty_text_is_an_error(text):
    class Empty(d2l.TimeMachine):
        def _download(self):
            return text

        def _preprocess(self, text):
            return text.replace("42!", "")

    with pytest.raises(DataError, match="no tokens"):
        Empty(batch_size=2, num_steps=5)


def test_a_text_class_without_a_text_says_what_to_define():
    with pytest.raises(NotImplementedError, match="CharacterText must define _download"):
        d2l.CharacterText(batch_size=2, num_steps=5)


def test_a_readers_constructor_may_skip_that_of_the_set():
    class Own(d2l.TimeMachine):
        def __init__(self, batch_size):
            super(d2l.TimeMachine, self).__init__()
            self.save_hyperparameters()
            self.corpus, self.vocab = self.build("a b a")

    data = Own(3)
    assert (data.batch_size, data.vocab.to_tokens(data.corpus)) == (3, list("a b a"))


def test_sub_words_are_those_of_the_text_as_it_is():
    data = Wind(2, 5, num_train=30, num_val=10, tokenization="bpe", vocab_size=290)
    tokenizer = d2l.BPETokenizer(290).train(TEXT)
    ids = tokenizer.encode(TEXT)
    assert torch.equal(data.X[7], torch.tensor(ids[7:12]))
    assert torch.equal(data.Y[7], torch.tensor(ids[8:13]))
    assert len(data.X) == len(ids) - 5
    assert data.vocab.decode(ids) == TEXT
    assert data.build("the door", data.vocab) == (tokenizer.encode("the door"), data.vocab)
    assert data._tokenize("the door") == data.vocab.to_tokens(tokenizer.encode("the door"))


def test_words_are_those_between_spaces():
    data = Wind(2, 3, tokenization="word")
    assert data.vocab.to_tokens(data.X[0]) == ["the", "wind", "by"]


@pytest.mark.parametrize("tokenization", ["word", "bpe"])
def test_a_readers_own_way_to_tokenize_wins(tokenization):
    class Halves(Wind):
        def _tokenize(self, text):
            return [text[i : i + 2] for i in range(0, len(text), 2)]

        def _preprocess(self, text):
            return text.upper()

    data = Halves(2, 3, tokenization=tokenization)
    assert data.vocab.to_tokens(data.X[0]) == ["TH", "E ", "WI"]


def test_a_subclass_may_use_the_names_of_the_options():
    class Own(Wind):
        vocab_size = property(lambda self: len(self.vocab))

        def __init__(self):
            super(d2l.TimeMachine, self).__init__()
            self.tokenization = "mine"
            self.corpus, self.vocab = self.build("a b a")

    assert Own().vocab_size == 4


def test_an_unknown_tokenization_is_an_error():
    with pytest.raises(ValueError, match="must be 'char', 'word' or 'bpe'; found 'wrd'"):
        Wind(2, 3, tokenization="wrd")


def test_a_language_model_predicts_in_sub_words():
    data = Wind(2, 5, tokenization="bpe", vocab_size=290)
    model = d2l.RNNLMScratch(d2l.RNNScratch(len(data.vocab), 8), len(data.vocab))
    ids = data.vocab.encode("The Wind!")
    expected = list(ids)
    for _ in range(6):
        expected.append(int(model(torch.tensor([expected]))[0, -1].argmax()))
    assert model.predict("The Wind!", 6, data.vocab) == data.vocab.decode(expected)
    tokens = data.vocab.to_tokens(ids)
    assert model.predict(tokens, num_tokens=6, tok=data.vocab) == data.vocab.decode(expected)
