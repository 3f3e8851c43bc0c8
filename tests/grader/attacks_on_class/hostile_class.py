"""A class on the disk: a few diligent students, and one student for each attack.

An attack is a notebook in `attacks/`; a cell in it that says "as in the reference: HEADING" stands
for the reference's cells below that heading. Every notebook begins with a cell that tells it all
that an attacker could know: paths, a port, a token for its processes.
"""

import copy
import io
import json
import os
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from d2l.notebook.source import read_notebook

HERE = Path(__file__).parent
COURSE = HERE / "course"
ATTACKS = sorted(path.stem for path in (HERE / "attacks").glob("*.py"))
# Without walls nothing is out of sight: these must end well there all the same.
HANDFUL = (
    "endless_loop", "os_exit", "memory_bomb", "fork_bomb", "gigabyte_on_disk", "background_process",
    "twenty_million_characters", "kill_supervisor", "patched_numbers", "forged_frames",
)  # fmt: skip
TWICE = ("os_exit", "patched_numbers", "forged_frames")
HEADINGS = ("1. A table", "2. Softmax", "3. Chance")
SECRET = "secret of a diligent student"
DILIGENT = (
    "diligent", "김서연 과제 최종", "O'Brien \"quoted\" $(touch planted); #1", "=1+1", "--out",
    "<img src=x onerror=planted()>",
)  # fmt: skip
_PLACEHOLDER = "# as in the reference: "


@dataclass(frozen=True)
class Places:
    """Where everything of one grading lies."""

    root: Path

    @property
    def students(self):
        return self.root / "class"

    @property
    def course(self):
        return self.root / "course"

    @property
    def out(self):
        return self.root / "out"

    @property
    def planted(self):
        """What only a success of an attack makes."""
        return self.root / "planted"

    @property
    def treasure(self):
        """A file that only a success of an attack removes."""
        return self.root / "treasure"


def furnish(places, told, attacks, *, with_files=True):
    """Write the course and a class with these attacks; `told` is what each attacker knows."""
    for folder in (places.root, places.students):
        folder.mkdir(exist_ok=True)
    shutil.copytree(COURSE, places.course)
    places.treasure.write_text("still here")
    told = told | {
        "reference": str(places.course / "reference.py"),
        "rubric": str(places.course / "rubric.toml"),
        "checks": str(places.course / "checks.py"),
        "class": str(places.students),
        "out": str(places.out),
        "planted": str(places.planted),
        "treasure": str(places.treasure),
    }
    for name in DILIGENT if with_files else DILIGENT[:1]:
        _write(places.students / f"{name}.ipynb", notebook("honest", {"name": name, "own": SECRET}))
    for name in set(attacks) - {"honest", "imports_from_beside"}:
        mine = told | {"token": f"{told['token']}-{name}-"}
        _write(places.students / f"{name}.ipynb", notebook(name, mine))
    if with_files:
        _add_files(places)


def notebook(name, told):
    """The notebook of an attack."""
    cells = [new_code_cell(f"import numpy as np\n\nfacts = {told!r}")]
    for cell in read_notebook(HERE / "attacks" / f"{name}.py").cells:
        heading = cell.source.removeprefix(_PLACEHOLDER)
        if heading == cell.source:
            cells.append(cell)
        else:
            cells += [new_markdown_cell(f"## {heading}"), *_answers(heading)]
    for number, cell in enumerate(cells):
        cell["id"] = f"of-attack-{number}"  # copies must not have the ids of what they copy
    return new_notebook(cells=cells)


def _answers(heading):
    """The reference's code cells below a heading."""
    below, answers = "", []
    for cell in read_notebook(COURSE / "reference.py").cells:
        if cell.cell_type == "markdown":
            below = cell.source.partition("\n")[0].lstrip("# ")
        elif below == heading:
            answers.append(copy.deepcopy(cell))
    return answers


def _write(path, written):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(written))


def _add_files(places):
    """Submissions that are hostile, or careless, before a line of them runs."""
    good = nbformat.writes(notebook("honest", {}))
    students = places.students
    _write(students / "pasted_outputs.ipynb", _pasted())
    (students / "renamed.ipynb").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 40)
    (students / "renamed_to_text.txt").write_text(good)
    (students / "empty.ipynb").touch()
    (students / "truncated.ipynb").write_text(good[: len(good) // 2])
    (students / "not_json.ipynb").write_text("softmax = 1\n" * 20)
    (students / "json_of_another_kind.ipynb").write_text("[[[[1, 2], {}]]]")
    _write_large(students / "two_hundred_megabytes.ipynb")
    other = notebook("honest", {})
    other.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    _write(students / "another_kernel.ipynb", other)
    (students / "linked.ipynb").symlink_to(places.course / "reference.py")
    (students / "linked_folder").mkdir()
    (students / "linked_folder" / "hw.ipynb").symlink_to(places.course / "reference.py")
    _add_archives(places, good)
    _add_malicious_files(places)


def _write_large(path):
    """200 MB of notebook, most of it a hole in the file."""
    with open(path, "wb") as file:
        file.write(b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, "x": "')
        file.truncate(200 * 2**20)


def _pasted():
    """The right outputs below code that makes none of them."""
    shown = ["array([4., 5., 6., 7.])", "array([ 6., 22., 38.])",
             "array([[0.09003057, 0.24472847, 0.66524096],\n"
             "       [0.33333333, 0.33333333, 0.33333333]])"]  # fmt: skip
    cells = []
    for heading, text in zip((HEADINGS[0], HEADINGS[0], HEADINGS[1]), shown, strict=True):
        output = new_output("execute_result", {"text/plain": text}, execution_count=1)
        cell = new_code_cell("answer = None", outputs=[output], execution_count=1)
        cells += [new_markdown_cell(f"## {heading}"), cell]
    return new_notebook(cells=cells)


def _add_archives(places, good):
    link = zipfile.ZipInfo("hw.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    _zip(places, "zipped", {"a folder/hw.ipynb": good, "a folder/notes.txt": "notes"})
    _zip(places, "zip_that_climbs", {"hw.ipynb": good, "../../planted": "planted"})
    _zip(places, "zip_from_the_root", {"hw.ipynb": good, str(places.planted): "planted"})
    _zip(places, "zip_with_a_link", {link: str(places.course / "reference.py")})
    _zip(places, "zip_bomb", {"hw.ipynb": good, "zeros": bytes(2**27)})
    (places.students / "no_zip.zip").write_bytes(b"PK\x03\x04" + bytes(100))


def _zip(places, name, entries):
    path = places.students / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)


class Malice:
    """Unpickled, it makes a folder."""

    def __init__(self, planted):
        self.planted = planted

    def __reduce__(self):
        return os.mkdir, (str(self.planted),)


def _add_malicious_files(places):
    """A folder with pickles beside the notebook, under names that a grader may want to load."""
    import torch

    folder = places.students / "pickles_beside"
    _write(folder / "hw.ipynb", notebook("imports_from_beside", {}))
    malice = Malice(places.planted)
    array = io.BytesIO()
    np.save(array, np.array([malice], dtype=object), allow_pickle=True)
    for name in ("values.npy", "found.npy", "result.npy"):
        (folder / name).write_bytes(array.getvalue())
    torch.save({"weights": malice}, folder / "weights.pt")
    forged = {"student": "pickles_beside", "status": "ok", "total": 99.0}
    for name in ("result.json", "run.json", "journal/students/pickles_beside.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(forged))
