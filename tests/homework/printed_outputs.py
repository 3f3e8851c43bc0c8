"""What stands under a homework's cell as its output, and whether the executed cell shows just that.

The marks: `# -> ` a line of output, `# ~> ` one whose numbers are drawn or measured, `# >> ` words
that are part of the output, `# => picture` one picture, perhaps with the words seen in it.
"""

import math
import re
from itertools import zip_longest

from nbformat import NotebookNode

NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)")


def complaints(cell: NotebookNode) -> list[str]:
    """What is wrong with the outputs of an executed code cell; empty if nothing is."""
    shown = "\n".join(_text(output) for output in cell.outputs)
    found = [*_noise(cell), *_wrong_pictures(cell)]
    contained = marked(cell.source, ">>")
    if not all(words in shown for words in contained):
        found.append(f"asked for {contained} somewhere in the output, found: {shown}")
    form = marked(cell.source, "~>")
    asked = "\n".join(form or marked(cell.source, "->"))
    if not contained and not is_same(asked, shown, with_values=not form):
        found.append(f"asked for: {asked}\nfound: {shown}")
    return [f"{cell.source}\n{words}" for words in found]


def marked(source: str, mark: str) -> list[str]:
    """The lines behind `# mark `, without it."""
    lines = source.splitlines()
    return [line.removeprefix(f"# {mark} ") for line in lines if line.startswith(f"# {mark} ")]


def is_same(asked: str, found: str, with_values: bool) -> bool:
    """Whether two texts agree but for white space, and the numbers in them to their print's digits.

    >>> is_same("[1.0000, 2.]", "[1.0,\\n 2.]", with_values=True)
    True
    """
    for i, (a, b) in enumerate(zip_longest(NUMBER.split(asked), NUMBER.split(found))):
        if a is None or b is None:
            return False
        is_number = i % 2 == 1
        if is_number and with_values and not math.isclose(float(a), float(b), abs_tol=1e-4):
            return False
        if not is_number and a.split() != b.split() and "".join(a.split()) != "".join(b.split()):
            return False
    return True


def pictures(cell: NotebookNode) -> list[str]:
    """Each picture in a cell's output: its SVG text, or the letters of another format's bytes."""
    data = [output.get("data", {}) for output in cell.outputs]
    return [d.get("image/svg+xml") or d["image/png"] for d in data if _is_picture(d)]


def _wrong_pictures(cell: NotebookNode) -> list[str]:
    asked, found = marked(cell.source, "=>"), pictures(cell)
    if len(asked) != len(found):
        return [f"asked for {len(asked)} pictures, found {len(found)}"]
    words = [w for line in asked for w in line.removeprefix("picture").split(",") if w.strip()]
    # matplotlib draws letters as outlines and leaves the words in a comment beside them
    lost = [word for word in words if f"<!-- {word.strip()} -->" not in "".join(found)]
    return [f"asked for {lost} in the picture, not found there"] if lost else []


def _noise(cell: NotebookNode) -> list[str]:
    kinds = [output.get("name", output.output_type) for output in cell.outputs]
    noisy = [kind for kind in kinds if kind in ("stderr", "error")]
    return [f"asked for quiet, found {noisy}: {cell.outputs}"] if noisy else []


def _text(output: NotebookNode) -> str:
    data = output.get("data", {})
    return output.get("text", "") if _is_picture(data) or not data else data["text/plain"]


def _is_picture(data: dict[str, str]) -> bool:
    return "image/svg+xml" in data or "image/png" in data
