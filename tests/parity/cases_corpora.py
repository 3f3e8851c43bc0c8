"""Chapter 15: corpora for embeddings and for BERT, and embeddings that are read."""

import collections
import random

from corpora import offer_all, sentences
from registry import same


@same("read_ptb")
def a_corpus_is_read(d2l):
    offer_all(d2l)
    return d2l.read_ptb()[:5], len(d2l.read_ptb())


@same("subsample")
def frequent_words_are_dropped(d2l):
    text = [["rare", *["often"] * 40]] * 30
    kept, counter = d2l.subsample(text, d2l.Vocab(text))
    unknown = d2l.subsample([["a", "b"]], d2l.Vocab([["a", "a"]], min_freq=2))
    often = sum(sentence.count("often") for sentence in kept)
    rare = sum(sentence.count("rare") for sentence in kept)
    return sorted(counter.items()), 3 < often < 40, rare, len(kept), sorted(unknown[1].items())


@same("get_centers_and_contexts")
def windows_around_words(d2l):
    random.seed(3)
    corpus = [list(range(7)), list(range(7, 10)), [10]]
    one = d2l.get_centers_and_contexts(corpus, 1)
    centers, contexts = d2l.get_centers_and_contexts(corpus, 2)
    near = [abs(c - w) <= 2 and c != w for c, ws in zip(centers, contexts, strict=True) for w in ws]
    return list(one), centers, all(near), [0 < len(context) <= 4 for context in contexts]


@same("RandomGenerator")
def numbers_by_weight(d2l):
    draws = d2l.RandomGenerator([2, 3, 0, 5])
    counts = collections.Counter(draws.draw() for _ in range(30_000))
    return sorted(counts), [round(counts[i] / 3000) for i in (1, 2, 4)]


@same("get_negatives")
def words_that_are_not_near(d2l):
    text = sentences()
    vocab = d2l.Vocab(text)
    counter = collections.Counter(token for sentence in text for token in sentence)
    contexts = [[1, 2], [3], [4, 5, 6]]
    negatives = d2l.get_negatives(contexts, vocab, counter, 4)
    apart = [not set(n) & set(c) for n, c in zip(negatives, contexts, strict=True)]
    known = all(0 < w < len(vocab) for row in negatives for w in row)
    return [len(row) for row in negatives], apart, known


@same("batchify")
def windows_become_a_batch(d2l):
    return list(d2l.batchify([(1, [2, 2], [3, 3, 3, 3]), (1, [2, 2, 2], [3, 3]), (0, [4], [5])]))


@same("load_data_ptb")
def batches_of_a_corpus(d2l):
    offer_all(d2l)
    loader, vocab = d2l.load_data_ptb(64, 2, 3)
    centers, contexts, masks, labels = next(iter(loader))
    sound = [
        bool((labels <= masks).all()),
        bool((contexts[masks == 0] == 0).all()),
        bool((masks.sum(1) == 4 * labels.sum(1)).all()),
    ]
    return (
        vocab.idx_to_token,
        list(centers.shape),
        contexts.shape[1] <= 16,
        sound,
        masks.dtype.is_floating_point,
    )


@same("TokenEmbedding")
def embeddings_are_read(d2l):
    offer_all(d2l)
    glove, fast = d2l.TokenEmbedding("glove.6b.50d"), d2l.TokenEmbedding("wiki.en")
    return (
        len(glove), glove.token_to_idx["time"], glove.idx_to_token[:3], glove[["time", "no"]],
        glove.idx_to_vec.shape == fast.idx_to_vec.shape, fast[["the"]], glove.unknown_idx,
    )  # fmt: skip


@same("load_data_wiki")
def batches_for_bert(d2l):
    offer_all(d2l)
    loader, vocab = d2l.load_data_wiki(8, 32)
    batch = next(iter(loader))
    tokens, segments, lengths, positions, weights, labels, follows = batch
    shapes = [
        list(t.shape) for t in (tokens, segments, lengths, positions, weights, labels, follows)
    ]
    masked = tokens.gather(1, positions)[weights == 1]
    sound = [
        bool((tokens[:, 0] == vocab["<cls>"]).all()),
        bool(((tokens == vocab["<pad>"]).sum(1) == 32 - lengths).all()),
        bool((segments.max(1)[0] <= 1).all()),
        bool((masked == vocab["<mask>"]).any()),
        bool((labels[weights == 0] == 0).all()),
    ]
    kinds = [str(t.dtype) for t in (tokens, segments, positions, weights, labels, follows)]
    return vocab.idx_to_token[:6], sorted(vocab.idx_to_token), shapes, sound, kinds
