"""Chapters 9, 10, 15 and 16: text, vocabularies, sentence pairs, embeddings."""

import collections

import torch
from corpora import offer_all, sentences
from made import offer
from subject import function, method
from torch import nn

LINES = ["the time machine", "by h g wells", "the time traveller"]
TOKENS = [line.split() for line in LINES]
RESERVED = ["<pad>", "<bos>", "<eos>"]
PAIRS = "go .\tva !\nhi .\tsalut !\nrun !\tcours !\nrun .\tcourez !\nwho ?\tqui ?\n" * 3


def vocab(d2l):
    return d2l.Vocab([list(line) for line in TOKENS], 0, list(RESERVED))


def made(tokens, **more):
    return lambda d2l, C: C(tokens(), **more)


function("tokenize", lambda d2l: {"lines": list(LINES), "token": "word"})
function("tokenize", lambda d2l: {"lines": list(LINES), "token": "char"}, "char")
function("tokenize", lambda d2l: {"lines": list(LINES), "token": "syllable"}, "unknown")
function("truncate_pad", lambda d2l: {"line": [4, 5, 6], "num_steps": 5, "padding_token": 0})
function(
    "truncate_pad",
    lambda d2l: {"line": ["a", "b", "c"], "num_steps": 2, "padding_token": "<pad>"},
    "words",
)
function("preprocess_nmt", lambda d2l: {"text": "Hi, there!\u202fWho?\tSalut !"})
function("tokenize_nmt", lambda d2l: {"text": PAIRS, "num_examples": None})
function(
    "build_array_nmt",
    lambda d2l: {
        "lines": [["the", "time"], ["by", "h", "g", "wells"]],
        "vocab": vocab(d2l),
        "num_steps": 4,
    },
)
function("bleu", lambda d2l: {"pred_seq": "a b c d", "label_seq": "a b d e", "k": 2})
function(
    "Vocab",
    lambda d2l: {
        "tokens": [list(line) for line in TOKENS],
        "min_freq": 2,
        "reserved_tokens": list(RESERVED),
    },
)
KINDS = {
    "lines": lambda: [list(line) for line in TOKENS],
    "tokens": lambda: ["the", "time", "the", "machine"],
    "tuple": lambda: ("the", "time", "the", "machine"),
    "counter": lambda: collections.Counter("aaab"),
    "string": lambda: "the time",
    "generator": lambda: (t for t in ["the", "time", "the", "machine"]),
    "dict values": lambda: dict(enumerate(TOKENS)).values(),
    "dict keys": lambda: dict.fromkeys("abc").keys(),
    "lines of tuples": lambda: [tuple(line) for line in TOKENS],
    "deque": lambda: collections.deque(["the", "time", "the"]),
    "empty": lambda: [],
    "empty lines": lambda: [[], []],
    "iterator of lines": lambda: iter(TOKENS),
    "deques": lambda: [collections.deque(line) for line in TOKENS],
}
for kind, tokens in KINDS.items():
    for min_freq in (0, 2):
        method(
            "Vocab",
            made(tokens, min_freq=min_freq),
            "__getitem__",
            lambda d2l: {"tokens": ["the", "a", "who"]},
            f"{kind} {min_freq}",
            is_generated=kind == "lines" and min_freq == 0,
        )
        method(
            "Vocab",
            made(tokens, min_freq=min_freq),
            "to_tokens",
            lambda d2l: {"indices": [0, 1]},
            f"{kind} {min_freq}",
            is_generated=False,
        )
for reserved in (
    tuple(RESERVED),
    set(RESERVED),
    dict.fromkeys(RESERVED),
    ["<unk>", "the", "the"],
    "ab",
):
    title = f"reserved {type(reserved).__name__} {len(reserved)}"
    method(
        "Vocab",
        lambda d2l, C, r=reserved: C(TOKENS, reserved_tokens=r),
        "__getitem__",
        lambda d2l: {"tokens": ["the", "a"]},
        title,
        is_generated=False,
    )
method(
    "Vocab",
    made(KINDS["lines"]),
    "__getitem__",
    lambda d2l: {"tokens": [["the", "who"], ["time"]]},
    "nested",
)
method("Vocab", made(KINDS["lines"]), "__getitem__", lambda d2l: {"tokens": "time"}, "one")
method("Vocab", made(KINDS["lines"]), "__getitem__", lambda d2l: {"tokens": 7}, "number")
method("Vocab", made(KINDS["lines"]), "to_tokens", lambda d2l: {"indices": [1, 2, 0]})
method("Vocab", made(KINDS["lines"]), "to_tokens", lambda d2l: {"indices": 3}, "one")
method(
    "Vocab",
    made(KINDS["lines"]),
    "to_tokens",
    lambda d2l: {"indices": torch.tensor([1, 2])},
    "tensor",
)
method(
    "Vocab",
    made(KINDS["lines"]),
    "to_tokens",
    lambda d2l: {"indices": torch.tensor([[1, 2], [0, 1]])},
    "matrix",
)
method("Vocab", made(KINDS["lines"]), "to_tokens", lambda d2l: {"indices": 99}, "outside")
method("Vocab", made(KINDS["lines"]), "__len__", lambda d2l: {})

CORPUS = [[1, 2, 3, 4], [5, 1], [2], [3, 3, 1, 2, 5]]
function(
    "get_centers_and_contexts",
    lambda d2l: {"corpus": [list(line) for line in CORPUS], "max_window_size": 2},
)
function(
    "get_negatives",
    lambda d2l: {
        "all_contexts": [[1, 2], [3]],
        "vocab": d2l.Vocab(list("aabbbccdde")),
        "counter": collections.Counter("aabbbccdde"),
        "K": 2,
    },
    parts=("all_contexts", "counter"),
)
function("batchify", lambda d2l: {"data": [(1, [2, 2], [3, 4]), (1, [2], [5])]})
function(
    "subsample",
    lambda d2l: {"sentences": sentences(6), "vocab": d2l.Vocab(sentences(6))},
    parts=("sentences",),
)
method("RandomGenerator", lambda d2l, C: C([0.0, 0.0, 1.0]), "draw", lambda d2l: {})
for weights in ((0, 1), torch.tensor([0.0, 1.0]), {"a": 0, "b": 1}.values()):
    method(
        "RandomGenerator",
        lambda d2l, C, w=weights: C(w),
        "draw",
        lambda d2l: {},
        type(weights).__name__,
    )
function("get_tokens_and_segments", lambda d2l: {"tokens_a": ["a", "b"], "tokens_b": ["c"]})
function("get_tokens_and_segments", lambda d2l: {"tokens_a": ["a", "b"]}, "one")


class MeanClassifier(nn.Module):
    """Two numbers for each row of tokens."""

    def forward(self, X):
        if isinstance(X, tuple | list):
            X = torch.cat(list(X), 1)
        mean = X.float().mean(1, keepdim=True)
        return torch.cat((mean, 3 - mean, mean / 2), 1)


function(
    "predict_sentiment",
    lambda d2l: {"net": MeanClassifier(), "vocab": vocab(d2l), "sequence": "the time machine"},
)
function(
    "predict_snli",
    lambda d2l: {
        "net": MeanClassifier(),
        "vocab": vocab(d2l),
        "premise": ["the", "time"],
        "hypothesis": ["machine", "by"],
    },
)


def with_corpora(run):
    def args(d2l):
        offer_all(d2l)
        offer(d2l, "fra-eng", "fra-eng.zip", {"fra-eng/fra.txt": PAIRS.replace(" ", "")})
        return run(d2l)

    return args


def snli(d2l):
    offer_all(d2l)
    return d2l.read_snli(d2l.download_extract("SNLI"), True)


function("read_ptb", with_corpora(lambda d2l: {}))
function("read_data_nmt", with_corpora(lambda d2l: {}))
function(
    "load_data_nmt",
    with_corpora(lambda d2l: {"batch_size": 3, "num_steps": 5, "num_examples": 600}),
)
function(
    "read_snli",
    with_corpora(lambda d2l: {"data_dir": d2l.download_extract("SNLI"), "is_train": False}),
)
function(
    "read_imdb",
    with_corpora(
        lambda d2l: {"data_dir": d2l.download_extract("aclImdb", "aclImdb"), "is_train": True}
    ),
    is_generated=False,
)
function(
    "load_data_snli",
    with_corpora(lambda d2l: {"batch_size": 2, "num_steps": 5}),
    is_generated=False,
)
method("SNLIDataset", lambda d2l, C: C(snli(d2l), 4), "__getitem__", lambda d2l: {"idx": 1})
method("SNLIDataset", lambda d2l, C: C(snli(d2l), 4), "__len__", lambda d2l: {})


def embedding(d2l, C):
    offer_all(d2l)
    return C("glove.6b.50d")


method("TokenEmbedding", embedding, "__getitem__", lambda d2l: {"tokens": ["time", "who", "the"]})
method("TokenEmbedding", embedding, "__len__", lambda d2l: {})


def time_machine(d2l, C):
    offer_novel(d2l)
    return C(batch_size=4, num_steps=5, num_train=20, num_val=10)


def offer_novel(d2l):
    text = "The Time Machine, by H. G. Wells [1898]\n" * 4
    offer(d2l, "time_machine", "timemachine.txt", text)
    import hashlib
    import pathlib

    file = pathlib.Path("../data/timemachine.txt")
    d2l.DATA_HUB["time_machine"] = (
        d2l.DATA_URL + "timemachine.txt",
        hashlib.sha1(file.read_bytes()).hexdigest(),
    )


class Novel:
    """What a reader's subclass of the text data sets overrides: nothing is downloaded."""

    def _download(self):
        return "The Time Machine, by H. G. Wells [1898]\n" * 4


class Sentences:
    """The same for sentence pairs."""

    def _download(self):
        return PAIRS


def novel(d2l, C):
    return type("Own", (Novel, C), {})(batch_size=4, num_steps=5, num_train=20, num_val=10)


def pairs(d2l, C):
    return type("Own", (Sentences, C), {})(batch_size=3, num_steps=5, num_train=10, num_val=10)


method("TimeMachine", novel, "train_dataloader", lambda d2l: {})
method("TimeMachine", novel, "get_dataloader", lambda d2l: {"train": False})
method("TimeMachine", novel, "build", lambda d2l: {"raw_text": "Time, the machine", "vocab": None})
method("TimeMachine", novel, "_preprocess", lambda d2l: {"text": "Time, the machine"})
method("TimeMachine", novel, "_tokenize", lambda d2l: {"text": "time"})
method("MTFraEng", pairs, "train_dataloader", lambda d2l: {})
method("MTFraEng", pairs, "get_dataloader", lambda d2l: {"train": False})
method(
    "MTFraEng",
    pairs,
    "build",
    lambda d2l: {"src_sentences": ["go .", "hi ."], "tgt_sentences": ["va !", "salut !"]},
)
method("MTFraEng", pairs, "_preprocess", lambda d2l: {"text": "Go.\tVa !"})
method(
    "MTFraEng",
    pairs,
    "_tokenize",
    lambda d2l: {"text": "go .\tva !\nhi .\tsalut !", "max_examples": None},
)
