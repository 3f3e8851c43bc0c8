"""The architecture page names files that exist, and each journey has at most eight steps."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
JOURNEYS = re.findall(r"^## Journey \d: (.*?)\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
NAMED = re.findall(r"`((?:[a-z_]+/)+[a-z_]*)`", PAGE)


def test_the_five_journeys_are_lists_of_at_most_eight_files():
    assert len(JOURNEYS) == 5
    for title, text in JOURNEYS:
        steps = re.findall(r"^(\d)\. `", text, re.MULTILINE)
        assert 4 <= len(steps) <= 8, title


def test_every_file_and_folder_that_is_named_exists():
    def exists(name):
        roots = (ROOT, ROOT / "d2l", ROOT / "d2l" / "grader")
        return any((root / name).is_dir() or (root / f"{name}.py").is_file() for root in roots)

    assert len(NAMED) > 60
    assert [name for name in NAMED if not exists(name)] == []


def test_every_package_is_on_the_map():
    packages = {path.parent.name for path in (ROOT / "d2l").glob("*/__init__.py")}
    assert {name for name in packages if f"{name}/" not in PAGE} == set()
