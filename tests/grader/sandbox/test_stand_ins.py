"""Notebooks made for Colab, for a screen or for a keyboard run where there is none of them."""

import asyncio
import json

import pytest

from d2l.notebook.execute import CellRunner
from d2l.notebook.kernel import fresh_kernel, hook_call
from d2l.notebook.kernel_main import HOOKS

STAND_INS = "d2l.grader.sandbox.guest.stand_ins"
CELLS = {
    "cat": "!cat; echo after",
    "python": "!python3",
    "terminal": "!cat /dev/tty; echo after",
    "exit code": "!exit 3\nprint(_exit_code)",
    "expanded": "def say(word):\n    !echo {word}\nsay('own')",
    "left running": "!(sleep 300 &) ; echo started",
    "subprocess": "import subprocess\nprint(subprocess.run(['cat'], timeout=20).returncode)",
    "stdin": "import sys\nprint(repr(sys.stdin.read()))",
    "input": "name = input('your name? ')",
    "getpass": "import getpass\ngetpass.getpass()",
    "is it Colab": (
        "try:\n    import google.colab\n    IN_COLAB = True\n"
        "except ImportError:\n    IN_COLAB = False\nprint(IN_COLAB)"
    ),
    "is there a spec": (
        "from importlib.util import find_spec\ntry:\n    print(find_spec('google.colab') is None)\n"
        "except ModuleNotFoundError:  # there is no other google.… either\n    print(True)"
    ),
    "drive": "from google.colab import drive\ndrive.mount('/content/drive')\nprint('mounted')",
    "drive again": "drive.mount('/content/drive', force_remount=True)\ndrive.flush_and_unmount()",
    "files of the drive": (
        f"import sys, pathlib\nsys.modules[{HOOKS!r}]._CONTENT = pathlib.Path('.')\n"
        "drive.mount('drive')\n%cd drive/MyDrive\nprint(open('data.csv').read())"
    ),
    "upload": (
        "from google.colab import files\nuploaded = files.upload()\n"
        "print(list(uploaded), uploaded['data.csv'])"
    ),
    "download": "files.download('data.csv')",
    "secret": "from google.colab import userdata\nuserdata.get('TOKEN')",
    "others": (
        "import google.colab\ngoogle.colab.output.clear()\n"
        "from google.colab.output import eval_js\neval_js('1')\n"
        "with google.colab.output.use_tags('a'):\n    print('within')"
    ),
    "cv2_imshow": (
        "import numpy as np\nfrom google.colab.patches import cv2_imshow\n"
        "cv2_imshow(np.zeros((2, 3, 3), np.uint8))"
    ),
    "too slow": "!echo $$ > program; sleep 600",
    "after too slow": (
        "import os, pathlib\ntry:\n    os.kill(int(pathlib.Path('program').read_text()), 0)\n"
        "except ProcessLookupError:\n    print('ended')"
    ),
    "not loaded": "import sys\nprint('matplotlib.pyplot' in sys.modules)",
    "environment": (
        "import os\nos.environ['MPLBACKEND'] = 'GTK4Agg'\nimport matplotlib.pyplot as plt\n"
        "plt.plot([1, 2]);"
    ),
    "TkAgg": "import matplotlib\nmatplotlib.use('TkAgg')\nplt.plot([1, 2])\nplt.show()",
    "widget": "%matplotlib widget\nplt.plot([1, 2]);",
    "qt": "%matplotlib qt\nplt.plot([1, 2]);",
    "notebook": "%matplotlib notebook\nplt.plot([1, 2]);",
    "ipympl": "%matplotlib ipympl\nplt.plot([1, 2]);",
    "alone": "%matplotlib\nplt.plot([1, 2]);",
    "QtAgg": "plt.switch_backend('QtAgg')\nplt.plot([1, 2]);",
    "rcParams": "plt.rcParams['backend'] = 'GTK3Agg'\nplt.plot([1, 2]);",
    "gui": "%gui tk\nprint('no loop')",
    "inline": "%matplotlib inline\nplt.plot([1, 2]);",
    "agg": "matplotlib.use('agg')\nprint(matplotlib.get_backend())",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What became of each cell, all run in one kernel, by their names."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "data.csv").write_text("a,b")

    async def run():
        async with fresh_kernel(folder, hooks=STAND_INS) as kernel:
            reply = await kernel.execute(hook_call("install"), silent=True)
            assert reply["status"] == "ok", reply
            runner = CellRunner(kernel)
            return {
                name: await runner.run(index, source, 1 if name == "too slow" else 30)
                for index, (name, source) in enumerate(CELLS.items())
            }

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(run())


def written(cell, stream="stdout"):
    outputs = (output for output in cell.outputs if output.get("name") == stream)
    return "".join(output["text"] for output in outputs).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cat", "after\n"),
        ("python", ""),
        ("left running", "started\n"),
        ("exit code", "3\n"),
        ("expanded", "own\n"),
        ("subprocess", "0\n"),
        ("stdin", "''\n"),
    ],
)
def test_a_program_that_reads_the_keyboard_finds_it_at_its_end(ran, name, text):
    assert (ran[name].status, written(ran[name])) == ("ok", text)


def test_a_program_that_opens_the_terminal_finds_none(ran):
    assert ran["terminal"].status == "ok"
    assert written(ran["terminal"]).endswith("after\n")
    assert "/dev/tty" in written(ran["terminal"])


def test_a_program_that_takes_too_long_ends_with_its_cell_and_the_next_cell_runs(ran):
    assert ran["too slow"].status == "timeout"
    assert written(ran["after too slow"]) == "ended\n"


@pytest.mark.parametrize("name", ["input", "getpass"])
def test_a_question_to_the_reader_is_an_error_that_says_so(ran, name):
    assert ran[name].status == "error"
    assert ran[name].message.startswith("EOFError: input() is not available in this run")


def test_a_notebook_that_asks_whether_it_is_on_colab_is_told_no(ran):
    assert written(ran["is it Colab"]) == "False\n"
    assert written(ran["is there a spec"]) == "True\n"


def test_colab_mounts_and_uploads_nothing_says_so_once_and_the_notebook_goes_on(ran):
    assert written(ran["drive"]) == "mounted\n"
    assert "Google Drive is not available" in written(ran["drive"], "stderr")
    assert "Google Drive is not available" not in written(ran["drive again"], "stderr")
    assert written(ran["upload"]) == "[] b'a,b'\n"
    assert "uploads are not available" in written(ran["upload"], "stderr")
    assert "google.colab.files.download does nothing" in written(ran["download"], "stderr")
    assert written(ran["others"]) == "within\n"
    assert all(ran[name].status == "ok" for name in ("drive", "drive again", "upload", "others"))


def test_where_the_sandbox_has_colabs_folder_the_drive_is_the_folder_of_the_notebook(ran):
    assert written(ran["files of the drive"]).endswith("a,b\n")


def test_a_secret_of_colab_is_an_error_that_names_it(ran):
    assert ran["secret"].status == "error"
    assert "SecretNotFoundError" in ran["secret"].message
    assert "TOKEN" in ran["secret"].message


def test_colabs_own_way_to_show_a_picture_shows_it(ran):
    assert "image/png" in ran["cv2_imshow"].outputs[0]["data"]


def test_nothing_heavy_is_loaded_before_the_notebook_asks_for_it(ran):
    assert written(ran["not loaded"]) == "False\n"


@pytest.mark.parametrize(
    "name",
    ["environment", "TkAgg", "widget", "qt", "notebook", "ipympl", "alone", "QtAgg", "rcParams",
     "inline"],
)  # fmt: skip
def test_every_backend_that_opens_windows_shows_its_pictures_in_the_notebook(ran, name):
    assert ran[name].status == "ok", ran[name].message
    pictures = [output for output in ran[name].outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 1
    notes = json.dumps(ran[name].outputs).count("no screen is available")
    assert notes == (name not in ("alone", "inline", "rcParams"))  # which asks for no other


def test_a_loop_for_windows_is_not_started(ran):
    assert (ran["gui"].status, written(ran["gui"])) == ("ok", "no loop\n")


def test_a_backend_that_writes_files_stays_as_it_was_chosen(ran):
    assert written(ran["agg"]) == "agg\n"
