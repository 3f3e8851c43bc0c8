"""Tensor types that carry their axes: `Float[Tensor, "batch num_outputs"]`.

They are jaxtyping's where jaxtyping is loaded already (type checkers, our tests) and plain `Tensor`
elsewhere, so that users neither install nor pay for the checks.
"""

import sys
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Float, Int, Shaped, UInt8
else:

    class _Unchecked:
        def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
            return item[0]

    Float = Int = Shaped = UInt8 = _Unchecked

__all__ = ["Float", "Int", "Shaped", "Tensor", "UInt8"]
