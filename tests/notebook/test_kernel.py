"""A kernel starts in any folder, and the modules in it are the cells' own, as in Jupyter."""

import asyncio

import pytest

from d2l.notebook.execute import CellRunner
from d2l.notebook.kernel import fresh_kernel, hook_call

HOOKS = "d2l.grader.sandbox.guest.answers"
BROKEN = "raise SystemExit('a file of the reader was loaded')"
CELLS = [
    "from d2l import softmax_stable\nprint(softmax_stable)",
    "import random, tempfile, launcher\nprint(0 <= random.random() < 1, launcher.name)",
    "import sys\nprint('ipykernel_launcher' in sys.argv[0])",
    "!python -c 'import d2l; print(d2l.softmax_stable)'",
]


def outputs_in(folder, call):
    async def run():
        async with fresh_kernel(folder, hooks=HOOKS) as kernel:
            runner = CellRunner(kernel)
            runs = [await runner.run(index, source, 60) for index, source in enumerate(CELLS)]
            return [*runs, await runner.run(len(CELLS), call, 60)]

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return [
            "".join(output.get("text", output.get("evalue", "")) for output in cell.outputs)
            or cell.outputs[0]["data"]["text/plain"]
            for cell in runner.run(run())
        ]


@pytest.mark.parametrize("own", ["d2l.py", "d2l/__init__.py"])
def test_a_readers_own_d2l_is_what_the_cells_import_and_the_hooks_stay_ours(tmp_path, own):
    (tmp_path / own).parent.mkdir(exist_ok=True)
    (tmp_path / own).write_text("softmax_stable = 'my own'")
    (tmp_path / "launcher.py").write_text("name = 'mine'")
    for name in ("random", "ipykernel_launcher", "ipykernel", "IPython", "asyncio", "tempfile"):
        (tmp_path / f"{name}.py").write_text(BROKEN)
    call = hook_call("first_assignments", ["x"], [(7, "x = 1")])
    from_d2l, from_others, is_notebook, in_a_program, of_hooks = outputs_in(tmp_path, call)
    assert is_notebook == "True\n"
    assert from_d2l == "my own\n"
    assert from_others == "True mine\n"
    assert in_a_program.strip() == "my own"
    assert of_hooks == "{'x': 7}"
