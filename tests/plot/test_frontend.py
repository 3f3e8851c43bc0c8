"""Which front ends are known to replace an output, told by what they send and set."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from d2l.plot.frontend import can_update_outputs

MARKS = ("JPY_SESSION_NAME", "VSCODE_PID")


def shell(metadata=None, username="me", allow_stdin=True):
    """A kernel's shell while it answers a request like this."""
    parent = {
        "header": {"msg_id": "1", "username": username},
        "metadata": metadata or {},
        "content": {"code": "", "allow_stdin": allow_stdin},
    }
    return SimpleNamespace(parent_header=parent)


@pytest.fixture(autouse=True)
def _no_marks(monkeypatch):
    for name in MARKS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USER", "me")


@pytest.mark.parametrize(
    "request_",
    [
        {"metadata": {"cellId": "a1", "deletedCells": [], "recordTiming": False}},  # JupyterLab
        {"username": "username"},  # Notebook up to 6
        {"allow_stdin": False},  # nbclient, papermill
    ],
)
def test_a_front_end_is_known_by_its_requests(request_):
    assert can_update_outputs(shell(**request_))


@pytest.mark.parametrize("name", MARKS)
def test_a_front_end_is_known_by_what_it_sets(monkeypatch, name):
    assert not can_update_outputs(shell())
    monkeypatch.setenv(name, "1")
    assert can_update_outputs(shell())


def test_a_python_client_without_a_user_is_not_taken_for_a_browser(monkeypatch):
    monkeypatch.delenv("USER")
    assert not can_update_outputs(shell(username="username"))


def test_colab_is_known_and_spyder_is_known_not_to(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert can_update_outputs(shell())
    monkeypatch.setitem(sys.modules, "spyder_kernels", ModuleType("spyder_kernels"))
    assert not can_update_outputs(shell(allow_stdin=False))


@pytest.mark.parametrize("parent", [None, {}])
def test_a_kernel_that_answers_nobody_is_unknown(parent):
    assert not can_update_outputs(SimpleNamespace(parent_header=parent))
