"""`python -m tools.api` writes docs/api, two pages of docs/reference and the face's types.

It fails where an example does.
"""

from pathlib import Path

from tools.api.cli import CLI, cli_page
from tools.api.examples import ExampleError, run
from tools.api.face import REPOSITORY, chapters
from tools.api.pages import pages
from tools.api.stub import STUB, stub
from tools.api.tutor import TUTOR, tutor_page

FOLDER = REPOSITORY / "docs" / "api"


def main() -> None:
    """Write what is to be there, remove what is not."""
    try:
        files = pages(chapters(), run)
    except ExampleError as error:
        raise SystemExit(str(error)) from error
    for stale in {*written(FOLDER)} - {*files}:
        (FOLDER / stale).unlink()
    for name, text in files.items():
        file = FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    STUB.write_text(stub(), "utf-8")
    TUTOR.write_text(tutor_page(), "utf-8")
    CLI.write_text(cli_page(), "utf-8")
    print(f"{len(files)} files in {FOLDER.relative_to(REPOSITORY)}")


def written(folder: Path) -> dict[str, str]:
    """The files that are there, by their names as `pages` gives them."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in files}


if __name__ == "__main__":
    main()
