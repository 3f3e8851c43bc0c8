"""One request: which failures a retry may resolve."""

import pytest
from loopback import Answer

from d2l.data import http
from d2l.errors import DataError


@pytest.mark.parametrize(
    ("status", "is_transient"),
    [(status, True) for status in (408, 416, 425, 429, 500, 502, 503, 504)]
    + [(status, False) for status in (400, 401, 403, 404, 409, 410, 417, 426, 430, 451, 501, 505)],
)
def test_a_status_is_retried_only_if_it_may_pass(server, status, is_transient):
    url = server.give("/a.bin", Answer(b"", status))
    with pytest.raises(DataError, match=f"status {status}") as caught:
        http.connect(url)
    assert isinstance(caught.value, http.InterruptedDownloadError) == is_transient
