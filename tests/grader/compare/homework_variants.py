"""The homework in `homework/reference.py`, handed in by many: right in many ways, or wrong in one.

Each function takes the reference's text and returns that of a submission.
"""

import ast
import re
from pathlib import Path

REFERENCE = (Path(__file__).parent / "homework" / "reference.py").read_text(encoding="utf-8")

# name: (the section it is in, the code that is there, what the mistake makes of it)
MISTAKES = {
    "wrong axis": ("1 Tensors", "A.sum(axis=0)", "A.sum(axis=1)"),
    "reshape for transpose": ("1 Tensors", "B = A.T", "B = A.reshape(4, 3)"),
    "off by one": ("1 Tensors", "A[1:3, 1:3]", "A[1:3, 1:2]"),
    "integer division": ("2 A data frame", ".values) / 1000", ".values) // 1000"),
    "forgotten zero_grad": ("3 Gradients", "x.grad.zero_()\nx.sum().b", "x.sum().b"),
    "missing mean": ("4 Softmax and its loss", "(y_hat)), y]).mean()", "(y_hat)), y]).sum()"),
    "softmax twice": (
        "4 Softmax and its loss",
        "entropy(2 * logits",
        "entropy(softmax(2 * logits)",
    ),
    "wrong learning rate": ("5 Linear regression", "lr=0.1)", "lr=0.01)"),
    "unshuffled data": ("6 Three classes", "order = torch.randperm(", "order = torch.arange("),
    "label seed_offset": ("6 Three classes", "names[target] for", "names[target - 1] for"),
}


def with_mistakes(*names: str) -> str:
    """Return the homework with these mistakes in it."""
    return changed(REFERENCE, *(MISTAKES[name][1:] for name in names))


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Return `text` with each old part, which must be there once, replaced by its new one."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def with_other_names(text: str) -> str:
    """Every variable, function and class has another name."""
    names = {
        "A": "matrix", "B": "turned", "shares": "parts", "middle": "inner", "houses": "frame",
        "inputs": "features", "prices": "thousands", "x": "t", "slope": "steepness",
        "softmax": "to_probabilities", "cross_entropy": "mean_loss", "logits": "scores",
        "labels": "classes", "probabilities": "p", "data": "examples", "model": "line",
        "Line": "Regression", "trainer": "coach", "centers": "middles", "targets": "kinds",
        "points": "places", "batches": "portions", "net": "linear", "optimizer": "descent",
        "accuracy": "hits", "names": "words", "target": "kind", "rows": "some", "order": "drawn",
    }  # fmt: skip
    # Not attributes, not in strings, not keyword arguments.
    name = re.compile(r"""("[^"\n]*")|(?<![\w.])([A-Za-z_]\w*)\b(?!=[^=])""")
    lines = text.splitlines(keepends=True)
    return "".join(
        line
        if line.startswith("#")
        else name.sub(lambda match: match[1] or names.get(match[2], match[2]), line)
        for line in lines
    )


def with_other_seeds(text: str) -> str:
    """The same with another seed."""
    return changed(text, ("torch.manual_seed(1)", "torch.manual_seed(2024)"))


def in_another_order(text: str) -> str:
    """Cells that do not need each other have changed places, and so have two sections."""
    start, *sections = _sections(text)
    tensors, frame, gradients, softmax, line, classes = map(_cells, sections)
    tensors[2:] = tensors[:1:-1]
    gradients[1:] = [gradients[3], *gradients[1:3]]
    softmax[2:] = softmax[:1:-1]
    classes[1:] = [*classes[1:2], classes[4], classes[5], *classes[2:4]]
    line[1:3] = ["".join(line[1:3])]
    return start + "".join(
        cell for part in (gradients, softmax, frame, tensors, line, classes) for cell in part
    )


def _sections(text: str) -> list[str]:
    return re.split(r"(?=# %% \[markdown\]\n# ## )", text)


def _cells(section: str) -> list[str]:
    return re.split(r"(?m)^(?=# %%$)", section)


def with_split_cells(text: str) -> str:
    """Every line at the top level that ends a thought has a cell of its own."""
    return changed(
        text,
        ('\nprint("mean of all', '\n# %%\nprint("mean of all'),
        (".reshape(3, 4)\nA\n", ".reshape(3, 4)\n\n# %%\nA\n"),
        ('\nprint("the slope', '\n# %%\nprint("the slope'),
        ("\n\nlogits =", "\n\n# %%\nlogits ="),
        ("\nprobabilities\n", "\n# %%\nprobabilities\n"),
        ('\nprint("loss"', '\n# %%\nprint("loss"'),
        ("\ndata.X[:3]", "\n# %%\ndata.X[:3]"),
        ("\nmodel = Line", "\n# %%\nmodel = Line"),
        ("\ntrainer.fit", "\n# %%\ntrainer.fit"),
        ("\noptimizer =", "\n# %%\noptimizer ="),
        ("\naccuracy =", "\n# %%\naccuracy ="),
        ('\nprint("accuracy', '\n# %%\nprint("accuracy'),
    )


def with_merged_cells(text: str) -> str:
    """Each section is one cell; what was the last line of one is displayed."""
    start, *sections = _sections(text)
    merged = []
    for section in sections:
        heading, *cells = _cells(section)
        code = "".join(_displaying(cell).removeprefix("# %%\n") for cell in cells)
        merged.append(f"{heading}# %%\n{code}")
    return start + "\n".join(merged)


def _displaying(cell: str) -> str:
    last = ast.parse(cell).body[-1]
    if not isinstance(last, ast.Expr) or "print(" in ast.unparse(last):
        return cell
    if ast.unparse(last).startswith(("plt.show", "trainer.fit")):
        return cell
    lines = cell.splitlines()
    code = "\n".join(lines[last.lineno - 1 : last.end_lineno])
    return "\n".join([*lines[: last.lineno - 1], f"display({code})", ""])


def with_notes_and_prints(text: str) -> str:
    """Notes, headings of the writer's own, looks at shapes, words, an empty cell."""
    progress = "    print('epoch', F.cross_entropy(net(points), targets).item())\n"
    return changed(
        text,
        ("# %%\nB = A.T", "# %% [markdown]\n# ### My answer\n\n# %%\nprint('now')\nB = A.T"),
        ("\nshares\n", "\nprint(shares.shape, shares.dtype)\nshares\n"),
        ("# %%\nhouses =", "# %%\n\n# %%\nprint('reading')\nprint(3 * 7)\n\n# %%\nhouses ="),
        ("# %%\ninputs =", "# %%\nhouses.dtypes\n\n# %%\nhouses.shape\n\n# %%\ninputs ="),
        ("y.backward()", "print('y =', y)\ny.backward()"),
        ("\nprobabilities\n", "\nprint('sums', probabilities.sum(1))\nprobabilities\n"),
        ("# %%\nF.cross", "# %%\nprobabilities.argmax(1)\n\n# %%\nF.cross"),
        ("trainer.fit(model, data)", "print('fit')\ntrainer.fit(model, data)\nprint('done')"),
        ("# %%\nnet =", "# %%\nlen(batches), points.shape, points.mean()\n\n# %%\nnet ="),
        ("        optimizer.step()\n", "        optimizer.step()\n" + progress),
    )


def with_numbers_written_otherwise(text: str) -> str:
    """Fewer digits, more digits, lists for tensors, words before numbers."""
    digits = (
        "\ntorch.set_printoptions(precision={})\nprint({})\ntorch.set_printoptions(precision=4)\n"
    )
    loss = "cross_entropy(probabilities, labels)"
    return changed(
        text,
        ('"mean of all:", A.mean())', 'f"the mean is {A.mean():.2f}")'),
        ('"sum of each column:", A.sum(axis=0))', '"columns:", A.sum(axis=0).tolist())'),
        ("\nshares\n", digits.format(2, "shares")),
        ("\nprobabilities\n", digits.format(6, "'p =', probabilities")),
        (f'"loss", {loss}', f'f"{{{loss}.item():.6f}} is the loss"'),
        ("F.cross_entropy(2 * logits, labels)", "F.cross_entropy(2 * logits, labels).item()"),
        ('"accuracy:", accuracy)', 'f"accuracy {accuracy:.3f}")'),
        ("round(slope(lambda x: x * x, 3.0), 3)", "slope(lambda x: x * x, 3.0)"),
        ("print(prices)", "prices"),
        ("\nmiddle\n", "\nprint(middle)\n"),
    )


def with_other_headings(text: str) -> str:
    """Numbered otherwise, in other letters, with a word more or less."""
    return changed(
        text,
        ("## 1 Tensors", "# 2.1. TENSORS"),
        ("## 2 A data frame", "### 2.2 Data frame"),
        ("## 3 Gradients", "## Gradients:"),
        ("## 4 Softmax and its loss", "## 4. Softmax & its loss (5 points)"),
        ("## 5 Linear regression", "## Linear regresion"),
        ("## 6 Three classes", "## **Three classes**"),
    )


def without_headings(text: str) -> str:
    """The code alone."""
    return re.sub(r"# %% \[markdown\]\n(#.*\n)+", "", text)


def all_at_once(text: str) -> str:
    """Everything that is allowed."""
    return with_other_headings(
        with_other_names(with_split_cells(in_another_order(with_other_seeds(text))))
    )


CORRECT = {
    kind.__name__: kind
    for kind in (
        with_other_names, with_other_seeds, in_another_order, with_split_cells, with_merged_cells,
        with_notes_and_prints, with_numbers_written_otherwise, with_other_headings,
        without_headings, all_at_once,
    )
}  # fmt: skip
