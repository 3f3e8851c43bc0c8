"""Small sets in the layout of the real ones, in archives where the hub looks for them."""

import hashlib
import io
import tarfile
import zipfile

import pytest

from d2l import torch as d2l


@pytest.fixture
def offer(tmp_path, monkeypatch):
    """`offer(name, file, {path: text})` puts an archive of these files into "../data"."""
    (tmp_path / "run").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    monkeypatch.delenv("D2L_DATA", raising=False)

    def put(name, file_name, content):
        file = tmp_path / "data" / file_name
        file.write_bytes(packed(file_name, content))
        sha1 = hashlib.sha1(file.read_bytes()).hexdigest()
        monkeypatch.setitem(d2l.DATA_HUB, name, (f"http://localhost:9/{file_name}", sha1))

    return put


def packed(file_name, content):
    if isinstance(content, str):
        return content.encode()
    buffer = io.BytesIO()
    if file_name.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, text in content.items():
                archive.writestr(path, text)
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for path, text in content.items():
                member = tarfile.TarInfo(path)
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
