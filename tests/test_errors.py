"""Our errors are caught by programs that catch what 1.0.3, or PyTorch under it, raises."""

import pickle

import pytest
import torch

from d2l import errors
from d2l import torch as d2l


@pytest.mark.parametrize(
    "ours, caught",
    [
        (errors.ShapeError, (ValueError, AssertionError, RuntimeError, IndexError)),
        (errors.ModelError, (ValueError, AssertionError, RuntimeError)),
        (errors.ConfigurationError, (ValueError, AssertionError)),
        (errors.LabelError, (IndexError, RuntimeError, ValueError)),
        (errors.DataError, (OSError, ValueError, IndexError, KeyError)),
        (errors.BatchError, (TypeError, ValueError, AttributeError)),
    ],
)
def test_an_error_is_of_each_class_that_programs_catch(ours, caught):
    for kind in (*caught, errors.D2LError):
        with pytest.raises(kind, match=r"^what was found$"):
            raise ours("what was found")
    assert str(pickle.loads(pickle.dumps(ours("what was found")))) == "what was found"


def test_a_check_that_fails_is_an_assertion_error():
    with pytest.raises(AssertionError, match="expected shape"):
        d2l.check_shape(torch.zeros(2), (3,))
