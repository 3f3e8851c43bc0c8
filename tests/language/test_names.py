"""Every name that code uses is defined, in functions that no test may ever call too.

ruff's F821 is off, as it takes the axes in type hints for names; these are left out here.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def spans_of_strings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def test_no_name_is_undefined():
    command = [sys.executable, "-m", "ruff", "check", "--select", "F821", "--output-format", "json"]
    done = subprocess.run(
        [*command, "d2l", "bench", "tools"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = []
    for finding in json.loads(done.stdout):
        file, place = Path(finding["filename"]), finding["location"]
        at = place["row"], place["column"] - 1
        strings = list(spans_of_strings(ast.parse(file.read_text("utf-8"))))
        if not any(start <= at <= stop for start, stop in strings):
            found.append((file.name, place["row"], finding["message"]))
    assert found == []
