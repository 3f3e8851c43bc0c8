"""What the tests of vision share."""

import jaxtyping
import pytest


@pytest.fixture
def as_users_have_it(monkeypatch):
    """Without the contracts of shapes, which would speak before our own errors do."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
