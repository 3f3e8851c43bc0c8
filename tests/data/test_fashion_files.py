"""Files that are missing, damaged, or come from a bad mirror: real files, a real server."""

import gzip
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from d2l import torch as d2l
from d2l.data import fashion_files
from d2l.errors import DataError

LABELS = "t10k-labels-idx1-ubyte"


@pytest.fixture(scope="module")
def all_files():
    """The real contents of the four files."""
    return {name: fashion_files.find(name, "../data") for name in fashion_files.SHA256}


@pytest.fixture
def labels(all_files):
    """The real contents of the smallest one."""
    return all_files[LABELS]


@pytest.fixture
def alone(monkeypatch):
    """A machine without the Debian package and without mirrors."""
    monkeypatch.setattr(fashion_files, "DEBIAN_FOLDER", Path("/no/such/folder"))
    monkeypatch.setattr(fashion_files, "MIRRORS", ())
    monkeypatch.delenv("D2L_DATA", raising=False)
    return monkeypatch


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves `answers[path]`: a status, the announced length, and the bytes that really come."""

    answers: dict = {}

    def do_GET(self):
        status, announced, body = self.answers.get(self.path, (404, 9, b"not here\n"))
        self.send_response(status)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def mirror(alone):
    """A server on loopback that is the only mirror; returns the dict of its answers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    alone.setattr(fashion_files, "MIRRORS", (f"{base}/first/", f"{base}/second/"))
    Mirror.answers = {}
    yield Mirror.answers
    server.shutdown()
    thread.join()
    server.server_close()


def whole(body):
    return (200, len(body), body)


def put(root, contents, suffix=""):
    path = root / "FashionMNIST" / "raw" / f"{LABELS}{suffix}"
    path.parent.mkdir(parents=True)
    path.write_bytes(contents)
    return path


def test_data_missing_everywhere_name_each_place_and_what_helps(alone, tmp_path):
    alone.setattr(fashion_files, "MIRRORS", ("http://127.0.0.1:9/",))  # nobody listens there
    with pytest.raises(DataError) as error:
        d2l.FashionMNIST(root=str(tmp_path / "data"))
    text = str(error.value)
    assert str(tmp_path / "data" / "FashionMNIST" / "raw" / "train-images-idx3-ubyte") in text
    assert "/no/such/folder/train-images-idx3-ubyte.gz: does not exist" in text
    assert "http://127.0.0.1:9/train-images-idx3-ubyte.gz: " in text
    assert "apt install dataset-fashion-mnist" in text


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_files_in_root_are_read_compressed_or_not(alone, tmp_path, labels, suffix):
    put(tmp_path, gzip.compress(labels) if suffix else labels, suffix)
    assert fashion_files.find(LABELS, tmp_path) == labels


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: good[: len(good) // 2],
        lambda good: good[:100] + bytes([good[100] ^ 1]) + good[101:],
        lambda good: b"",
        lambda good: b"<html>404</html>",
    ],
    ids=["truncated", "one bit", "empty", "a page"],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_damaged_file_is_said_and_the_data_come_from_elsewhere(
    mirror, tmp_path, labels, damage, suffix
):
    good = gzip.compress(labels) if suffix else labels
    path = put(tmp_path, damage(good), suffix)
    mirror[f"/second/{LABELS}.gz"] = whole(gzip.compress(labels))
    with pytest.warns(UserWarning, match=f"{path.name} cannot be used"):
        assert fashion_files.find(LABELS, tmp_path) == labels
    kept = tmp_path / "FashionMNIST" / "raw" / LABELS
    assert kept.read_bytes() == labels  # mended, for the next time


def test_a_damaged_file_that_cannot_be_replaced_is_an_error(alone, tmp_path, labels):
    path = put(tmp_path, labels[:5000])
    expected = pytest.raises(DataError, match="corrupt: 5000 bytes")
    with pytest.warns(UserWarning, match="trying other locations"), expected:
        fashion_files.find(LABELS, tmp_path)
    assert path.read_bytes() == labels[:5000]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, 3, b"no\n"), "404"),
        ((500, 3, b"no\n"), "500"),
        ((200, 9999, b"short"), "cut off after|IncompleteRead"),
        (whole(b"<html>hello</html>"), "gzip"),
        (whole(gzip.compress(b"other data")), "corrupt"),
        (whole(gzip.compress(b"x" * 9000)[:-6]), "end-of-stream|ended before"),
    ],
    ids=["404", "500", "cut off", "a page", "wrong data", "truncated gzip"],
)
def test_a_mirror_that_serves_anything_else_is_passed_over(mirror, tmp_path, labels, answer, words):
    mirror[f"/first/{LABELS}.gz"] = answer
    with pytest.raises(DataError, match=words):
        fashion_files.find(LABELS, tmp_path)
    assert list(tmp_path.rglob(f"*{LABELS}*")) == []
    mirror[f"/second/{LABELS}.gz"] = whole(gzip.compress(labels))
    assert fashion_files.find(LABELS, tmp_path) == labels


def test_what_was_downloaded_is_found_by_torchvision_and_by_the_next_run(
    all_files, mirror, tmp_path
):
    for name in fashion_files.SHA256:
        mirror[f"/first/{name}.gz"] = whole(gzip.compress(all_files[name], compresslevel=1))
    d2l.FashionMNIST(root=str(tmp_path))
    mirror.clear()
    assert len(d2l.FashionMNIST(root=str(tmp_path)).val) == 10_000
    assert len(d2l.torchvision.datasets.FashionMNIST(tmp_path, train=True)) == 60_000


def test_a_root_that_cannot_be_written_is_an_error_before_anything_is_downloaded(mirror, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="not writable, so nothing was downloaded"):
        fashion_files.find(LABELS, tmp_path / "file")


def test_files_are_also_looked_for_in_the_folder_of_the_environment(alone, tmp_path, labels):
    put(tmp_path, labels)
    alone.setenv("D2L_DATA", str(tmp_path))
    assert fashion_files.find(LABELS, "no/such/root") == labels


@pytest.mark.skipif(os.name != "posix", reason="file permissions of POSIX")
def test_a_folder_without_write_permission_is_an_error(alone, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    drop = "import os; os.setuid(65534)" if os.getuid() == 0 else "pass"  # root may write anywhere
    code = (
        "import sys; from d2l.data import fashion_files as f; from pathlib import Path\n"
        f"{drop}\n"
        "f.DEBIAN_FOLDER = Path('/no/such/folder')\n"
        "try: f.find(sys.argv[1], sys.argv[2])\n"
        "except f.DataError as error: print(error)\n"
    )
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)
    command = [sys.executable, "-c", code, LABELS, str(locked)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    assert "not writable" in done.stdout
    assert "Permission denied" in done.stdout


def test_data_are_read_where_root_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert len(fashion_files.find(LABELS, tmp_path / "file")) == 10_008


def test_a_file_is_kept_in_a_folder_that_is_made_for_it_and_nothing_else_is(alone, tmp_path):
    path = fashion_files.keep("a", b"contents", tmp_path / "deep" / "er")
    assert path == tmp_path / "deep" / "er" / "FashionMNIST" / "raw" / "a"
    assert path.read_bytes() == b"contents"
    assert fashion_files.keep("a", b"again", tmp_path / "deep" / "er").read_bytes() == b"again"
    assert list(path.parent.iterdir()) == [path]
