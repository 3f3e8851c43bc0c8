"""A server of one's own, and no other place that data could come from."""

import shutil
import subprocess

import pytest
from loopback import Loopback

from d2l.data import download, http


@pytest.fixture
def server(monkeypatch):
    """A server on loopback, asked without pauses; nothing of the machine's own settings."""
    for name in ("D2L_DATA", "D2L_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0)
    loopback = Loopback()
    yield loopback
    loopback.close()


@pytest.fixture
def secure_server(server, tmp_path_factory, monkeypatch):
    """A second server, by https, whose certificate this process trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes a certificate, is not installed")
    certificate = tmp_path_factory.mktemp("certificate") / "with_key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", certificate, "-out", certificate],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http._certificates.cache_clear()
    loopback = Loopback(certificate)
    yield loopback
    loopback.close()
    http._certificates.cache_clear()
