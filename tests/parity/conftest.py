"""The outcomes of d2l 1.0.3, played once for the session, and the count of names at its end."""

import os
from typing import Any

import pytest
from released import ReleasedMissing, outcomes_of_released

COMPARED: dict[str, set[str]] = {}  # every name compared in this session → the cases that did


@pytest.fixture(scope="session")
def released(tmp_path_factory) -> dict[str, Any]:
    """What every case gave with 1.0.3, and the names that it has."""
    try:
        return outcomes_of_released(tmp_path_factory.mktemp("parity"))
    except ReleasedMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def compared() -> dict[str, set[str]]:
    return COMPARED


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith("D2L_")]:
        monkeypatch.delenv(name)


def pytest_terminal_summary(terminalreporter):
    if COMPARED:
        cases = len(set().union(*COMPARED.values()))
        terminalreporter.write_line(
            f"parity with d2l 1.0.3: {len(COMPARED)} names compared in {cases} cases"
        )
