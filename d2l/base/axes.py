"""Tensor types annotated with their axes: `Float[Tensor, "batch num_outputs"]`.

They are jaxtyping's if jaxtyping was imported before (as in the tests) and `Tensor` otherwise, so
that the checks cost users nothing. Type checkers see an annotated `Tensor`.
"""

import sys
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from typing import Annotated as Float
    from typing import Annotated as Int
    from typing import Annotated as Shaped
    from typing import Annotated as UInt8
elif "jaxtyping" in sys.modules:
    from jaxtyping import Float, Int, Shaped, UInt8
else:

    class _Unchecked:
        def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
            return item[0]

    Float = Int = Shaped = UInt8 = _Unchecked

__all__ = ["Float", "Int", "Shaped", "Tensor", "UInt8"]
