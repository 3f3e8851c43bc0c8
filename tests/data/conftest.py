"""A server of one's own, and no other place that data could come from."""

import pytest
from loopback import Loopback

from d2l.data import download


@pytest.fixture
def server(monkeypatch):
    """A server on loopback, asked without pauses; nothing of the machine's own settings."""
    for name in ("D2L_DATA", "D2L_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0)
    loopback = Loopback()
    yield loopback
    loopback.close()
