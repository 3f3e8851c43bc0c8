"""IMDb's reviews and Stanford's sentence pairs, and what a net says of one."""

import pickle

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import DataError, ShapeError

REVIEWS = {
    f"aclImdb/{split}/{kind}/{i}_7.txt": f"{kind} {'very ' * i}<br />film"
    for split in ("train", "test")
    for kind in ("pos", "neg")
    for i in range(6)
}
ROWS = [
    ("entailment", "( ( A man )  ( is  running . ) )", "( ( A man ) runs )"),
    ("-", "( nobody )", "( agrees )"),
    ("neutral", "( ( A man ) ( is fast ) )", "( He ( is tired ) )"),
    ("contradiction", "( ( A man ) runs )", "( He sits )"),
] * 5
SNLI = "gold_label\tsentence1_binary_parse\tsentence2_binary_parse\tmore\n" + "".join(
    f"{label}\t{first}\t{second}\t(ROOT)\tmore\n" for label, first, second in ROWS
)


class Says(nn.Module):
    """Answers with one class, and keeps what it was asked."""

    def __init__(self, label, num_classes):
        super().__init__()
        self.scores = nn.Parameter(torch.eye(num_classes)[label : label + 1])

    def forward(self, X):
        self.asked, self.asked_in_training = X, self.training
        return self.scores


@pytest.fixture
def imdb(offer):
    offer("aclImdb", "aclImdb_v1.tar.gz", REVIEWS)


@pytest.fixture
def snli(offer):
    files = {f"snli_1.0/snli_1.0_{split}.txt": SNLI for split in ("train", "test")}
    offer("SNLI", "snli_1.0.zip", files)


def test_reviews_come_with_labels_the_positive_first(imdb):
    reviews, labels = d2l.read_imdb(d2l.download_extract("aclImdb", "aclImdb"), is_train=True)
    assert labels == [1] * 6 + [0] * 6
    assert reviews[8] == "neg very very <br />film"


def test_batches_of_reviews_are_cut_and_filled_with_padding(imdb):
    train, test, vocab = d2l.load_data_imdb(5, num_steps=4)
    X, y = (torch.cat(parts) for parts in zip(*test, strict=True))
    assert [len(labels) for _, labels in train] == [5, 5, 2]
    assert vocab.to_tokens(X[1]) == ["pos", "very", "<br", "/>film"]
    assert vocab.to_tokens(X[6]) == ["neg", "<br", "/>film", "<pad>"]
    assert y.tolist() == [1] * 6 + [0] * 6


def test_a_folder_without_reviews_is_named(tmp_path):
    with pytest.raises(DataError, match=r"found no reviews in .*train"):
        d2l.read_imdb(tmp_path, is_train=True)


@pytest.mark.parametrize("label, word", [(0, "negative"), (1, "positive")])
def test_a_net_says_what_it_thinks_of_a_text(label, word):
    vocab, net = d2l.Vocab(["a", "film"]), Says(label, 2)
    assert d2l.predict_sentiment(net, vocab, "a good film") == word
    assert net.asked.tolist() == [[vocab["a"], vocab.unk, vocab["film"]]]
    assert d2l.predict_sentiment(net, vocab, ["a", "film"]) == word


def test_a_net_is_asked_without_dropout_and_left_as_it_was():
    net = Says(0, 2)
    d2l.predict_sentiment(net, d2l.Vocab(), "a")
    assert (net.asked_in_training, net.training) == (False, True)
    net.eval()
    d2l.predict_sentiment(net, d2l.Vocab(), "a")
    assert not net.training


@pytest.mark.parametrize("label, word", [*enumerate(("entailment", "contradiction", "neutral"))])
def test_a_net_says_what_it_thinks_of_a_pair(label, word):
    vocab, net = d2l.Vocab(["he", "runs"]), Says(label, 3)
    assert d2l.predict_snli(net, vocab, ["he", "runs"], "he sits") == word
    assert [part.tolist() for part in net.asked] == [[[1, 2]], [[1, 0]]]


def test_a_text_without_words_is_left_to_the_net():
    net = Says(1, 2)
    assert d2l.predict_sentiment(net, d2l.Vocab(), " ") == "positive"
    assert net.asked.shape == (1, 0)
    assert d2l.predict_snli(Says(0, 3), d2l.Vocab(), "a", []) == "entailment"


def test_a_function_judges_as_a_module_does():
    def says(X):
        return torch.tensor([[0.0, 1.0, 0.0]])

    assert d2l.predict_sentiment(says, d2l.Vocab(["film"]), "this film") == "positive"
    assert d2l.predict_snli(says, d2l.Vocab(["film"]), "this film", "film") == "contradiction"


def test_pairs_are_read_without_brackets_and_without_those_nobody_agreed_on(snli):
    premises, hypotheses, labels = d2l.read_snli(d2l.download_extract("SNLI"), is_train=True)
    assert premises[:3] == ["A man is running .", "A man is fast", "A man runs"]
    assert hypotheses[:3] == ["A man runs", "He is tired", "He sits"]
    assert labels == [0, 2, 1] * 5


def test_batches_of_pairs_have_two_sentences_and_a_label(snli, capsys):
    train, test, vocab = d2l.load_data_snli(4, num_steps=6)
    assert capsys.readouterr().out == "read 15 examples\n" * 2
    (premises, hypotheses), labels = next(iter(test))
    assert vocab.to_tokens(premises[0]) == ["A", "man", "is", "running", ".", "<pad>"]
    assert vocab.to_tokens(hypotheses[2]) == ["He", "sits", *["<pad>"] * 4]
    assert labels.tolist() == [0, 2, 1, 0]
    assert isinstance(next(iter(test))[0], list)
    assert sum(len(y) for _, y in train) == 15


def test_the_pairs_can_be_pickled_and_cut_by_a_reader(snli):
    class Short(d2l.SNLIDataset):
        def _pad(self, lines):
            return super()._pad([line[:1] for line in lines])

    split = d2l.read_snli(d2l.download_extract("SNLI"), is_train=False)
    data = pickle.loads(pickle.dumps(d2l.SNLIDataset(split, 3)))
    (premise, hypothesis), label = data[1]
    assert data.vocab.to_tokens(premise) == ["A", "man", "is"]
    assert (len(data), len(hypothesis), int(label)) == (15, 3, 2)
    assert Short(split, 3).premises[:, 1:].unique().tolist() == [data.vocab["<pad>"]]


def test_pairs_of_other_lengths_are_an_error():
    with pytest.raises(ShapeError, match=r"lengths \[2, 1, 2\]"):
        d2l.SNLIDataset((["a", "b"], ["c"], [0, 1]), 3)


def test_a_file_without_labelled_pairs_is_named(tmp_path):
    (tmp_path / "snli_1.0_test.txt").write_text("gold_label\n-\ta\tb\tc\n")
    with pytest.raises(DataError, match="no labelled pair in"):
        d2l.read_snli(tmp_path, is_train=False)
