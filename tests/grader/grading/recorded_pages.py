"""The pages of a small class as they were last looked at, in `recorded/`.

They are written again by

    python tests/grader/grading/recorded_pages.py

and then opened in a browser, before they are committed.
"""

import functools
import re
import tempfile
from pathlib import Path

from classroom import notebook, report, result, rubric

from d2l.grader.compare.report import check_page
from d2l.grader.grading.class_page import summary_page
from d2l.grader.grading.result import CheckResult
from d2l.grader.grading.rubric_template import write_draft
from d2l.grader.grading.student_page import student_page

FOLDER = Path(__file__).parent / "recorded"
HEADINGS = ("Sums", "Products", "Squares")


@functools.cache
def pages() -> dict[str, str]:
    """What is written for the class, by the names of files."""
    checks = (CheckResult("softmax, unseen", "1. Tensors", 1.5, 3, "partly", "a mean is missing"),)
    results = [
        result("Zoe", 1.0),
        result("Ada", 0.5, same_as=("Bob",)),
        result("Bob", 0.5, same_as=("Ada",)),
        result("Carl", 0.0, status="timeout", reason="stopped after 60 s"),
        result("Dora", 0.0, status="refused", reason="it is truncated", report=None),
        result("Eve & co", 0.25, checks=checks),
    ]
    written = {
        "class.html": summary_page(rubric(), results),
        "student.html": student_page(results[1], notebook(), "Homework 1"),
        "unread.html": student_page(results[4], None, "Homework 1"),
        "check.html": check_page(report(), notebook(), "hw.ipynb", note="ran in 1 s"),
    }
    return {name: _essence(page) for name, page in written.items()} | {"rubric.toml": draft()}


def _essence(page: str) -> str:
    """The page without its styles, and without the colours of code, which pygments chooses."""
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    code = re.compile(r"(?<=<code>).*?(?=</code>)", re.DOTALL)
    return code.sub(lambda match: re.sub(r"<[^>]*>", "", match[0]), page)


def draft() -> str:
    """The draft of a rubric for a reference with three sections."""
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "reference.py"
        parts = (
            f"# %% [markdown]\n# # {name}\n# %%\nprint({i})" for i, name in enumerate(HEADINGS)
        )
        reference.write_text("\n".join(parts), "utf-8")
        path, _ = write_draft(reference, Path(folder) / "rubric.toml")
        return re.sub(r"^seed = \d+", "seed = 1", path.read_text("utf-8"), flags=re.MULTILINE)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
    print(f"{len(pages())} files in {FOLDER.name}/")
