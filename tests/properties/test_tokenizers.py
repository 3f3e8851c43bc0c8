"""Any text: a tokenizer loses nothing, and its numbers are within the vocabulary."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from d2l import torch as d2l

# No halves of surrogate pairs: they are in no text that UTF-8 can hold.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(texts, texts, st.integers(259, 300))
def test_what_byte_pair_encoding_encodes_it_decodes(training_text, text, vocab_size):
    tokenizer = d2l.BPETokenizer(vocab_size=vocab_size).train(training_text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert all(0 <= number < len(tokenizer) for number in ids)


@given(st.lists(st.text(min_size=1, max_size=5), max_size=50), st.integers(0, 4))
def test_a_vocabulary_keeps_frequent_tokens_and_maps_the_rest_to_unknown(tokens, min_freq):
    vocab = d2l.Vocab(tokens, min_freq=min_freq)
    frequent = {token for token, n in Counter(tokens).items() if n >= min_freq}
    for token in set(tokens):
        known = token in frequent or token == "<unk>"
        assert vocab.to_tokens(vocab[token]) == (token if known else "<unk>")
    assert len(vocab) == len(frequent | {"<unk>"})
