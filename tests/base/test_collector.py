"""Python's collector of cycles, paused and put back."""

import gc

import pytest

from d2l.base.context_managers import collector_paused


def fail():
    raise ValueError("inside" if not gc.isenabled() else "not paused")


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_off_inside_and_afterwards_as_it_was_even_after_an_error(was_on):
    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(ValueError, match="inside"), collector_paused():
            fail()
        assert gc.isenabled() == was_on
    finally:
        gc.enable()
