"""`python -m tools.site` builds the documentation: Sphinx, then a check of every link.

Lessons that have no executed notebook yet are run first, unless `--unexecuted` is given.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from d2l.notebook.lesson_index import find_lessons
from tools.site.check import problems
from tools.site.stage import DOCS, REPOSITORY, stage

URL_VARIABLE = "D2L_REPOSITORY_URL"


def main() -> None:
    """Build as the command line says; exit with 1 on a warning or a broken link."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out" / "docs")
    parser.add_argument("--lessons", type=Path, default=REPOSITORY / "out" / "lessons")
    parser.add_argument("--unexecuted", action="store_true", help="run no lesson")
    options = parser.parse_args()
    if not options.unexecuted:
        run_missing_lessons(options.lessons)
    sys.exit(build(options.out, options.lessons))


def run_missing_lessons(folder: Path) -> None:
    """Run every lesson that has no executed notebook in `folder`."""
    missing = [le.name for le in find_lessons() if not (folder / f"{le.name}.ipynb").is_file()]
    if missing:
        command = [sys.executable, "-m", "d2l", "lessons", "run", *missing, "--out", str(folder)]
        subprocess.run(command, check=True, cwd=REPOSITORY)


def build(out: Path, lessons: Path | None) -> int:
    """Write the site to `out`; return 0, or 1 with the reasons printed."""
    sources = out.with_name(out.name + "-source") / "docs"
    stage(sources, lessons, os.environ.get(URL_VARIABLE, "").rstrip("/"))
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q"]
    command += ["-c", str(DOCS), "-d", str(sources.parent / "doctrees"), str(sources), str(out)]
    if subprocess.run(command, cwd=REPOSITORY, check=False).returncode:
        return 1
    found = problems(out)
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print(f"{len(found)} broken links", file=sys.stderr)
        return 1
    print(f"open {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    main()
