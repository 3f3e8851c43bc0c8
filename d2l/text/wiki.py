"""WikiText-2, paragraphs of Wikipedia, as batches for pretraining BERT."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import torch
from torch.utils.data import Dataset

from d2l.data.hub import download_extract
from d2l.engine.resident import ResidentLoader
from d2l.errors import DataError
from d2l.text.pretraining import masked_examples, next_sentence_pairs, number
from d2l.text.tokens import tokenize
from d2l.text.vocab import Vocab

MIN_FREQ = 5
SPECIAL_TOKENS = ("<pad>", "<mask>", "<cls>", "<sep>")


def get_tokens_and_segments(
    tokens_a: Sequence[str], tokens_b: Sequence[str] | None = None
) -> tuple[list[str], list[int]]:
    """One or two sentences as BERT reads them, and for each token of which sentence it is.

    >>> d2l.get_tokens_and_segments(["hi"], ["you"])
    (['<cls>', 'hi', '<sep>', 'you', '<sep>'], [0, 0, 0, 1, 1])

    Book: 15.8 Bidirectional encoder representations from transformers (BERT)
    """
    tokens, segments = ["<cls>", *tokens_a, "<sep>"], [0] * (len(tokens_a) + 2)
    if tokens_b is not None:
        tokens, segments = [*tokens, *tokens_b, "<sep>"], segments + [1] * (len(tokens_b) + 1)
    return tokens, segments


def load_data_wiki(batch_size: int, max_len: int) -> tuple[ResidentLoader, Vocab]:
    """Shuffled batches of examples for pretraining BERT on WikiText-2, and the vocabulary.

    A batch is token numbers (batch, max_len), segments (batch, max_len), how many tokens are no
    padding (batch,), positions, weights and true numbers of the hidden words (batch, num_guesses),
    and whether the second sentence follows the first (batch,).

    >>> loader, vocab = d2l.load_data_wiki(batch_size=512, max_len=64)  # doctest: +SKIP
    >>> [tuple(part.shape) for part in next(iter(loader))]  # doctest: +SKIP
    [(512, 64), (512, 64), (512,), (512, 10), (512, 10), (512, 10), (512,)]

    Book: 15.9 The dataset for pretraining BERT
    """
    paragraphs = read_wiki(download_extract("wikitext-2", "wikitext-2"))
    dataset = WikiTextDataset(paragraphs, max_len)
    return ResidentLoader(dataset.tensors, batch_size, True, dataset=dataset), dataset.vocab


def read_wiki(data_dir: str | Path) -> list[list[str]]:
    """The paragraphs with " . " in them, cut there into sentences, in lower case and shuffled.

    Book: 15.9 The dataset for pretraining BERT
    """
    text = Path(data_dir, "wiki.train.tokens").read_text(encoding="utf-8")
    lines = [line.strip().lower() for line in text.split("\n") if " . " in line]
    return [lines[i].split(" . ") for i in torch.randperm(len(lines)).tolist()]


class WikiTextDataset(Dataset[tuple[torch.Tensor, ...]]):
    """Examples for pretraining BERT, made of paragraphs, each a list of sentences.

    An example is token numbers (max_len,), segments (max_len,), how many tokens are no padding,
    positions, weights and true numbers of the hidden words (num_guesses,), and whether the second
    sentence follows the first; num_guesses is 0.15 of `max_len`. What is hidden is drawn once,
    from PyTorch's global generator. Words seen fewer than five times are `<unk>`.

    Book: 15.9 The dataset for pretraining BERT
    """

    def __init__(self, paragraphs: Sequence[Sequence[str]], max_len: int) -> None:
        tokens = [tokenize(paragraph) for paragraph in paragraphs if len(paragraph) > 0]
        if not tokens:
            raise DataError("there are no paragraphs: give lists of two sentences or more")
        sentences = [*chain.from_iterable(tokens)]
        self.vocab = Vocab(sentences, min_freq=MIN_FREQ, reserved_tokens=SPECIAL_TOKENS)
        text = number(tokens, self.vocab)
        pairs = next_sentence_pairs(text, max_len)
        examples = masked_examples(text, pairs, self.vocab, max_len)
        self.all_token_ids, self.all_segments, self.valid_lens = examples[:3]
        self.all_pred_positions, self.all_mlm_weights, self.all_mlm_labels = examples[3:]
        self.nsp_labels = pairs.is_next
        self.tensors = (*examples, pairs.is_next)

    def __getitem__(self, idx: int) -> tuple[torch.Tensor, ...]:
        return tuple(tensor[idx] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.all_token_ids)
