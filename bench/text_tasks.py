"""What is measured of a d2l's text: the same lines for this library and the released one.

Knows only names that both have.
"""

import contextlib
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import text_corpus
from bench.clock import seconds_of
from bench.size import Size
from d2l import torch as d2l

WINDOW, NUM_NOISE, BATCH_SIZE, MAX_LEN = 5, 5, 512, 64
NUM_TRANSLATIONS = 1000


def tokens(size: Size) -> dict[str, Any]:
    """Vocabularies, sentence pairs and the time machine's windows."""
    lines = text_corpus.sentences()
    words = [word for line in lines for word in line]
    pairs = text_corpus.pair_lines(lines[:5000])
    vocab = d2l.Vocab(lines)
    numbers = vocab[words]
    made_text = " ".join(words[:40_000])

    class Text(d2l.TimeMachine):
        def _download(self) -> str:
            return made_text

    class Pairs(d2l.MTFraEng):
        def _download(self) -> str:
            return pairs

    return _timed(
        size,
        vocab=lambda: d2l.Vocab(lines),
        look_up=lambda: vocab[words],
        to_tokens=lambda: vocab.to_tokens(numbers),
        preprocess=lambda: d2l.preprocess_nmt(pairs),
        pairs=lambda: Pairs(batch_size=64),
        windows=lambda: Text(batch_size=64, num_steps=32),
    )


def translations(size: Size) -> dict[str, Any]:
    """BLEU of short sentences, and of long ones."""
    chance, lines = random.Random(2), text_corpus.sentences()[:NUM_TRANSLATIONS]
    changed = [[word if chance.random() < 0.8 else "x" for word in line] for line in lines]
    short = [(" ".join(a[:6]), " ".join(b[:6])) for a, b in zip(changed, lines, strict=True)]
    long = [(" ".join(a * 4), " ".join(b * 4)) for a, b in zip(changed[:100], lines, strict=False)]
    return _timed(
        size,
        bleu=lambda: [d2l.bleu(a, b, k=2) for a, b in short],
        bleu_long=lambda: [d2l.bleu(a, b, k=4) for a, b in long],
    )


def skipgram(size: Size) -> dict[str, Any]:
    """The steps from sentences to batches of the skip-gram model, then all of them."""
    _provide()
    lines = text_corpus.sentences()
    vocab = d2l.Vocab(lines, min_freq=10)
    subsampled, counter = d2l.subsample(lines, vocab)
    corpus = [vocab[line] for line in subsampled]
    centers, contexts = d2l.get_centers_and_contexts(corpus, WINDOW)
    negatives = d2l.get_negatives(contexts, vocab, counter, NUM_NOISE)
    batch = list(zip(centers, contexts, negatives, strict=True))[:BATCH_SIZE]
    loader, _ = d2l.load_data_ptb(BATCH_SIZE, WINDOW, NUM_NOISE)
    return _timed(
        size,
        subsample=lambda: d2l.subsample(lines, vocab),
        contexts=lambda: d2l.get_centers_and_contexts(corpus, WINDOW),
        negatives=lambda: d2l.get_negatives(contexts, vocab, counter, NUM_NOISE),
        batchify=lambda: d2l.batchify(batch),
        load_ptb=lambda: d2l.load_data_ptb(BATCH_SIZE, WINDOW, NUM_NOISE),
        ptb_epoch=lambda: [None for _ in loader],
    )


def sets(size: Size) -> dict[str, Any]:
    """Sets read from their archives: WikiText-2 for BERT, SNLI, GloVe."""
    _provide()
    folder = d2l.download_extract("SNLI")
    return _timed(
        size,
        load_wiki=lambda: d2l.load_data_wiki(BATCH_SIZE, MAX_LEN),
        snli=lambda: _quietly(lambda: d2l.SNLIDataset(d2l.read_snli(folder, True), 50)),
        glove=lambda: d2l.TokenEmbedding("glove.6b.50d"),
    )


def _timed(size: Size, **actions: Callable[[], object]) -> dict[str, Any]:
    return {what: seconds_of(action, size.at_least_seconds) for what, action in actions.items()}


def _provide() -> None:
    """Have the hub find the made archives, in the folder where both libraries look."""
    d2l.DATA_HUB.update(text_corpus.write_archives(Path("../data")))


def _quietly(action: Callable[[], object]) -> object:
    with contextlib.redirect_stdout(io.StringIO()):
        return action()
