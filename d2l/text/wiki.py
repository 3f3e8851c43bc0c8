"""WikiText-2, paragraphs of Wikipedia, as a data set for pretraining BERT."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import torch
from torch.utils.data import Dataset

from d2l.base.axes import Int, Shaped, Tensor
from d2l.data.hub import download_extract
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import DataError
from d2l.text.tokens import before, flat, tokenize
from d2l.text.vocab import Vocab

MASKED_SHARE = 0.15
PAIRS_AT_ONCE = 8192  # bounds the temporary memory


class Text(NamedTuple):
    """All words in one tensor, with the start and length of each sentence and paragraph."""

    words: Int[Tensor, "num_words"]
    starts: Int[Tensor, "num_sentences"]
    lengths: Int[Tensor, "num_sentences"]
    first_sentences: Int[Tensor, "num_paragraphs"]
    num_sentences: Int[Tensor, "num_paragraphs"]


class Pairs(NamedTuple):
    """Pairs of sentence indices, and 1 where the second follows the first in the text."""

    first: Int[Tensor, "num_pairs"]
    second: Int[Tensor, "num_pairs"]
    is_next: Int[Tensor, "num_pairs"]


Examples = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def number(paragraphs: Sequence[Sequence[Sequence[str]]], vocab: Vocab) -> Text:
    """Convert paragraphs (lists of sentences, lists of words) to word indices."""
    sentences = [*chain.from_iterable(paragraphs)]
    lengths = torch.tensor([*map(len, sentences)], dtype=torch.int64)
    num_sentences = torch.tensor([*map(len, paragraphs)], dtype=torch.int64)
    words = flat([vocab[[*chain.from_iterable(sentences)]]])
    return Text(words, _starts(lengths), lengths, _starts(num_sentences), num_sentences)


def next_sentence_pairs(text: Text, max_len: int) -> Pairs:
    """Pair each sentence except a paragraph's last with the next one or a random one (p = 0.5).

    A random sentence is any sentence of any paragraph. Pairs that do not fit into `max_len` with
    `<cls>` and two `<sep>`, and pairs without words, are left out.
    """
    has_next = torch.ones(len(text.starts), dtype=torch.bool)
    has_next[text.first_sentences + text.num_sentences - 1] = False
    first = has_next.nonzero().reshape(-1)
    paragraphs = torch.randint(len(text.num_sentences), first.shape)
    within = (torch.rand(first.shape, dtype=torch.float64) * text.num_sentences[paragraphs]).long()
    is_next = torch.rand(first.shape) < 0.5
    second = torch.where(is_next, first + 1, text.first_sentences[paragraphs] + within)
    num_words = text.lengths[first] + text.lengths[second]
    fits = (num_words > 0) & (num_words + 3 <= max_len)
    if not fits.any():
        raise DataError(
            f"no pair of sentences fits into max_len={max_len} with <cls> and two <sep>; found "
            f"{len(first)} pairs, the shortest with {_shortest(num_words)} words. Use a larger "
            "max_len or more paragraphs of two sentences"
        )
    return Pairs(first[fits], second[fits], is_next[fits].long())


def masked_examples(text: Text, pairs: Pairs, vocab: Vocab, max_len: int) -> Examples:
    """Return token indices and segments (num_pairs, max_len), valid lengths (num_pairs,), and
    positions, weights and labels of the masked words (num_pairs, num_masked).

    15% of the tokens, at least one, are selected, never `<cls>` or `<sep>`. Of these, 80% become
    `<mask>`, 10% a random token, and 10% stay unchanged. Positions, weights and labels are padded
    with 0.
    """
    chunks = zip(*(part.split(PAIRS_AT_ONCE) for part in pairs[:2]), strict=True)
    parts = []
    for first, second in chunks:
        tokens, segments, is_word = _joined(text, first, second, vocab, max_len)
        valid_lens = text.lengths[first] + text.lengths[second] + 3
        parts.append((tokens, segments, valid_lens.float(), *_mask_words(tokens, is_word, vocab)))
    return tuple(torch.cat(part) for part in zip(*parts, strict=True))  # type: ignore[return-value]


def _joined(
    text: Text, first: Tensor, second: Tensor, vocab: Vocab, max_len: int
) -> tuple[Int[Tensor, "n max_len"], Int[Tensor, "n max_len"], Shaped[Tensor, "n max_len"]]:
    """Return `<cls> first <sep> second <sep> <pad> …`, the segments, and the mask of words."""
    place = torch.arange(max_len).expand(len(first), max_len)
    middle = text.lengths[first, None] + 1
    end = middle + text.lengths[second, None] + 1
    in_first, in_second = (place > 0) & (place < middle), (place > middle) & (place < end)
    is_word = in_first | in_second
    tokens = torch.full(place.shape, vocab["<pad>"])
    tokens[:, 0] = vocab["<cls>"]
    tokens[(place == middle) | (place == end)] = vocab["<sep>"]
    in_text = torch.where(
        in_first, text.starts[first, None] - 1, text.starts[second, None] - middle - 1
    )
    tokens[is_word] = text.words[(in_text + place)[is_word]]
    return tokens, ((place > middle) & (place <= end)).long(), is_word


def _mask_words(
    tokens: Int[Tensor, "n max_len"], is_word: Shaped[Tensor, "n max_len"], vocab: Vocab
) -> tuple[Int[Tensor, "n masked"], Shaped[Tensor, "n masked"], Int[Tensor, "n masked"]]:
    """Mask words of `tokens` in place; return positions, weights and the original words."""
    max_len = tokens.shape[1]
    num_words = is_word.sum(1)
    num_requested = torch.round((num_words + 3).double() * MASKED_SHARE).long().clamp(min=1)
    num_masked = max(1, round(max_len * MASKED_SHARE))
    hidden = before(torch.minimum(num_requested, num_words), num_masked)
    order = torch.rand(tokens.shape).masked_fill(~is_word, 2.0).argsort(1)[:, :num_masked]
    positions = order.masked_fill(~hidden, max_len).sort(1).values.masked_fill(~hidden, 0)
    labels = tokens.gather(1, positions).masked_fill(~hidden, 0)
    fate = torch.rand(positions.shape)
    shown = torch.where(fate < 0.8, vocab["<mask>"], labels)
    shown = torch.where(fate >= 0.9, torch.randint(len(vocab), positions.shape), shown)
    rows = torch.arange(len(tokens))[:, None].expand_as(positions)
    tokens[rows[hidden], positions[hidden]] = shown[hidden]
    return positions, hidden.float(), labels


def _starts(lengths: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
    return lengths.cumsum(0) - lengths


def _shortest(num_words: Tensor) -> int | str:
    return int(num_words.min()) if len(num_words) else "no"


MIN_FREQ = 5
SPECIAL_TOKENS = ("<pad>", "<mask>", "<cls>", "<sep>")


def get_tokens_and_segments(
    tokens_a: Sequence[str], tokens_b: Sequence[str] | None = None
) -> tuple[list[str], list[int]]:
    """Return BERT's input tokens for one or two sentences, and the segment of each token.

    >>> d2l.get_tokens_and_segments(["hi"], ["you"])
    (['<cls>', 'hi', '<sep>', 'you', '<sep>'], [0, 0, 0, 1, 1])

    Book: 15.8 Bidirectional encoder representations from transformers (BERT)
    """
    tokens, segments = ["<cls>", *tokens_a, "<sep>"], [0] * (len(tokens_a) + 2)
    if tokens_b is not None:
        tokens, segments = [*tokens, *tokens_b, "<sep>"], segments + [1] * (len(tokens_b) + 1)
    return tokens, segments


def load_data_wiki(batch_size: int, max_len: int) -> tuple[ResidentLoader, Vocab]:
    """Return a shuffled loader of WikiText-2 for pretraining BERT, and the vocabulary.

    A batch is token indices (batch, max_len), segments (batch, max_len), valid lengths (batch,),
    positions, weights and labels of the masked words (batch, num_masked), and whether the second
    sentence follows the first (batch,).

    >>> loader, vocab = d2l.load_data_wiki(batch_size=512, max_len=64)  # doctest: +SKIP
    >>> [tuple(part.shape) for part in next(iter(loader))]  # doctest: +SKIP
    [(512, 64), (512, 64), (512,), (512, 10), (512, 10), (512, 10), (512,)]

    Book: 15.9 The dataset for pretraining BERT
    """
    paragraphs = read_wiki(download_extract("wikitext-2", "wikitext-2"))
    dataset = WikiTextDataset(paragraphs, max_len)
    return ResidentLoader(dataset.tensors, batch_size, True, dataset=dataset), dataset.vocab


def read_wiki(data_dir: str | Path) -> list[list[str]]:
    """Return the paragraphs that contain " . ", split there into sentences, in lower case and
    shuffled.

    Book: 15.9 The dataset for pretraining BERT
    """
    text = Path(data_dir, "wiki.train.tokens").read_text(encoding="utf-8")
    lines = [line.strip().lower() for line in text.split("\n") if " . " in line]
    return [lines[i].split(" . ") for i in torch.randperm(len(lines)).tolist()]


class WikiTextDataset(Dataset[tuple[torch.Tensor, ...]]):
    """Examples for pretraining BERT from paragraphs, each a list of sentences.

    An example is token indices (max_len,), segments (max_len,), the valid length, positions,
    weights and labels of the masked words (num_masked,), and whether the second sentence follows
    the first; num_masked is 0.15 of `max_len`. The masked words are drawn once, from PyTorch's
    global generator. Words that occur fewer than five times are `<unk>`.

    Book: 15.9 The dataset for pretraining BERT
    """

    def __init__(self, paragraphs: Sequence[Sequence[str]], max_len: int) -> None:
        tokens = [tokenize(paragraph) for paragraph in paragraphs if len(paragraph) > 0]
        if not tokens:
            raise DataError("expected paragraphs, each a list of sentences; found none")
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
