"""Archives, honest ones and ones that try to leave their folder; made here, byte by byte."""

import io
import os
import shutil
import tarfile
import zipfile

import pytest

from d2l import torch as d2l
from d2l.data import unpack as archive_module
from d2l.errors import DataError

FILES = {"set/a.txt": b"one", "set/deep/b.txt": b"two" * 1000, "top.txt": b""}


def zipped(path, files, mode=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in files.items():
            member = zipfile.ZipInfo(name)
            if mode:
                member.external_attr = mode << 16
            file.writestr(member, contents, zipfile.ZIP_DEFLATED)
    return path


def tarred(path, files=(), links=(), kind=tarfile.SYMTYPE, mode="w"):
    with tarfile.open(path, mode) as file:
        for name, contents in dict(files).items():
            member = tarfile.TarInfo(name)
            member.size = len(contents)
            file.addfile(member, io.BytesIO(contents))
        for name, target in dict(links).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            file.addfile(member)
    return path


def everything_in(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: contents for name, contents in found.items() if not name.endswith(".unpacked")}


@pytest.fixture
def place(tmp_path):
    """A folder to unpack into, with a folder around it that has to stay as it is."""
    folder = tmp_path / "around" / "data"
    folder.mkdir(parents=True)
    return folder


MAKERS = {
    "zip": lambda path, files: zipped(path, files),
    "tar": lambda path, files: tarred(path, files),
    "tar.gz": lambda path, files: tarred(path, files, mode="w:gz"),
    "tar.xz": lambda path, files: tarred(path, files, mode="w:xz"),
}


@pytest.mark.parametrize("suffix", MAKERS)
def test_an_archive_is_unpacked_beside_itself_or_into_a_folder(place, suffix):
    made = MAKERS[suffix](place / f"set.{suffix}", FILES)
    d2l.extract(made)
    assert everything_in(place) == {**FILES, made.name: made.read_bytes()}
    d2l.extract(str(made), str(place / "new" / "folder"))
    assert everything_in(place / "new" / "folder") == FILES


@pytest.mark.parametrize("suffix", MAKERS)
def test_what_is_unpacked_is_not_unpacked_again_unless_something_is_missing(place, suffix):
    made = MAKERS[suffix](place / f"set.{suffix}", FILES)
    d2l.extract(made)
    (place / "set" / "a.txt").write_bytes(b"mine")
    d2l.extract(made)
    assert (place / "set" / "a.txt").read_bytes() == b"mine"
    (place / "set" / "deep" / "b.txt").unlink()
    d2l.extract(made)
    assert (place / "set" / "deep" / "b.txt").read_bytes() == FILES["set/deep/b.txt"]


def test_an_archive_of_the_same_name_with_other_contents_is_unpacked(place):
    d2l.extract(zipped(place / "set.zip", {"a.txt": b"old"}))
    d2l.extract(zipped(place / "set.zip", {"a.txt": b"new"}))
    assert (place / "a.txt").read_bytes() == b"new"


BAD_NAMES = [
    "../evil.txt",
    "set/../../evil.txt",
    "/evil.txt",
    "\\evil.txt",
    "..\\evil.txt",
    "C:\\evil.txt",
    "C:evil.txt",
    "..",
]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("suffix", MAKERS)
def test_a_name_that_leads_out_is_refused_and_nothing_is_written(place, suffix, name):
    made = MAKERS[suffix](place / f"set.{suffix}", {"good.txt": b"1", name: b"2"})
    with pytest.raises(DataError, match="leads out of its folder"):
        d2l.extract(made)
    assert everything_in(place.parent) == {f"data/{made.name}": made.read_bytes()}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE], ids=["symbolic", "hard"])
@pytest.mark.parametrize("target", ["../secret.txt", "/etc/hosts", "set/../../secret.txt", ".."])
def test_a_link_that_leads_out_is_refused_and_nothing_is_written(place, kind, target):
    (place.parent / "secret.txt").write_bytes(b"secret")
    made = tarred(place / "set.tar", {"good.txt": b"1"}, {"link": target}, kind)
    with pytest.raises(DataError, match="a link out of the folder"):
        d2l.extract(made)
    assert set(everything_in(place.parent)) == {"data/set.tar", "secret.txt"}


def test_writing_through_a_link_from_the_same_archive_is_refused(place):
    made = tarred(place / "set.tar", links={"way": "../.."})
    with tarfile.open(made, "a") as file:
        file.addfile(tarfile.TarInfo("way/evil.txt"))
    with pytest.raises(DataError, match="a link out of the folder"):
        d2l.extract(made)
    assert not (place.parent.parent / "evil.txt").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE], ids=["symbolic", "hard"])
def test_a_link_to_a_file_in_the_archive_becomes_a_copy(place, kind):
    target = "a.txt" if kind == tarfile.SYMTYPE else "set/a.txt"
    made = tarred(place / "set.tar.gz", FILES, {"set/link": target}, kind, "w:gz")
    d2l.extract(made, place / "out")
    assert everything_in(place / "out") == {**FILES, "set/link": b"one"}
    assert not (place / "out" / "set" / "link").is_symlink()
    assert (place / "out" / "set" / "link").stat().st_nlink == 1


@pytest.mark.parametrize(
    "links", [{"a": "b", "b": "a"}, {"a": "a"}, {"a": "missing"}], ids=["two", "one", "missing"]
)
def test_links_that_lead_nowhere_are_an_error(place, links):
    with pytest.raises(DataError, match="cannot be unpacked"):
        d2l.extract(tarred(place / "set.tar", links=links))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_refused(place, kind):
    with pytest.raises(DataError, match="neither file nor folder"):
        d2l.extract(tarred(place / "set.tar", FILES, {"device": ""}, kind))
    assert set(everything_in(place)) == {"set.tar"}


def test_a_link_in_a_zip_file_is_refused(place):
    made = zipped(place / "set.zip", {"link": b"/etc/hosts"}, mode=0o120777)
    with pytest.raises(DataError, match="a link or a device"):
        d2l.extract(made)


@pytest.mark.skipif(os.name != "posix", reason="symbolic links as POSIX has them")
def test_a_link_in_the_folder_that_leads_out_is_not_written_through(place, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (place / "set").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"is a link to .*elsewhere"):
        d2l.extract(zipped(place / "set.zip", FILES))
    assert os.listdir(tmp_path / "elsewhere") == []
    (place / "top.txt").symlink_to(tmp_path / "elsewhere" / "top.txt")
    d2l.extract(zipped(place / "other.zip", {"top.txt": b"new"}))
    assert not (place / "top.txt").is_symlink()
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("suffix", MAKERS)
def test_a_bomb_is_refused_before_anything_is_written(place, monkeypatch, suffix):
    monkeypatch.setattr(archive_module, "MAX_BYTES_ALWAYS", 50_000)
    monkeypatch.setattr(archive_module, "MAX_RATIO", 1)
    made = MAKERS[suffix](place / f"set.{suffix}", {"a": b"0" * 30_000, "b": b"0" * 30_000})
    if suffix == "tar":  # which is as large as what it holds
        d2l.extract(made)
        return
    with pytest.raises(DataError, match="more than 50,000 bytes or 1,000,000 files"):
        d2l.extract(made)
    assert set(everything_in(place)) == {made.name}


def test_copies_of_links_count_too(place, monkeypatch):
    monkeypatch.setattr(archive_module, "MAX_BYTES_ALWAYS", 100_000)
    links = {f"link{i}": "a" for i in range(50)}
    made = tarred(place / "set.tar.gz", {"a": b"0" * 30_000}, links, mode="w:gz")
    with pytest.raises(DataError, match="the archive expands to more than its declared size"):
        d2l.extract(made)
    assert sum(map(len, everything_in(place).values())) < 200_000


def test_too_many_files_are_refused(place, monkeypatch):
    monkeypatch.setattr(archive_module, "MAX_ENTRIES", 10)
    with pytest.raises(DataError, match="10 files"):
        d2l.extract(zipped(place / "set.zip", {str(i): b"" for i in range(11)}))


def test_more_than_the_disk_has_room_for_is_refused(place, monkeypatch):
    free = type("usage", (), {"free": 100})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: free)
    with pytest.raises(DataError, match=r"it expands to 3,003 bytes, but .* has 100 bytes"):
        d2l.extract(zipped(place / "set.zip", FILES))


@pytest.mark.parametrize("suffix", MAKERS)
def test_a_damaged_archive_is_an_error_and_can_be_mended(place, suffix):
    noise = os.urandom(40_000)
    made = MAKERS[suffix](place / f"set.{suffix}", {"a.bin": noise, "b.bin": noise})
    whole = made.read_bytes()
    made.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot be unpacked|or truncated"):
        d2l.extract(made)
    made.write_bytes(whole)
    d2l.extract(made)
    assert (place / "b.bin").read_bytes() == noise


def test_what_is_no_archive_or_not_there_is_an_error(place):
    (place / "a.zip").write_text("<html>not found</html>")
    with pytest.raises(DataError, match="not a zip or tar file"):
        d2l.extract(place / "a.zip")
    with pytest.raises(DataError, match="does not exist"):
        d2l.extract(place / "b.zip")


def test_a_tar_file_that_ends_in_a_zip_file_is_a_tar_file(place):
    inner = zipped(place / "inner.zip", {"a.txt": b"inside"}).read_bytes()
    d2l.extract(tarred(place / "outer.tar", {"x/inner.zip": inner}), place / "out")
    assert everything_in(place / "out") == {"x/inner.zip": inner}
