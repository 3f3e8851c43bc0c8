"""The outcomes of d2l 1.0.3, played once for the session."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from cases_clothes import CLOTHES
from released import ReleasedMissingError, outcomes_of_released

from d2l.data import fashion_files


@pytest.fixture(scope="session")
def clothes(tmp_path_factory) -> str:
    """The folder in which both libraries look for Fashion-MNIST."""
    return _lay_out_clothes(tmp_path_factory.mktemp("clothes"))


@pytest.fixture(scope="session")
def released(tmp_path_factory, clothes) -> Iterator[dict[str, Any]]:
    """What every case gave with 1.0.3, and the names that it has."""
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv(CLOTHES, clothes)
        try:
            yield outcomes_of_released(tmp_path_factory.mktemp("parity"))
        except ReleasedMissingError as error:
            pytest.skip(str(error))


def _lay_out_clothes(folder):
    """Fashion-MNIST where both libraries look for it."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in fashion_files.SHA256:
        (raw / name).write_bytes(fashion_files.find(name, folder))
    return str(folder)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith("D2L_")]:
        monkeypatch.delenv(name)
