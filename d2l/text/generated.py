"""Text and sentence pairs of our own, small enough to learn from in a minute on a CPU: a tale, and
numbers in the words of two invented languages.
"""

import random
from pathlib import Path

from d2l.text.sentence_pairs import SentencePairs
from d2l.text.time_machine import CharacterText

# Upland says the large part of a number first, Lowland the small part; Upland has the place after
# the digit, Lowland before it, after "ke"; Upland passes over zeros, Lowland says them.
UPLAND_DIGITS = ("", "an", "bo", "cim", "dal", "ek", "fos", "gar", "hil", "ib")
UPLAND_PLACES = ("", "tor", "mek")
LOWLAND_DIGITS = ("nul", "uno", "dva", "tri", "kva", "pen", "ses", "sep", "okt", "nov")
LOWLAND_PLACES = ("", "deka", "henta")
NUM_NUMBERS = 1000


class Tale(CharacterText):
    """ "The Lamp on the Hill", a tale of some 3,900 characters that repeats itself a good deal.

    >>> data = d2l.Tale(batch_size=32, num_steps=16, num_train=3000, num_val=500)
    >>> "".join(data.vocab.to_tokens(data.X[0]))
    'the lamp on the '

    Book: 9.5 Recurrent neural network implementation from scratch
    """

    def _download(self) -> str:
        """The text of the tale."""
        return Path(__file__).with_name("tale.txt").read_text(encoding="utf-8")


class InventedPairs(SentencePairs):
    """The numbers 1 to 999 in words, from Upland to Lowland, two languages that nobody speaks.

    They order the parts of a number the other way round, and join them with other words. The
    numbers are in a random order, always the same.

    >>> data = d2l.InventedPairs(batch_size=64, num_train=800, num_val=199)
    >>> src, tgt, src_valid_len, label = data.build(["cim mek dal tor bo ."], ["dva ke deka kva ."])
    >>> data.src_vocab.to_tokens(src[0])
    ['cim', 'mek', 'dal', 'tor', 'bo', '.', '<eos>', '<pad>', '<pad>']
    >>> data.tgt_vocab.to_tokens(tgt[0, :4])
    ['<bos>', 'dva', 'ke', 'deka']

    Book: 10.5 Machine translation and the dataset
    """

    def _download(self) -> str:
        """A line for each number."""
        numbers = list(range(1, NUM_NUMBERS))
        random.Random(0).shuffle(numbers)
        return "\n".join(f"{upland(n)}\t{lowland(n)}" for n in numbers)


def upland(number: int) -> str:
    """A number below 1,000 in Upland: 342 is three hundred, four tens, two."""
    parts = [(UPLAND_DIGITS[d], UPLAND_PLACES[place]) for place, d in _digits(number) if d]
    return " ".join([word for part in reversed(parts) for word in part if word] + ["."])


def lowland(number: int) -> str:
    """A number below 1,000 in Lowland: 342 is two and tens four and hundreds three."""
    parts = [f"{LOWLAND_PLACES[place]} {LOWLAND_DIGITS[d]}".strip() for place, d in _digits(number)]
    return " ke ".join(parts) + " ."


def _digits(number: int) -> list[tuple[int, int]]:
    """The places of a number and their digits, ones first."""
    return [(place, int(digit)) for place, digit in enumerate(reversed(str(number)))]
