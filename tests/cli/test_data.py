"""`d2l data` from the outside: what it prints, what it leaves, how it ends."""

import hashlib
import http.server
import sys
import threading
import zipfile
from functools import partial

import pytest

from d2l.cli.main import main
from d2l.data.hub import DATA_HUB


@pytest.fixture
def d2l_command(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["d2l", "data", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return call


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The hub has two sets, served on loopback, and nothing else; an empty folder for them."""
    monkeypatch.delenv("D2L_DATA", raising=False)
    monkeypatch.delenv("D2L_OFFLINE", raising=False)
    served = tmp_path / "served"
    served.mkdir()
    (served / "words.txt").write_text("to be or not to be")
    with zipfile.ZipFile(served / "pets.zip", "w") as file:
        file.writestr("pets/cat.txt", "miaow")
    handler = partial(Quiet, directory=served)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    for name in list(DATA_HUB):
        monkeypatch.delitem(DATA_HUB, name)
    for name, file in (("words", "words.txt"), ("pets", "pets.zip")):
        sha1 = hashlib.sha1((served / file).read_bytes()).hexdigest()
        address = f"http://127.0.0.1:{server.server_port}/{file}"
        monkeypatch.setitem(DATA_HUB, name, (address, sha1))
    yield tmp_path / "data"
    server.shutdown()
    thread.join()
    server.server_close()


def test_list_shows_what_is_here_and_what_is_not(d2l_command, root):
    root.mkdir()
    (root / "words.txt").write_text("x" * 30_000)
    status, out, _ = d2l_command("list", "--root", root)
    assert status == 0
    assert [line.split() for line in out.splitlines()] == [
        ["pets", "-", "not", "on", "this", "machine"],
        ["words", "0.03", "MB", str(root / "words.txt")],
    ]


def test_fetch_downloads_and_unpacks_and_verify_finds_it_right(d2l_command, root):
    status, out, _ = d2l_command("fetch", "pets", "words", "--root", root)
    assert (status, out.splitlines()[-1]) == (0, f"words: {root / 'words.txt'}")
    assert (root / "pets" / "cat.txt").read_text() == "miaow"
    status, out, _ = d2l_command("verify", "--root", root)
    assert status == 0
    assert out == (
        f"pets: checksum OK, {root / 'pets.zip'}\nwords: checksum OK, {root / 'words.txt'}\n"
    )


def test_verify_fails_for_a_damaged_set_and_for_a_named_one_that_is_missing(d2l_command, root):
    root.mkdir()
    assert d2l_command("verify", "--root", root) == (0, "", "")
    assert d2l_command("verify", "pets", "--root", root)[:2] == (1, "pets: not on this machine\n")
    (root / "words.txt").write_text("to be")
    status, out, _ = d2l_command("verify", "--root", root)
    assert status == 1
    assert out.startswith(f"words: {root / 'words.txt'}: corrupt or a different file: 5 bytes")


def test_a_misspelt_name_ends_before_anything_is_downloaded(d2l_command, root):
    status, _, err = d2l_command("fetch", "words", "pet", "--root", root)
    assert status == 1
    assert "unknown data set 'pet': did you mean 'pets'?" in err
    assert not root.exists()


def test_the_folder_of_the_environment_is_shown(d2l_command, root, monkeypatch):
    monkeypatch.setenv("D2L_DATA", str(root))
    d2l_command("fetch", "words")
    assert str(root / "words.txt") in d2l_command("list")[1]
