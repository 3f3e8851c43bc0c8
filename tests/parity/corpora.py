"""Small corpora in the layout of the real ones, in archives where the hub looks for them."""

from made import offer, whole

WORDS = [
    "the", "of", "a", "time", "machine", "traveller", "was", "to", "and", "in",
    "he", "that", "it", "his", "with", "for", "as", "had", "on", "at",
]  # fmt: skip
GLOVE = "".join(f"{word} {i}.5 {i} -{i}.25\n" for i, word in enumerate(WORDS))
WIKI = "\n".join(
    " ".join(WORDS[int(w)] if w < 20 else "." for w in whole(24, 30, seed=i)) + " . he was ."
    for i in range(12)
)
SNLI = "\n".join(
    ["gold_label\tsentence1_binary_parse\tsentence2_binary_parse"]
    + [
        f"{label}\t( ( The {a} ) ( sleeps . ) )\t( A {b} )"
        for label, a, b in (
            ("neutral", "cat", "dog"),
            ("entailment", "cat", "animal"),
            ("-", "cat", "cat"),
            ("contradiction", "dog", "cat  which  runs"),
        )
    ]
    * 4
)


def sentences(number=30, seed=0):
    return [[WORDS[int(w)] for w in whole(20, 12, seed=seed + i)] for i in range(number)]


def offer_all(d2l):
    """The sets of chapters 15 and 16, small."""
    ptb = "\n".join(" ".join(sentence) for sentence in sentences(200))
    offer(d2l, "ptb", "ptb.zip", {"ptb/ptb.train.txt": ptb})
    offer(d2l, "glove.6b.50d", "glove.6B.50d.zip", {"glove.6B.50d/vec.txt": GLOVE})
    offer(d2l, "wiki.en", "wiki.en.zip", {"wiki.en/vec.txt": "20 3\n" + GLOVE})
    offer(d2l, "wikitext-2", "wikitext-2.zip", {"wikitext-2/wiki.train.tokens": WIKI})
    snli = {f"snli_1.0/snli_1.0_{part}.txt": SNLI for part in ("train", "test")}
    offer(d2l, "SNLI", "snli_1.0.zip", snli)
    reviews = {
        f"aclImdb/{part}/{label}/{i}_7.txt": f"It was a {label} machine, {WORDS[i]}\nof the time "
        * 6
        for part in ("train", "test")
        for label in ("pos", "neg")
        for i in range(4)
    }
    offer(d2l, "aclImdb", "aclImdb.tar.gz", reviews)
