"""Byte-pair encoding: any text comes back, and merges are those of counting everything anew."""

import pickle
import random
import re
import sys
import types
from collections import Counter
from itertools import pairwise

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import LabelError

TEXT = (
    "She sells sea-shells; the shells she sells are sea-shells, I'm sure. "
    "They're 2026 shells, 12345 of them:\n\n\tça coûte 3 €, naïve café! "
    "海の貝を売る 🐚🐚🐚 aaaaaaa\n"
) * 3


def naive_merges(chunks, num_merges, num_specials=3):
    """The pairs merged, in order, by counting every pair of the whole text before each merge."""
    words = [[num_specials + byte for byte in chunk.encode()] for chunk in chunks]
    merges = []
    for new_id in range(num_specials + 256, num_specials + 256 + num_merges):
        counts = Counter(pair for word in words for pair in pairwise(word))
        if not counts or max(counts.values()) < 2:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = [replaced(word, best, new_id) for word in words]
    return merges, words


def replaced(word, pair, new_id):
    text = ",".join(map(str, word))
    pattern = rf"(?<![^,]){pair[0]},{pair[1]}(?![^,])"
    return [int(number) for number in re.sub(pattern, str(new_id), text).split(",")]


def random_text(rng, length):
    """Characters of all planes, surrogates left out, in runs so that pairs repeat."""
    planes = [(0, 0x7F), (0, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)]
    pieces = []
    while len(pieces) < length:
        piece = chr(rng.randint(*rng.choice(planes)))
        pieces += [piece] * rng.choice([1, 1, 1, 5])
    return "".join(pieces)


@pytest.fixture(scope="module")
def trained():
    return d2l.BPETokenizer(vocab_size=330).train(TEXT)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pattern", [None, r"[\s\S]+", r"\w+", r"a*"])
def test_any_text_comes_back_whatever_the_tokenizer_was_trained_on(seed, pattern):
    rng = random.Random(seed)
    tokenizer = d2l.BPETokenizer(300, pattern).train(random_text(rng, 300))
    texts = [random_text(rng, length) for length in (1, 2, 3, 50, 400)]
    texts += ["", "\0", "\r\n", "\x1c\u2028\u3000", "é\u0301", "<pad>", " <eos><bos>", TEXT]
    for text in texts:
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert all(0 <= number < len(tokenizer) for number in ids)


def test_every_character_there_is_comes_back():
    tokenizer = d2l.BPETokenizer().train(TEXT)
    every = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point <= 0xDFFF]
    for begin in range(0, len(every), 50_000):
        text = "".join(every[begin : begin + 50_000])
        assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("pattern", [None, r"[\s\S]+", r"\S+"])
def test_merges_are_those_of_counting_all_pairs_anew_before_each(pattern):
    tokenizer = d2l.BPETokenizer(vocab_size=259 + 60, pattern=pattern).train(TEXT)
    merges, words = naive_merges(tokenizer._chunks(TEXT), 60)
    assert list(tokenizer._merges) == merges
    assert list(tokenizer._merges.values()) == list(range(259, 259 + len(merges)))
    assert tokenizer.encode(TEXT) == [number for word in words for number in word]


def test_merges_of_random_texts_of_two_letters_are_the_naive_ones():
    rng = random.Random(0)
    for _ in range(60):
        text = "".join(rng.choices("ab ", weights=[5, 2, 1], k=rng.randint(0, 60)))
        tokenizer = d2l.BPETokenizer(vocab_size=259 + 12).train(text)
        merges, words = naive_merges(tokenizer._chunks(text), 12)
        assert list(tokenizer._merges) == merges, text
        assert tokenizer.encode(text) == [number for word in words for number in word], text


def test_no_token_crosses_a_chunk_and_chunks_are_the_text():
    tokenizer = d2l.BPETokenizer()
    chunks = tokenizer._chunks("I'm 12345 years_old!!  Ça va\n ?")
    assert chunks[:7] == ["I", "'m", " 123", "45", " years", "_", "old"]
    assert chunks[7:] == ["!!", " ", " Ça", " va", "\n", " ?"]


def test_training_ends_where_no_pair_comes_twice():
    tokenizer = d2l.BPETokenizer(vocab_size=5000).train("ab ab")
    assert len(tokenizer) == 259 + 1  # "ab"; " ab" comes once
    assert tokenizer.to_tokens(tokenizer.encode("ab ab")) == ["ab", " ", "ab"]


def test_training_again_forgets_the_text_before():
    again = d2l.BPETokenizer(330).train("other words, other words").train(TEXT)
    assert again.encode(TEXT) == d2l.BPETokenizer(330).train(TEXT).encode(TEXT)


def test_special_tokens_are_text_unless_they_are_allowed(trained):
    text = "<bos>sea<eos><pad>"
    assert trained.encode(text, allow_special=True) == [1, *trained.encode("sea"), 2, 0]
    assert min(trained.encode(text)) > 2
    assert trained.decode(trained.encode(text, allow_special=True)) == text
    assert (trained.pad, trained.bos, trained.eos) == (0, 1, 2)


def test_of_special_tokens_that_begin_alike_the_longest_is_found():
    tokenizer = d2l.BPETokenizer(300, specials=("<a>", "<a><b>"))
    assert tokenizer.encode("<a><b><a>", allow_special=True) == [1, 0]


def test_tokens_by_number_and_numbers_by_token_are_inverse(trained):
    ids = trained.encode(TEXT)
    tokens = trained.to_tokens(ids)
    assert trained[tokens] == ids
    assert trained[tokens[3]] == ids[3]
    assert trained.to_tokens(torch.tensor([ids[:4], ids[4:8]])) == [tokens[:4], tokens[4:8]]
    assert trained.decode(torch.tensor(ids)) == TEXT


def test_half_a_character_is_shown_as_its_byte_and_decoded_as_a_replacement():
    tokenizer = d2l.BPETokenizer()
    first = tokenizer.encode("é")[0]
    assert tokenizer.to_tokens(first) == r"\xc3"
    assert tokenizer[r"\xc3"] == first
    assert tokenizer.decode([first]) == "\ufffd"


def test_a_copy_by_pickle_encodes_alike(trained):
    assert pickle.loads(pickle.dumps(trained)).encode(TEXT) == trained.encode(TEXT)


def test_what_cannot_be_is_told_in_words(trained):
    with pytest.raises(ValueError, match="vocab_size must be at least 259, for 256 bytes"):
        d2l.BPETokenizer(vocab_size=258)
    with pytest.raises(ValueError, match=r"expression of Python's re; .*regex.compile"):
        d2l.BPETokenizer(pattern=r"\p{L}+")
    with pytest.raises(LabelError, match=r"must be in 0..329; found 330"):
        trained.decode([330])
    with pytest.raises(LabelError, match="'seasick' is not one of the 330 tokens"):
        trained["seasick"]
    with pytest.raises(LabelError, match="half of a surrogate pair"):
        trained.encode("sea \ud800")
    with pytest.raises(LabelError, match="has no <pad>; its special tokens are"):
        _ = d2l.BPETokenizer(specials=()).pad


def test_a_vocabulary_of_tiktoken_gives_its_numbers(trained, monkeypatch):
    """A stand-in for the package, with our own vocabulary renumbered as tiktoken does it."""
    tokens = {trained._token_bytes[number] for number in range(3, 330)}
    shuffled = {bytes([byte]): (byte * 77) % 256 for byte in range(256)}
    ranks = shuffled | {trained._token_bytes[number]: number - 3 for number in range(259, 330)}
    assert len(ranks) == len(tokens) == 327
    encoding = types.SimpleNamespace(
        n_vocab=401, _pat_str=trained._pattern.pattern, _mergeable_ranks=ranks,
        _special_tokens={"<|endoftext|>": 400},
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "regex", re)
    monkeypatch.setitem(
        sys.modules, "tiktoken", types.SimpleNamespace(get_encoding={"tiny": encoding}.get)
    )
    tokenizer = d2l.BPETokenizer.from_tiktoken("tiny")
    pieces = [trained._token_bytes[number] for number in trained.encode(TEXT)]
    assert tokenizer.encode(TEXT) == [ranks[piece] for piece in pieces]
    assert tokenizer.encode("a<|endoftext|>", allow_special=True)[-1] == 400
    assert (tokenizer.eos, tokenizer.bos, len(tokenizer)) == (400, 400, 401)
    assert tokenizer.decode(tokenizer.encode(TEXT)) == TEXT


def test_without_tiktoken_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    monkeypatch.setitem(sys.modules, "regex", re)
    with pytest.raises(ModuleNotFoundError, match="pip install tiktoken"):
        d2l.BPETokenizer.from_tiktoken("gpt2")
