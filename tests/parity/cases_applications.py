"""Chapter 16: reviews, and sentences that follow from others."""

import torch
from corpora import WORDS, offer_all
from registry import differs, same
from torch import nn


@same("read_imdb", "load_data_imdb")
def reviews(d2l):
    offer_all(d2l)
    train, test, vocab = d2l.load_data_imdb(4, num_steps=10)
    path = d2l.download_extract("aclImdb", "aclImdb")
    texts, labels = d2l.read_imdb(path, is_train=True)
    read = sorted(zip(texts, labels, strict=True))
    words = sorted(set(vocab.idx_to_token) - {"<pad>"})
    (X, y), *_ = test
    read_back = [[w for w in vocab.to_tokens(x.tolist()) if w != "<pad>"] for x in X]
    rows = sorted(zip(read_back, y.tolist(), strict=True))
    return read, words, rows, str(X.dtype), len(train), len(test)


@differs(
    "load_data_imdb",
    released=False,
    here=True,
    because="padding is a token of its own, not an unknown word",
)
def padding_of_reviews(d2l):
    offer_all(d2l)
    return "<pad>" in d2l.load_data_imdb(4)[2].token_to_idx


@same("predict_sentiment")
def a_review_is_good_or_bad(d2l):
    vocab = d2l.Vocab([WORDS])

    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.way = nn.Parameter(torch.tensor([[1.0, -1.0]]))

        def forward(self, X):
            return (X.sum(1, keepdim=True) - 20.0) * self.way

    return [d2l.predict_sentiment(Sum(), vocab, s) for s in ("the of", "at on had as", "unknown")]


@same("read_snli", "load_data_snli", "SNLIDataset")
def premises_and_hypotheses(d2l):
    offer_all(d2l)
    path = d2l.download_extract("SNLI")
    read = [list(part) for part in d2l.read_snli(path, is_train=True)]
    train, test, vocab = d2l.load_data_snli(3, num_steps=6)
    data = d2l.SNLIDataset(d2l.read_snli(path, False), 4, vocab)
    (premise, hypothesis), label = data[1]
    words = sorted(vocab.idx_to_token), [vocab.to_tokens(data[i][0][0].tolist()) for i in (0, 3)]
    (a, b), y = next(iter(test))
    shapes = list(a.shape), list(b.shape), y, len(train), len(data)
    return read, words, premise, hypothesis, label, data._pad([["cat"], ["dog"] * 9]), shapes


@same("predict_snli")
def whether_one_follows_from_the_other(d2l):
    vocab = d2l.Vocab([WORDS])

    class Overlap(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, pair):
            premise, hypothesis = pair
            both = (premise[:, :, None] == hypothesis[:, None]).sum((1, 2))
            return torch.stack([both * self.scale, 3 - both, both == 1], 1).float()

    net = Overlap()
    return [d2l.predict_snli(net, vocab, WORDS[:4], WORDS[n : n + 2]) for n in (0, 3, 8)]
