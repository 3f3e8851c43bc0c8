"""English sentences and their French translations."""

from pathlib import Path

from d2l.data.hub import download_extract
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.text.sentence_pairs import PairArrays
from d2l.text.tokens import build_array_nmt, preprocess_nmt, tokenize_nmt
from d2l.text.vocab import Vocab

SPECIAL_TOKENS = ("<pad>", "<bos>", "<eos>")


class MTFraEng(PairArrays):
    """English sentences and their French translations, from the Tatoeba project.

    The archive is stored in `root`; the pairs are processed as in `SentencePairs`. With
    `vocab_size` the tokens are subwords, and `src_vocab` and `tgt_vocab` are `BPETokenizer`s of at
    most that size, trained on the sentences of each language.

    >>> data = d2l.MTFraEng(batch_size=3)  # doctest: +SKIP
    >>> [tuple(part.shape) for part in next(iter(data.train_dataloader()))]  # doctest: +SKIP
    [(3, 9), (3, 9), (3,), (3, 9)]

    Book: 10.5 Machine translation and the dataset
    """

    def __init__(
        self,
        batch_size: int,
        num_steps: int = 9,
        num_train: int = 512,
        num_val: int = 128,
        vocab_size: int | None = None,
        *,
        root: str = "../data",
    ) -> None:
        super().__init__(root=root)
        self.save_hyperparameters()
        self._d2l = vocab_size
        self.arrays, self.src_vocab, self.tgt_vocab = self._build_arrays(self._download())

    def _download(self) -> str:
        """Return the text of the file of pairs."""
        return _read(download_extract("fra-eng", root=self.root))


def read_data_nmt() -> str:
    r"""Return the text of the English-French pairs, one tab-separated pair per line.

    >>> d2l.read_data_nmt()[:9]  # doctest: +SKIP
    'Go.\tVa !\n'

    Book: 10.5 Machine translation and the dataset
    """
    return _read(download_extract("fra-eng"))


def load_data_nmt(
    batch_size: int, num_steps: int, num_examples: int = 600
) -> tuple[ResidentLoader, Vocab, Vocab]:
    """Return a shuffled loader of the first English-French pairs, and both vocabularies.

    A batch is the source (batch, num_steps), its valid lengths (batch,), the target and its valid
    lengths. Tokens that occur once are `<unk>`.

    >>> loader, src_vocab, tgt_vocab = d2l.load_data_nmt(2, num_steps=8)  # doctest: +SKIP
    >>> [tuple(part.shape) for part in next(iter(loader))]  # doctest: +SKIP
    [(2, 8), (2,), (2, 8), (2,)]

    Book: 10.5 Machine translation and the dataset
    """
    pairs = tokenize_nmt(preprocess_nmt(read_data_nmt()), num_examples)
    vocabs = [Vocab(lines, min_freq=2, reserved_tokens=SPECIAL_TOKENS) for lines in pairs]
    arrays = [
        array
        for lines, vocab in zip(pairs, vocabs, strict=True)
        for array in build_array_nmt(lines, vocab, num_steps)
    ]
    return ResidentLoader(arrays, batch_size, shuffle=True), vocabs[0], vocabs[1]


def _read(folder: str) -> str:
    return Path(folder, "fra.txt").read_text(encoding="utf-8")
