"""One file from a server that breaks off, lies, serves something else: whole and right, or not."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from loopback import Answer

from d2l import torch as d2l
from d2l.data import download as download_module
from d2l.data import http
from d2l.data.download import ResumableFile
from d2l.errors import DataError

BODY = bytes(range(256)) * 800  # 204,800 bytes
SHA1 = hashlib.sha1(BODY).hexdigest()
PAGE = b"<!DOCTYPE html>\n<html><body>Sign in to go on</body></html>"


def downloaded(url, folder, sha1=None):
    return Path(d2l.download(url, folder, sha1)).read_bytes()


def left_in(folder):
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_a_file_is_downloaded_whole_and_the_next_call_asks_nobody(server, tmp_path):
    url = server.give("/a.bin", Answer(BODY))
    path = d2l.download(url, tmp_path, SHA1)
    assert path == str(tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert d2l.download(url, str(tmp_path), SHA1) == path
    assert len(server.requests) == 1
    assert left_in(tmp_path) == [".a.bin.origin", "a.bin"]


@pytest.mark.parametrize("sha1", [None, SHA1, SHA1.upper()])
def test_what_breaks_off_is_resumed_in_the_same_call(server, tmp_path, sha1):
    cut = Answer(BODY, sent=BODY[:70_000], announced=len(BODY))
    url = server.give("/a.bin", cut, Answer(BODY, takes_ranges=True))
    assert downloaded(url, tmp_path, sha1) == BODY
    assert server.requests == [("/a.bin", None), ("/a.bin", "bytes=70000-")]


def test_what_broke_off_for_good_is_resumed_by_the_next_call(server, tmp_path):
    cut = Answer(BODY, sent=BODY[:70_000], announced=len(BODY))
    url = server.give("/a.bin", cut, Answer(b"", 404))
    with pytest.raises(DataError, match="status 404"):
        d2l.download(url, tmp_path, SHA1)
    assert not (tmp_path / "a.bin").exists()
    server.give("/a.bin", Answer(BODY, takes_ranges=True))
    assert downloaded(url, tmp_path, SHA1) == BODY
    assert server.requests[-1] == ("/a.bin", "bytes=70000-")
    assert left_in(tmp_path) == [".a.bin.origin", "a.bin"]


def test_without_a_checksum_nothing_is_left_to_be_resumed_by_another_call(server, tmp_path):
    url = server.give("/a.bin", Answer(BODY, sent=BODY[:70_000], announced=len(BODY)))
    with pytest.raises(DataError, match="cut off after 70000 of 204800 bytes"):
        d2l.download(url, tmp_path)
    assert left_in(tmp_path) == []


def test_a_file_that_changed_on_the_server_is_begun_anew(server, tmp_path):
    new = BODY[::-1]
    cut = Answer(BODY, sent=BODY[:70_000], announced=len(BODY), etag='"old"')
    url = server.give("/a.bin", cut, Answer(new, etag='"new"', takes_ranges=True))
    assert downloaded(url, tmp_path) == new


@pytest.mark.parametrize(
    "content_range", ["bytes 5-204799/204800", "bytes 70000-99/300000", "nonsense", ""]
)
def test_a_piece_from_another_place_is_never_put_together(server, tmp_path, content_range):
    cut = Answer(BODY, sent=BODY[:70_000], announced=len(BODY))
    lie = Answer(BODY[70_000:], 206, headers={"Content-Range": content_range})
    url = server.give("/a.bin", cut, lie, Answer(BODY))
    assert downloaded(url, tmp_path) == BODY
    assert [asked for _, asked in server.requests] == [None, "bytes=70000-", None]


def test_pieces_that_do_not_belong_together_are_seen_by_the_checksum_and_begun_anew(
    server, tmp_path
):
    cut = Answer(BODY, sent=b"x" * 70_000, announced=len(BODY))
    url = server.give("/a.bin", cut, Answer(BODY, takes_ranges=True), Answer(BODY))
    assert downloaded(url, tmp_path, SHA1) == BODY
    assert [asked for _, asked in server.requests] == [None, "bytes=70000-", None]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (Answer(BODY, announced=len(BODY) + 9), "cut off after 204800 of 204809 bytes"),
        (Answer(BODY, announced=len(BODY) - 9), "checksum mismatch: .* 204791 bytes with"),
        (Answer(BODY[:-1] + b"x"), "checksum mismatch: .* 204800 bytes with"),
        (Answer(b""), "received an empty file"),
        (Answer(BODY, 404), "status 404"),
        (Answer(BODY, 403), "status 403"),
        (Answer(BODY, 204), "status 204|received an empty file"),
        (Answer(PAGE), r"an HTML page"),
        (Answer(BODY[:90], has_length=False), "checksum mismatch: .* 90 bytes"),
    ],
    ids=["longer", "shorter", "wrong", "empty", "404", "403", "204", "page", "no length"],
)
def test_what_is_not_the_file_never_gets_its_name(server, tmp_path, answer, found):
    url = server.give("/a.bin", answer)
    with pytest.raises(DataError, match=found) as error:
        d2l.download(url, tmp_path, SHA1)
    assert url in str(error.value)
    assert str(tmp_path / "a.bin: does not exist") in str(error.value)
    assert SHA1 in str(error.value)
    assert "a.bin" not in left_in(tmp_path)
    assert len(server.requests) <= 8


@pytest.mark.parametrize(
    "answer",
    [Answer(PAGE), Answer(b"<head>hello", headers={"Content-Type": "text/html; charset=utf-8"})],
)
def test_a_page_is_not_data_even_where_no_checksum_is_known(server, tmp_path, answer):
    with pytest.raises(DataError, match="an HTML page"):
        d2l.download(server.give("/a.csv", answer), tmp_path)
    assert left_in(tmp_path) == []
    assert d2l.download(server.give("/a.html", answer), tmp_path) == str(tmp_path / "a.html")


def test_a_server_that_fails_twice_is_asked_a_third_time(server, tmp_path):
    url = server.give("/a.bin", Answer(b"", 500), Answer(b"", 503), Answer(BODY))
    assert downloaded(url, tmp_path, SHA1) == BODY


def test_a_server_that_goes_on_failing_is_left_alone(server, tmp_path):
    url = server.give("/a.bin", Answer(b"", 500))
    with pytest.raises(DataError, match=r"status 500 .*\(after 3 requests\)"):
        d2l.download(url, tmp_path, SHA1)
    assert len(server.requests) == 3


def test_requests_are_bounded_even_if_each_brings_a_little(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "MAX_REQUESTS", 5)
    pieces = [Answer(BODY, sent=BODY[:9], announced=len(BODY))]
    url = server.give("/a.bin", *pieces)
    original = server.next_answer

    def piece_by_piece(path):
        start = 9 * len(server.requests) - 9
        answer = original(path)
        answer.takes_ranges, answer.sent = True, BODY[start : start + 9]
        return answer

    server.next_answer = piece_by_piece
    with pytest.raises(DataError, match=r"cut off after 45 of 204800 bytes \(after 5 requests\)"):
        d2l.download(url, tmp_path, SHA1)


def test_redirects_are_followed_but_not_for_ever(server, tmp_path):
    url = server.give("/old", Answer(b"", 302, headers={"Location": "/a.bin"}))
    server.give("/a.bin", Answer(BODY))
    assert downloaded(url, tmp_path, SHA1) == BODY
    url = server.give("/round", Answer(b"", 302, headers={"Location": "/round"}))
    with pytest.raises(DataError, match="infinite loop"):
        d2l.download(url, tmp_path, SHA1)
    assert len(server.requests) <= 2 + 12


def test_a_redirect_from_https_to_http_needs_a_checksum(server, secure_server, tmp_path):
    server.give("/a.bin", Answer(BODY))
    secure_server.give("/kept.bin", Answer(BODY))
    to_https = Answer(b"", 302, headers={"Location": secure_server.url("/kept.bin")})
    assert downloaded(secure_server.give("/moved.bin", to_https), tmp_path) == BODY
    to_http = Answer(b"", 302, headers={"Location": server.url("/a.bin")})
    url = secure_server.give("/old.bin", to_http)
    with pytest.raises(DataError, match=r"redirected to http://127.*, which is not https"):
        d2l.download(url, tmp_path)
    assert downloaded(url, tmp_path, SHA1) == BODY


@pytest.mark.parametrize("place", ["ftp://127.0.0.1/a", "file:///etc/hosts"])
def test_a_redirect_out_of_the_web_is_not_followed(server, tmp_path, place):
    url = server.give("/a", Answer(b"", 302, headers={"Location": place}))
    with pytest.raises(DataError, match=r"status 302|refused"):
        d2l.download(url, tmp_path)
    assert left_in(tmp_path) == []


def test_a_server_that_stalls_is_given_up_and_what_came_is_kept(server, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT_SECONDS", 1)
    stalled = Answer(BODY, sent=BODY[:70_000], announced=len(BODY), stalls=True)
    silent = Answer(BODY, sent=b"", announced=len(BODY), stalls=True, takes_ranges=True)
    url = server.give("/a.bin", stalled, silent)
    with pytest.raises(DataError, match="timed out after 1 s without data"):
        d2l.download(url, tmp_path, SHA1)
    assert server.num_stalled == len(server.requests)  # none of them hung up
    server.give("/a.bin", Answer(BODY, takes_ranges=True))
    assert downloaded(url, tmp_path, SHA1) == BODY
    assert server.requests[-1] == ("/a.bin", "bytes=70000-")


def test_a_server_that_does_not_hang_up_after_the_last_byte_is_not_waited_for(server, tmp_path):
    url = server.give("/a.bin", Answer(BODY, stalls=True))
    assert downloaded(url, tmp_path, SHA1) == BODY
    assert server.num_stalled == 1


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX has it")
def test_killed_in_the_middle_leaves_nothing_under_the_name_and_the_next_call_resumes(
    server, tmp_path
):
    url = server.give("/a.bin", Answer(BODY, sent=BODY[:120_000], announced=len(BODY), stalls=True))
    code = "import sys; from d2l.data.hub import download; download(*sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", code, url, str(tmp_path), SHA1])
    try:
        wait_for(lambda: any(f.stat().st_size > 100_000 for f in tmp_path.glob(".*.part")))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(300)
    assert not (tmp_path / "a.bin").exists()
    server.give("/a.bin", Answer(BODY, takes_ranges=True))
    assert downloaded(url, tmp_path, SHA1) == BODY
    asked = int(server.requests[-1][1].removeprefix("bytes=").removesuffix("-"))
    assert 100_000 < asked <= 120_000
    assert left_in(tmp_path) == [".a.bin.origin", "a.bin"]


def test_two_at_work_on_one_file_do_not_write_into_each_other(tmp_path):
    target = tmp_path / "a.bin"
    with ResumableFile(target, keep=True) as first, ResumableFile(target, keep=True) as second:
        first.restart('"1"', 6)
        second.restart('"1"', 6)
        first.write(b"first!")
        second.write(b"second")
        second.finish()
        assert target.read_bytes() == b"second"
        first.finish()
    assert target.read_bytes() == b"first!"
    assert left_in(tmp_path) == ["a.bin"]


def test_a_file_finished_by_another_process_before_it_is_locked_is_not_written_to(
    tmp_path, monkeypatch
):
    target = tmp_path / "a.bin"
    part = tmp_path / ".a.bin.part"
    part.write_bytes(b"first!")
    lock = download_module._lock

    def lock_after_the_other_finished(file):
        os.replace(part, target)
        monkeypatch.setattr(download_module, "_lock", lock)
        return lock(file)

    monkeypatch.setattr(download_module, "_lock", lock_after_the_other_finished)
    with ResumableFile(target, keep=True) as second:
        second.write(b"second")
        assert target.read_bytes() == b"first!"
        second.finish()
    assert target.read_bytes() == b"second"


def test_a_restarted_file_has_nothing_of_a_longer_one(tmp_path):
    target = tmp_path / "a.bin"
    with ResumableFile(target, keep=True) as interrupted:
        interrupted.restart('"1"', 100)
        interrupted.write(b"x" * 50)
    with ResumableFile(target, keep=True) as resumed:
        assert (resumed.version, resumed.total, resumed.num_bytes) == ('"1"', 100, 50)
        resumed.restart('"2"', 3)
        resumed.write(b"new")
        resumed.finish()
    assert target.read_bytes() == b"new"


def test_a_folder_that_cannot_be_is_an_error_that_names_it(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="file: not writable"):
        d2l.download(server.give("/a.bin", Answer(BODY)), tmp_path / "file", SHA1)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.bin", "http://127.0.0.1:0/ a b"])
def test_an_address_where_nobody_listens_is_an_error_that_names_it(tmp_path, url):
    with pytest.raises(DataError) as error:
        d2l.download(url, tmp_path)
    assert url in str(error.value)


@pytest.mark.parametrize("url", ["http://example.org/", "https://example.org", "http://a/.."])
def test_an_address_without_a_file_name_is_an_error(tmp_path, url):
    with pytest.raises(DataError, match="has no file name"):
        d2l.download(url, tmp_path)


def test_files_of_one_name_from_two_addresses_are_not_taken_for_each_other(server, tmp_path):
    first = server.give("/x/train.csv", Answer(b"a,b\n"))
    second = server.give("/y/train.csv", Answer(b"c,d\n"))
    for url, expected in ((first, b"a,b\n"), (second, b"c,d\n"), (second, b"c,d\n")):
        assert downloaded(url, tmp_path) == expected
    assert [urlsplit(path).path for path, _ in server.requests] == ["/x/train.csv", "/y/train.csv"]
    queried = server.give("/x/train.csv?part=2", Answer(b"e,f\n"))
    assert d2l.download(queried, tmp_path).endswith("part=2")


def wait_for(condition, seconds=900):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
