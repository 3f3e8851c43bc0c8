"""The hub: sets by name, the order of places, folders, the offline mode."""

import hashlib
import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest
from loopback import Answer

from d2l import torch as d2l
from d2l.data.hub import candidate_urls
from d2l.errors import DataError


def packed(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, contents in files.items():
            file.writestr(name, contents)
    return buffer.getvalue()


def packed_tar(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, contents in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(contents)
            file.addfile(member, io.BytesIO(contents))
    return buffer.getvalue()


@pytest.fixture
def in_hub(server, tmp_path, monkeypatch):
    """Adds a set to the hub, as readers do; the working folder is beside an empty `../data`."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def add(name, path, body, sha1=None):
        sha1 = sha1 or hashlib.sha1(body).hexdigest()
        monkeypatch.setitem(d2l.DATA_HUB, name, (server.give(path, Answer(body)), sha1))
        return body

    return add


def test_every_set_of_the_hub_has_a_secure_address_and_a_checksum():
    assert len(d2l.DATA_HUB) >= 19
    for name, (address, sha1) in d2l.DATA_HUB.items():
        assert candidate_urls(address, sha1)[0].startswith("https://"), name
        assert re.fullmatch("[0-9a-f]{40}", sha1), name


def test_a_set_that_a_reader_added_is_downloaded_and_unpacked_once(in_hub, server):
    in_hub("mine", "/mine.zip", packed({"mine/a.txt": b"1"}))
    assert d2l.download_extract("mine") == "../data/mine"
    assert Path("../data/mine/a.txt").read_bytes() == b"1"
    before = Path("../data/mine/a.txt").stat().st_mtime_ns
    assert d2l.download_extract("mine") == "../data/mine"
    assert d2l.download_extract("mine", "mine/deep") == "../data/mine/deep"
    assert Path("../data/mine/a.txt").stat().st_mtime_ns == before
    assert len(server.requests) == 1


def test_an_archive_whose_folder_has_another_name_is_found(in_hub):
    in_hub("reviews", "/reviews_v1.tar.gz", packed_tar({"./reviews/a.txt": b"1"}))
    assert d2l.download_extract("reviews") == "../data/reviews"
    assert d2l.download_extract("reviews", "reviews") == "../data/reviews"
    in_hub("named", "/named.tar.gz", packed_tar({"named/a.txt": b"1", "b/c.txt": b"2"}))
    assert d2l.download_extract("named") == "../data/named"
    in_hub("several", "/several.zip", packed({"a/x.txt": b"1", "b/y.txt": b"2"}))
    assert d2l.download_extract("several") == "../data/several"
    Path("../data/here").mkdir()
    in_hub("here", "/here.zip", packed({"other/x.txt": b"1"}))
    assert d2l.download_extract("here") == "../data/here"


def test_a_name_is_downloaded_like_its_address(in_hub, server):
    body = in_hub("words", "/words.txt", b"to be or not to be")
    assert d2l.download("words") == "../data/words.txt"
    assert Path("../data/words.txt").read_bytes() == body
    assert d2l.download(server.url("/words.txt"), "../data") == "../data/words.txt"
    assert len(server.requests) == 1


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(DataError, match=r"unknown data set 'hotdogs': did you mean 'hotdog'"):
        d2l.download("hotdogs")
    with pytest.raises(DataError, match=r"d2l\.DATA_HUB\['x'\] = \(address, sha1\)"):
        d2l.download_extract("x")


def test_a_damaged_file_is_said_and_replaced(in_hub):
    body = in_hub("words", "/words.txt", b"to be or not to be")
    Path("../data").mkdir()
    Path("../data/words.txt").write_bytes(b"to be or")
    with pytest.warns(UserWarning, match="corrupt or a different file: 8 bytes"):
        d2l.download("words")
    assert Path("../data/words.txt").read_bytes() == body


def test_a_damaged_file_that_cannot_be_replaced_stays(in_hub):
    in_hub("words", "/words.txt", b"wrong from the server too", sha1="0" * 40)
    Path("../data").mkdir()
    Path("../data/words.txt").write_bytes(b"to be or")
    expected = pytest.raises(DataError, match=r"corrupt or a different file: 8 bytes[^\0]*mismatch")
    with pytest.warns(UserWarning, match="cannot be used"), expected:
        d2l.download("words")
    assert Path("../data/words.txt").read_bytes() == b"to be or"


def test_the_folder_of_the_environment_stands_for_the_books(in_hub, server, tmp_path, monkeypatch):
    monkeypatch.setenv("D2L_DATA", str(tmp_path / "shared"))
    in_hub("mine", "/mine.zip", packed({"mine/a.txt": b"1"}))
    assert d2l.download_extract("mine") == str(tmp_path / "shared" / "mine")
    assert not Path("../data").exists()
    assert d2l.download("mine", "own") == str(tmp_path / "shared" / "mine.zip")  # found there
    body = in_hub("words", "/words.txt", b"words")
    assert d2l.download("words", "own") == "own/words.txt"  # kept where the caller says
    assert Path("own/words.txt").read_bytes() == body
    assert len(server.requests) == 2


def test_a_shared_folder_that_cannot_be_written_is_read_and_unpacked_elsewhere(
    in_hub, server, tmp_path, monkeypatch
):
    shared = tmp_path / "shared"
    shared.mkdir()
    body = in_hub("mine", "/mine.zip", packed({"mine/a.txt": b"1"}))
    (shared / "mine.zip").write_bytes(body)
    monkeypatch.setenv("D2L_DATA", str(shared))
    monkeypatch.setattr("d2l.data.hub.is_writable", lambda folder: folder != shared)
    assert d2l.download_extract("mine") == "../data/mine"
    assert d2l.download_extract("mine") == "../data/mine"
    assert [path.name for path in shared.iterdir()] == ["mine.zip"]
    assert server.requests == []


def test_offline_nobody_is_asked_and_what_is_here_is_used(in_hub, server, monkeypatch, capsys):
    in_hub("mine", "/mine.zip", packed({"mine/a.txt": b"1"}))
    monkeypatch.setenv("D2L_OFFLINE", "1")
    with pytest.raises(DataError, match="not requested because D2L_OFFLINE is set") as error:
        d2l.download("mine")
    assert "unset D2L_OFFLINE" in str(error.value)
    assert capsys.readouterr().out == ""
    assert not Path("../data").exists()
    assert server.requests == []
    monkeypatch.setenv("D2L_OFFLINE", "0")
    d2l.download("mine")
    monkeypatch.setenv("D2L_OFFLINE", "1")
    assert d2l.download_extract("mine") == "../data/mine"


def test_places_are_asked_in_order_until_one_has_the_file(server, tmp_path, monkeypatch):
    body = b"the right bytes"
    sha1 = hashlib.sha1(body).hexdigest()
    first, third = server.give("/a.bin", Answer(b"wrong")), server.give("/c/a.bin", Answer(body))
    second = server.url("/b/a.bin")
    monkeypatch.setitem(d2l_mirrors(), sha1, (second, third))
    assert Path(d2l.download(first, tmp_path, sha1)).read_bytes() == body
    assert [path for path, _ in server.requests] == ["/a.bin", "/b/a.bin", "/c/a.bin"]
    server.give("/c/a.bin", Answer(b"", 404))
    with pytest.raises(DataError) as error:
        d2l.download(first, tmp_path / "other", sha1)
    for place, words in (
        (first, "checksum mismatch"),
        (second, "status 404"),
        (third, "status 404"),
    ):
        assert f"{place}: {words}" in str(error.value)


def test_https_comes_first_and_http_only_with_a_checksum_or_if_it_was_asked_for():
    bucket = "//d2l-data.s3-accelerate.amazonaws.com/x.zip"
    assert candidate_urls(f"http:{bucket}") == [
        *candidate_urls(f"https:{bucket}"),
        f"http:{bucket}",
    ]
    assert all(place.startswith("https:") for place in candidate_urls(f"https:{bucket}"))
    assert f"http:{bucket}" in candidate_urls(f"https:{bucket}", "0" * 40)
    assert candidate_urls("http://host/x") == ["https://host/x", "http://host/x"]
    assert candidate_urls("http://host:80/x") == ["http://host:80/x"]
    assert candidate_urls("https://host/x", "0" * 40) == ["https://host/x"]


def test_the_mirrors_are_those_of_sets_in_the_hub():
    assert set(d2l_mirrors()) <= {sha1 for _, sha1 in d2l.DATA_HUB.values()}


def d2l_mirrors():
    from d2l.data import hub

    return hub.MIRRORS
