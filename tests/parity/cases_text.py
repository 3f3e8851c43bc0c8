"""Chapters 9 and 10: tokens, vocabularies, the time machine, pairs of sentences, BLEU."""

from made import first_batches, offer
from registry import Raises, differs, same

PAIRS = (
    "Go.\tVa !\nHi.\tSalut !\nRun!\tCours !\nWho?\tQui ?\nI lost.\tJ'ai perdu.\n"
    "He's calm.\tIl est calme.\nI'm home.\tJe suis chez moi.\nGo now.\tVa, maintenant.\n"
)
RAW = "Go.\tVa\u202f!\nI\u00a0lost.\tJ'ai perdu.\nHe's calm, OK?\tIl est calme, non\u202f?\n"


@same("tokenize")
def lines_become_words_or_letters(d2l):
    lines = ["the time machine", "", "by h g wells"]
    return d2l.tokenize(lines), d2l.tokenize(lines, "char"), d2l.tokenize(lines, token="word")


@same("Vocab")
def a_vocabulary(d2l):
    tokens = [["the", "time", "the"], ["machine", "time", "the", "by"]]
    vocab = d2l.Vocab(tokens, min_freq=1, reserved_tokens=["<pad>"])
    rare = d2l.Vocab(["a", "b", "a"], min_freq=2)
    return {
        "tokens": vocab.idx_to_token,
        "indices": dict(sorted(vocab.token_to_idx.items())),
        "frequencies": sorted(vocab.token_freqs),
        "look up": (vocab["the"], vocab[["time", "nothing"]], vocab[("by",)], vocab[[]]),
        "back": (vocab.to_tokens(1), vocab.to_tokens([1, 2])),
        "unknown": (vocab.unk, len(vocab)),
        "rare": (rare.idx_to_token, len(rare), len(d2l.Vocab())),
    }


@differs(
    "Vocab",
    released=Raises("TypeError"),
    here=["a"],
    because="a list of one index is a list",
)
def one_index_in_a_list(d2l):
    return d2l.Vocab(["a", "a", "b"]).to_tokens([d2l.Vocab(["a", "a", "b"])["a"]])


class Text:
    """The time machine on a text of our own."""

    TEXT = "The Time Traveller (for so it will be convenient to speak of him)\nwas expounding!" * 9

    def __new__(cls, d2l, *arguments, **options):
        class Ours(d2l.TimeMachine):
            def _download(self):
                return cls.TEXT

        return Ours(*arguments, **options)


@same("TimeMachine")
def windows_of_a_text(d2l):
    data = Text(d2l, batch_size=4, num_steps=6, num_train=30, num_val=12)
    corpus, vocab = data.build("A new text, of some Words.")
    again, same_vocab = data.build("the time", data.vocab)
    return {
        "preprocessed": data._preprocess("The (Time)  Machine, 1895 by\nH.G. W"),
        "tokens": data._tokenize("ab c"),
        "vocab": (len(data.vocab), sorted(data.vocab.idx_to_token)),
        "corpus": (corpus, len(vocab), again, same_vocab is data.vocab),
        "sizes": (list(data.X.shape), list(data.Y.shape), str(data.X.dtype)),
        "arrays": (data.X, data.Y),
        "train": first_batches(data.train_dataloader()),
        "val": first_batches(data.val_dataloader()),
    }


class Sentences:
    """The translation set on pairs of our own."""

    def __new__(cls, d2l, *arguments, **options):
        class Ours(d2l.MTFraEng):
            def _download(self):
                return PAIRS

        return Ours(*arguments, **options)


@same("MTFraEng")
def pairs_of_sentences(d2l):
    data = Sentences(d2l, batch_size=3, num_steps=6, num_train=5, num_val=3)
    src, tgt = data._tokenize(data._preprocess(RAW))
    return {
        "preprocessed": data._preprocess(RAW),
        "tokens": (src, tgt),
        "vocabularies": (data.src_vocab.idx_to_token, data.tgt_vocab.idx_to_token),
        "arrays": list(data.arrays),
        "train": first_batches(data.train_dataloader(), 1),
        "val": first_batches(data.val_dataloader(), 1),
        "built": list(data.build(["go .", "i'm home ."], ["va !", "je suis ."])),
    }


@differs(
    "MTFraEng",
    released=3,
    here=2,
    because="`max_examples` says how many examples at most",
)
def as_many_examples_as_asked_for(d2l):
    data = Sentences(d2l, batch_size=2, num_train=4, num_val=2)
    return len(data._tokenize(data._preprocess(PAIRS), max_examples=2)[0])


@same("preprocess_nmt")
def spaces_before_punctuation(d2l):
    return d2l.preprocess_nmt(RAW), d2l.preprocess_nmt("Go, now.Why?")


@same("tokenize_nmt")
def pairs_become_tokens(d2l):
    return list(d2l.tokenize_nmt(d2l.preprocess_nmt(PAIRS)))


@differs(
    "tokenize_nmt",
    released=3,
    here=2,
    because="`num_examples` says how many examples at most",
)
def as_many_pairs_as_asked_for(d2l):
    return len(d2l.tokenize_nmt(d2l.preprocess_nmt(PAIRS), num_examples=2)[0])


@same("truncate_pad")
def sentences_get_one_length(d2l):
    return d2l.truncate_pad([1, 2, 3, 4], 3, 0), d2l.truncate_pad([1, 2], 4, 9)


@same("build_array_nmt")
def sentences_become_an_array(d2l):
    lines = [["go", "."], ["who", "are", "you", "?", "!"]]
    vocab = d2l.Vocab(lines, reserved_tokens=["<pad>", "<bos>", "<eos>"])
    return list(d2l.build_array_nmt(lines, vocab, 4))


@same("read_data_nmt", "load_data_nmt")
def pairs_are_read_from_the_archive(d2l):
    offer(d2l, "fra-eng", "fra-eng.zip", {"fra-eng/fra.txt": PAIRS * 2})
    loader, src_vocab, tgt_vocab = d2l.load_data_nmt(batch_size=20, num_steps=5)
    (batch,) = loader
    lengths = batch[1].sort()[0], batch[3].sort()[0]
    tokens = sorted(src_vocab.idx_to_token), sorted(tgt_vocab.idx_to_token)
    sizes = [list(part.shape) for part in batch], [str(part.dtype) for part in batch]
    return d2l.read_data_nmt(), lengths, tokens, sizes, batch[0].sort(0)[0].sum(), len(loader)


@same("bleu")
def likeness_of_sentences(d2l):
    pairs = [
        ("a b c d", "a b c d", 2), ("a b x d", "a b c d", 2), ("a", "a b c d", 1),
        ("a a a a", "a b", 1), ("a b c d e f", "a b c", 3), ("b a", "a b", 1),
    ]  # fmt: skip
    return [float(d2l.bleu(*pair)) for pair in pairs]
