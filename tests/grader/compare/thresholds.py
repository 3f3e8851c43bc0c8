"""Where the comparison's verdict changes as a submission moves away from the reference.

Each slide is a reference, and a submission that differs from it by an amount. The amounts at which
the verdict changes, and what is said at the largest, are recorded in `thresholds.json`, by

    python tests/grader/compare/thresholds.py

The rates of false alarms in docs/explanation/comparison.md were measured with these thresholds:
if one is moved, they are measured again (`python -m bench.calibration`), then recorded.
"""

import functools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from shown import plotted, printed, read, read_runs, result

from d2l.grader.compare.align import Cell, align, fingerprint
from d2l.grader.compare.compare_items import compare_items
from d2l.grader.compare.distributions import Numbers, level_difference
from d2l.grader.compare.match_sections import match_sections, sections_of
from d2l.grader.compare.pairing import pair

RECORD = Path(__file__).with_suffix(".json")
NUM_AMOUNTS, NUM_BISECTIONS = 17, 12
SLIDES: dict[str, "Slide"] = {}


class Slide(NamedTuple):
    """A reference, and a submission at some distance from it."""

    judge: Callable[[float], tuple[str, Any]]  # of an amount, the verdict, and what is said
    amounts: list[float]
    is_continuous: bool

    def verdict(self, amount: float) -> str:
        return self.judge(amount)[0]

    def record(self) -> dict[str, Any]:
        """The first verdict, where others follow, and what is said in the end."""
        verdicts = [self.verdict(amount) for amount in self.amounts]
        changes = []
        for at in range(1, len(self.amounts)):
            if verdicts[at] != verdicts[at - 1]:
                changes.append([self._change(at, verdicts[at - 1]), verdicts[at]])
        return {
            "first": verdicts[0], "changes": changes, "last": self.judge(self.amounts[-1])[1],
        }  # fmt: skip

    def _change(self, at: int, before: str) -> float:
        """The amount at which the verdict is no longer that of the amount before."""
        low, high = self.amounts[at - 1], self.amounts[at]
        for _ in range(NUM_BISECTIONS if self.is_continuous else 0):
            middle = (low + high) / 2
            low, high = (middle, high) if self.verdict(middle) == before else (low, middle)
        return float(f"{high:.4g}")


def values(name, expected, found, top, *, references=3, runs=2):
    """A slide of the values that functions of a random state, and of an amount, make."""
    judge = _judged(lambda chance, amount: expected(chance), found, references, runs, is_fixed=True)
    SLIDES[name] = Slide(judge, list(np.linspace(0, top, NUM_AMOUNTS)), True)


def steps(name, expected, found, amounts):
    """A slide in whole steps, in which the reference changes too."""
    SLIDES[name] = Slide(_judged(expected, found), list(amounts), False)


def _judged(expected, found, references=3, runs=2, *, is_fixed=False):
    """Where the reference `is_fixed`, it does not depend on the amount and is read once."""

    def read_all(value, seeds, amount):
        return read_runs(lambda seed: _shown(value(np.random.RandomState(seed), amount)), seeds)

    read_reference = functools.cache(lambda amount: read_all(expected, range(references), amount))

    @functools.cache
    def judge(amount):
        reference = read_reference(None if is_fixed else amount)
        findings = compare_items(reference, read_all(found, range(1_000, 1_000 + runs), amount))
        return " ".join(f.verdict for f in findings), [[f.message, f.hint] for f in findings]

    return judge


def _shown(value):
    return value if isinstance(value, dict) else result(value)


# --- Values that are the same in each run --------------------------------------------------------
for _name, _value in {
    "0": 0.0, "1": 1.0, "0.1": 0.1, "1e-9": 1e-9, "12345678.9": 12345678.9, "-2.5": -2.5,
}.items():  # fmt: skip
    values(f"fixed number {_name}", lambda chance, v=_value: v,
           lambda chance, amount, v=_value: v + amount * max(abs(v), 1e-6), 3e-4)  # fmt: skip
values("fixed whole number", lambda chance: 7, lambda chance, amount: 7 + round(amount), 2)
values("whole number written as a float", lambda chance: 7,
       lambda chance, amount: 7.0 + amount, 1)  # fmt: skip
values("fixed array", lambda chance: np.array([1.0, 2.0, 3.0]),
       lambda chance, amount: np.array([1.0, 2.0 + amount, 3.0]), 1e-2)  # fmt: skip
values("array that is zero in one place", lambda chance: np.array([0.0, 2.0]),
       lambda chance, amount: np.array([amount, 2.0]), 1e-5)  # fmt: skip
values("noise of rounding", lambda chance: 0.0, lambda chance, amount: amount * 2.0**-24, 100)
for _digits in (1, 2, 4):
    values(f"printed with {_digits} digits", lambda chance, d=_digits: printed(f"{0.5:.{d}f}"),
           lambda chance, amount, d=_digits: printed(f"{0.5 + amount:.{d}f}"),
           5 * 10.0**-_digits)  # fmt: skip
    values(f"printed with 3 digits, found with {_digits}", lambda chance: printed("loss 0.517"),
           lambda chance, amount, d=_digits: printed(f"loss {0.517 + amount:.{d}f}"),
           0.2)  # fmt: skip
values("a fraction as a percentage", lambda chance: printed("accuracy 0.85"),
       lambda chance, amount: printed(f"accuracy {85 + amount:.4f}"), 2)  # fmt: skip
values("scaled", lambda chance: np.arange(1.0, 7.0).reshape(2, 3),
       lambda chance, amount: (1 + amount) * np.arange(1.0, 7.0).reshape(2, 3), 1)  # fmt: skip
values("line with three numbers", lambda chance: printed("a 1.50, b 2.25, c 3.75"),
       lambda chance, amount: printed(f"a 1.50, b {2.25 + amount:.2f}, c 3.75"), 0.1)  # fmt: skip
values("fixed table", lambda chance: pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]}),
       lambda chance, amount: pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0 + amount]}),
       0.01)  # fmt: skip
for _power in (24, 53):
    steps(f"multiples of the rounding error 2^-{_power} of zero", lambda chance, n: 0.0,
          lambda chance, n, p=_power: n * 2.0**-p, range(60, 70))  # fmt: skip


# --- Random values -------------------------------------------------------------------------------
def heavier(x, amount):
    """Values with heavier tails, of about the same location and scale."""
    return x + amount * 0.1 * (x**3 - 3 * x)


def normalized(x):
    return x / x.sum(1, keepdims=True)


def in_rows(chance):
    """Values that are nearly the same along a row."""
    return chance.normal(size=(6, 1)) + 0.1 * chance.normal(size=(6, 5))


SHAPES = {"number": (), "two": (2,), "seven": (7,), "matrix": (8, 8), "large": (40, 40)}
for _name, _shape in SHAPES.items():
    for _references, _runs in ((3, 2), (10, 2), (3, 3), (3, 1), (2, 2)):
        _of = f"{_name}, {_references} and {_runs} runs"
        values(f"location of a normal {_of}",
               lambda chance, s=_shape: np.asarray(chance.normal(size=s)).round(4) + 0.0,
               lambda chance, amount, s=_shape: np.asarray(chance.normal(size=s) + amount).round(4),
               200 if _runs == 1 else 20 if len(_shape) < 2 else 3,
               references=_references, runs=_runs)  # fmt: skip
    for _sign in (1, -1) if len(_shape) == 2 else (1,):
        values(f"scale of a normal {_name}, power of {_sign * 10}",
               lambda chance, s=_shape: np.asarray(chance.normal(size=s)),
               lambda chance, amount, s=_shape, p=_sign:
                   np.asarray(chance.normal(size=s) * 10 ** (p * amount)), 3)  # fmt: skip
    values(f"positive {_name}", lambda chance, s=_shape: np.asarray(chance.uniform(1, 2, size=s)),
           lambda chance, amount, s=_shape: np.asarray(chance.uniform(1, 2, size=s) * (1 + amount)),
           40)  # fmt: skip
values("shape of a distribution", lambda chance: chance.normal(size=(30, 30)),
       lambda chance, amount: heavier(chance.normal(size=(30, 30)), amount), 3)  # fmt: skip
values("uniform to normal", lambda chance: chance.uniform(size=(12, 12)),
       lambda chance, amount: (1 - amount) * chance.uniform(size=(12, 12))
       + amount * (0.5 + 0.2887 * chance.normal(size=(12, 12))), 1)  # fmt: skip
values("share of values out of range", lambda chance: chance.uniform(size=200),
       lambda chance, amount: np.where(np.arange(200) < amount, 1.5, chance.uniform(size=200)),
       30)  # fmt: skip
values("learned weights", lambda chance: np.array([2.0, -3.4]) + chance.normal(size=2) * 0.001,
       lambda chance, amount: np.array([2.0, -3.4 + amount]) + chance.normal(size=2) * 0.001,
       0.1)  # fmt: skip
values("levels of rows", lambda chance: np.arange(12.0) + chance.normal(size=12) * 0.1,
       lambda chance, amount: np.arange(12.0) + amount + chance.normal(size=12) * 0.1,
       2)  # fmt: skip
values("correlated rows", in_rows,
       lambda chance, amount: amount + in_rows(chance),
       40)  # fmt: skip
values("correlated runs", lambda chance: chance.normal() + 0.1 * chance.normal(size=30),
       lambda chance, amount: amount + chance.normal() + 0.1 * chance.normal(size=30),
       200)  # fmt: skip
values("unsteady runs", lambda chance: 5 + 0.01 * chance.normal(size=3),
       lambda chance, amount: 5 + (0.01 + amount) * chance.normal(size=3),
       2, runs=3)  # fmt: skip
values("dropout", lambda chance: 2.0 * (chance.uniform(size=(10, 10)) > 0.5),
       lambda chance, amount: 2.0 * (chance.uniform(size=(10, 10)) > 0.5 + amount),
       0.5)  # fmt: skip
values("a new category", lambda chance: chance.randint(4, size=(10, 10)),
       lambda chance, amount: np.where(np.arange(100).reshape(10, 10) < amount, 9,
                                       chance.randint(4, size=(10, 10))), 24)  # fmt: skip
values("sums of rows", lambda chance: normalized(chance.uniform(size=(5, 4))),
       lambda chance, amount: (1 + amount) * normalized(chance.uniform(size=(5, 4))),
       0.01)  # fmt: skip
values("permutation", lambda chance: chance.permutation(12),
       lambda chance, amount: np.minimum(chance.permutation(12), 11 - round(amount)),
       8)  # fmt: skip
steps("permutations of so many values", lambda chance, n: chance.permutation(n),
      lambda chance, n: np.sort(chance.choice(n, n)), range(2, 12))  # fmt: skip
steps("values drawn with replacement", lambda chance, n: chance.permutation(60)[:n],
      lambda chance, n: np.pad(chance.permutation(60)[: n - 1], (0, 1), "edge"),
      range(8, 50))  # fmt: skip
steps("values drawn without replacement", lambda chance, n: chance.randint(60, size=n),
      lambda chance, n: chance.permutation(60)[:n], range(8, 50))  # fmt: skip
steps("size of arrays of five categories, found with others",
      lambda chance, n: 2 * chance.randint(5, size=n),
      lambda chance, n: np.where(np.arange(n) % 2 == 0, 3 + 2 * (np.arange(n) // 2 % 2),
                                 2 * chance.randint(5, size=n)), range(8, 30))  # fmt: skip
for _spread in (0.001, 0.1, 10):
    steps(f"digits of a number within {_spread} that is the same for every seed",
          lambda chance, n, s=_spread: printed(f"{5 + s * chance.uniform():.{n}f}"),
          lambda chance, n: printed(f"{5:.{n}f}1"), range(1, 9))  # fmt: skip
steps("powers of integers that differ in each run",
      lambda chance, power: 2**power + chance.randint(2**20),
      lambda chance, power: 2 ** (power + 1) + chance.randint(2**20), range(34, 44))  # fmt: skip
steps("words of a random text that is the same for every seed",
      lambda chance, n: printed("".join(chance.choice(list("abcdefgh "), n))),
      lambda chance, n: printed("abcdefgh abcdefgh abcdefgh abcdefgh"[:n]),
      range(4, 32))  # fmt: skip
values("accuracy that rounds alike", lambda chance: printed("accuracy 0.95"),
       lambda chance, amount: printed(f"accuracy {0.95 + amount * chance.uniform(0.5, 1):.2f}"),
       0.3)  # fmt: skip
values("accuracy that is zero alike", lambda chance: printed("accuracy 0.00"),
       lambda chance, amount: printed(f"accuracy {amount * chance.uniform(0.5, 1):.2f}"),
       0.3)  # fmt: skip
values("accuracy that is one alike", lambda chance: printed("accuracy 1.00"),
       lambda chance, amount: printed(f"accuracy {1 - amount * chance.uniform(0.5, 1):.2f}"),
       0.3)  # fmt: skip
values("count that is alike by chance", lambda chance: 25,
       lambda chance, amount: 25 + round(amount * chance.uniform(0.5, 1)), 40)  # fmt: skip
values("random line", lambda chance: printed(f"loss {0.5 + 0.01 * chance.normal():.3f}, step 10"),
       lambda chance, amount: printed(f"loss {0.5 + amount + 0.01 * chance.normal():.3f}, step 10"),
       1)  # fmt: skip
for _digits in (0, 1, 2):
    for _deviation in (0.03, 0.3):
        values(f"random number with {_digits} digits, of deviation {_deviation}",
               lambda chance, d=_digits, s=_deviation: printed(f"{9 + s * chance.normal():.{d}f}"),
               lambda chance, amount, d=_digits, s=_deviation:
                   printed(f"{9 + amount + s * chance.normal():.{d}f}"), 12)  # fmt: skip
values("random array with 1 digit", lambda chance: chance.normal(9, 0.04, size=3).round(1),
       lambda chance, amount: chance.normal(9 + amount, 0.04, size=3).round(1), 2)  # fmt: skip


def levels(name, numbers, num_places, sigma, top):
    """A slide of numbers with a given unit of their last digit, compared place by place."""

    def judge(amount):
        chance = np.random.RandomState(0)
        ours = 9 + sigma * chance.normal(size=(3, num_places))
        theirs = 9 + amount + sigma * chance.normal(size=(2, num_places))
        difference = level_difference(ours, theirs, numbers)
        return ("match", "") if difference is None else ("differs", [*vars(difference).values()])

    SLIDES[name] = Slide(judge, list(np.linspace(0, top, NUM_AMOUNTS)), True)


for _num_places in (1, 3):
    for _sigma in (1e-6, 0.03):
        _of = f"of {_num_places} numbers with deviation {_sigma:g}"
        for _unit in (0.0, 0.01, 0.5):
            levels(f"level {_of} and unit {_unit}", Numbers(_unit, 1e-3, names=("a", "b", "c")),
                   _num_places, _sigma, 10)  # fmt: skip
        levels(f"level {_of} and known variance", Numbers(0.0, 1e-3, known=0.04), _num_places,
               _sigma, 10)  # fmt: skip
        levels(f"level {_of}, at most one independent", Numbers(0.0, 1e-3, most_places=1.0),
               _num_places, _sigma, 40)  # fmt: skip
values("random table",
       lambda chance: pd.DataFrame({"x": [1.0, 2.0], "y": 5 + 0.1 * chance.normal(size=2)}),
       lambda chance, amount: pd.DataFrame(
           {"x": [1.0, 2.0], "y": 5 + amount + 0.1 * chance.normal(size=2)}), 5)  # fmt: skip
values("not finite in the reference", lambda chance: np.array([np.nan, 1 + 0.1 * chance.normal()]),
       lambda chance, amount: np.array([1.0, 1 + amount + 0.1 * chance.normal()]), 5)  # fmt: skip


for _deviation in (0.3, 30):
    values(f"random table of whole numbers with deviation {_deviation}",
           lambda chance, s=_deviation: pd.DataFrame(
               {"x": [1.0, 2.0], "y": np.round(500 + s * chance.normal(size=2))}),
           lambda chance, amount, s=_deviation: pd.DataFrame(
               {"x": [1.0, 2.0], "y": np.round(500 + amount + s * chance.normal(size=2))}),
           900)  # fmt: skip


# --- Curves and logs -----------------------------------------------------------------------------
def board(chance, *, begin=2.0, end=0.5, rate=0.5, epochs=10.0, noise=0.02, count=20):
    """A loss that falls from `begin` to `end`."""
    x = np.linspace(1 / 2, epochs, count)
    y = (end + (begin - end) * np.exp(-rate * x)) * (1 + noise * chance.normal(size=count))
    return plotted({"loss": [[float(a), float(b)] for a, b in zip(x, y, strict=True)]})


for _name, _usual, _top in (
    ("begin", 2.0, 8.0), ("end", 0.5, 1.0), ("end", 0.5, -0.4), ("rate", 0.5, 2.0),
    ("rate", 0.5, -0.5), ("epochs", 10.0, 3.0), ("noise", 0.02, 2.0),
):  # fmt: skip
    values(f"{_name} of a curve, to {_usual + _top:g}", board,
           lambda chance, amount, n=_name, u=_usual: board(chance, **{n: u + amount}),
           _top)  # fmt: skip
values("end of a curve near zero", lambda chance: board(chance, end=0.001),
       lambda chance, amount: board(chance, end=0.001 + amount), 1)  # fmt: skip
values("curve of negative values", lambda chance: board(chance, begin=-2.0, end=-0.5),
       lambda chance, amount: board(chance, begin=-2.0, end=-0.5 - amount), 2)  # fmt: skip
values("curve that rises", lambda chance: board(chance, begin=0.2, end=0.9),
       lambda chance, amount: board(chance, begin=0.2, end=0.9 - amount), 0.8)  # fmt: skip


def log(chance, num_lines=10, shift=0.0, count=lambda i: i):
    """A log of a loss; `count` numbers its lines."""
    lines = (f"epoch {count(i)}, loss {1 / (i + 1) + shift + 0.01 * chance.normal():.4f}"
             for i in range(num_lines))  # fmt: skip
    return printed("\n".join(lines))


values("lines of a log", log, lambda chance, amount: log(chance, round(10 + amount)), 40)
values("fewer lines of a log", log, lambda chance, amount: log(chance, round(10 - amount)), 8)
values("height of a log", log, lambda chance, amount: log(chance, shift=amount), 1)
values("short random log", lambda chance: log(chance, 3),
       lambda chance, amount: log(chance, 3, amount), 1)  # fmt: skip
steps("lines of a log with other counters", lambda chance, n: log(chance, n),
      lambda chance, n: log(chance, n, count=lambda i: 5 * i + 3), range(1, 6))  # fmt: skip


# --- Which items, cells and sections belong together ---------------------------------------------
LINES = [f"x{i} = function{i}({i})" for i in range(12)]
WORDS = ("one", "two", "three", "four")
OTHER_CODE = ("a(1)", "x.b[2] += 3")
TITLE = "Concise implementation of softmax regression"


def whole(name, judge, amounts):
    """A slide in whole steps whose verdict is the text of what `judge` returns."""
    SLIDES[name] = Slide(lambda amount: (str(judge(amount)), ""), list(amounts), False)


def groups(expected, found):
    """Which cells belong together, of lists of (section, source, whether it shows something)."""
    return [(group.reference, group.submission) for group in align(_cells(expected), _cells(found))]


def _cells(cells):
    return [
        Cell(at, section, fingerprint(new_code_cell(source), frozenset()), shows)
        for at, (section, source, shows) in enumerate(cells)
    ]


def groups_shown(expected, found):
    """Which cells belong together, of the words that cells without common code print."""
    shown = [[printed(" ".join(words))] for words in (expected, found)]
    return _groups_of(*shown)


def groups_raised(names):
    """Which cells belong together that raise an error of these names, and have another call."""
    errors = [new_output("error", ename=name, evalue="", traceback=[]) for name in names]
    return _groups_of(errors, errors)


def _groups_of(*outputs):
    cells = (new_code_cell(code, outputs=o) for code, o in zip(OTHER_CODE, outputs, strict=True))
    ours, theirs = (
        Cell(0, at, fingerprint(cell, frozenset()), True) for at, cell in enumerate(cells)
    )
    return [(group.reference, group.submission) for group in align([ours], [theirs])]


def others(count):
    """The lines, of which some are others."""
    return "\n".join([f"y{i} = other{i}({100 + i})" for i in range(count)] + LINES[count:])


def sections(*headings):
    notebook = new_notebook(cells=[new_markdown_cell(f"# {heading}") for heading in headings])
    return sections_of(notebook)


def pairs(expected, found):
    return pair([read(printed(line)) for line in expected], read(*map(printed, found)))


for _section in (0, 1):
    for _shows in (True, False):
        _of = f"in section {_section}{', which shows something' if _shows else ''}"
        whole(f"lines of a cell {_of} that are others",
              lambda n, s=_section, w=_shows: groups(
                  [(0, "\n".join(LINES), w), (0, "g()", True)], [(s, others(n), w)]),
              range(13))  # fmt: skip
        whole(f"parts of a cell {_of}",
              lambda n, s=_section, w=_shows: groups(
                  [(0, "\n".join(LINES), w)],
                  [(s, "\n".join(LINES[:n]), w), (s, "\n".join(LINES[n:]), w)]),
              range(1, 12))  # fmt: skip
        whole(f"cells {_of} that were merged, with other lines",
              lambda n, s=_section, w=_shows: groups(
                  [(0, "\n".join(LINES[:5]), w), (0, "\n".join(LINES[5:]), w)],
                  [(s, "\n".join(LINES[:5]) + "\n" + others(n), w)]),
              range(13))  # fmt: skip
for _section in (0, 1):
    for _kind, _line, _other in (
        ("numbers", "f({0})", "f({1})"), ("calls", "f{0}(x)", "f{1}(x)"),
        ("definitions", "def f{0}(x): return x", "def f{1}(x): return x"),
    ):  # fmt: skip
        whole(f"{_kind} in section {_section} that are others",
              lambda n, s=_section, a=_line, b=_other: groups(
                  [(0, "\n".join(a.format(i) for i in range(20)), True), (0, "g()", True)],
                  [(s, "\n".join((b if i < n else a).format(i, 50 + i) for i in range(20)), True)]),
              range(21))  # fmt: skip
whole("numbers that lines of another kind share", lambda n: groups(
    [(0, "\n".join(f"f({i})" for i in range(20)), True)],
    [(1, "\n".join(f"x[{i if i < n else 50 + i}] = y" for i in range(20)), True)]),
    range(21))  # fmt: skip
whole("words of an output that are others", lambda n: groups_shown(
    list("abcdefghijkl"), [*"mnopqrstuvwx"[:n], *"abcdefghijkl"[n:]]),
    range(13))  # fmt: skip
whole("an error instead of an output", lambda n: groups_raised(["ValueError"] * n), range(3))
whole("equal cells in another order", lambda n: groups(
    [(0, "f()", True)] * 5, [(0, "g()", True)] * n + [(0, "f()", True)] * 5), range(6))  # fmt: skip
whole("letters of a heading that are others", lambda n: match_sections(
    sections("First", TITLE), sections("First", "x" * n + TITLE[n:])), range(40))  # fmt: skip
whole("letters of a numbered heading that are others", lambda n: match_sections(
    sections("1. First", f"2. {TITLE}"), sections("1. First", f"2. {'x' * n + TITLE[n:]}")),
    range(40))  # fmt: skip
whole("letters of a heading with another number", lambda n: match_sections(
    sections("1. First", f"{TITLE} 2"), sections("1. First", f"{'x' * n + TITLE[n:]} 3")),
    range(40))  # fmt: skip
whole("the number of equal headings", lambda n: match_sections(
    sections(*["Exercise"] * 6), sections(*["Exercise"] * n)), range(1, 9))  # fmt: skip
whole("numbers that are too many", lambda n: pairs(
    ["42"], [*(f"{100 + i}" for i in range(n)), "42"]), range(20))  # fmt: skip
whole(
    "a number with words among others",
    lambda n: pairs(["loss 0.5", "0.25"], [*(f"{0.01 * i:.2f}" for i in range(n)), "loss 0.5"]),
    range(0, 30, 3),
)
whole("lines with other words", lambda n: pairs(
    ["one 1 two 2 three 3 four 4"],
    [" ".join(f"{'x' * (i <= n)}{w} {i}" for i, w in enumerate(WORDS, 1))]),
    range(5))  # fmt: skip
whole("arrays of other lengths", lambda n: pairs(
    ["[1, 2, 3]", "[4, 5, 6]"], [str(list(range(n))), "[4, 5, 6]", "[1, 2, 3]"]),
    range(1, 6))  # fmt: skip
whole("a value out of order", lambda n: pairs(
    [f"{i}.5" for i in range(6)], [f"{(i + n) % 6}.5" for i in range(6)]), range(6))  # fmt: skip


@functools.cache
def recorded() -> dict[str, Any]:
    """What is recorded, by the names of the slides."""
    return json.loads(RECORD.read_text("utf-8"))


def is_close(expected: Any, found: Any) -> bool:
    """Whether two records agree: amounts up to the bisection's error, the rest exactly."""
    if [verdict for _, verdict in expected["changes"]] != [v for _, v in found["changes"]]:
        return False
    pairs = zip(expected["changes"], found["changes"], strict=True)
    return (
        all(math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-9) for (a, _), (b, _) in pairs)
        and expected["first"] == found["first"]
        and expected["last"] == found["last"]
    )


if __name__ == "__main__":
    records = {name: slide.record() for name, slide in SLIDES.items()}
    RECORD.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(records)} slides in {RECORD.name}")
