"""Let a function, or a constructor, take calls of further shapes, which are registered elsewhere.

`functools.singledispatch` chooses by the type of the first argument; here the number and the names
of all arguments decide, and where these leave it open, a condition on their values.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

Native = TypeVar("Native", bound=Callable[..., Any])
Other = TypeVar("Other", bound=Callable[..., Any])
Arguments = Mapping[str, Any]  # of a call, by the names of the parameters, with their defaults
Condition = Callable[[Arguments], bool]
SHAPES = "_call_shapes"  # the attribute of a function that lists its further shapes


class CallShape(NamedTuple):
    """A further shape: what answers its calls, and when a call is one."""

    function: Callable[..., Any]
    signature: inspect.Signature
    native: inspect.Signature
    when: Condition | None

    def fits(self, args: tuple[Any, ...], kwargs: Arguments) -> bool:
        """Whether a call is of this shape; its arguments may fit the native one as well."""
        bound = _bound(self.signature, args, kwargs)
        if bound is None:
            return False
        own_names = self.signature.parameters.keys() - self.native.parameters.keys()
        if _bound(self.native, args, kwargs) is None or own_names & kwargs.keys():
            return True
        bound.apply_defaults()
        return self.when is not None and self.when(bound.arguments)


def has_call_shapes(native: Native) -> Native:
    """Make a function to which `call_shape_of` can add; itself it does not know what is added.

    A call that fits none of the further shapes is the function's own, and so are its errors.
    """
    shapes: list[CallShape] = []

    @functools.wraps(native)
    def call(*args: Any, **kwargs: Any) -> Any:
        for shape in shapes:
            if shape.fits(args, kwargs):
                return shape.function(native, *args, **kwargs)
        return native(*args, **kwargs)

    setattr(call, SHAPES, shapes)
    return cast(Native, call)


def call_shape_of(
    function: Callable[..., Any], when: Condition | None = None
) -> Callable[[Other], Other]:
    """Register what answers the calls of another shape of a `has_call_shapes` function.

    It is called with the function's native form, and then with the arguments of the call. (If it
    calls `save_hyperparameters`, which keeps no name that begins with an underscore, its first
    parameter is to be `_native`.) A call is its own if the arguments fit its parameters, and
    moreover do not fit the native ones, or name a parameter that only it has, or are such that
    `when(arguments)` says so.
    """

    def register(other: Other) -> Other:
        signature, native = inspect.signature(other), inspect.signature(function)
        first, *parameters = signature.parameters.values()
        if first.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            raise TypeError(f"{other.__name__} must take the native function first")
        signature = signature.replace(parameters=parameters)
        getattr(function, SHAPES).append(CallShape(other, signature, native, when))
        return other

    return register


def _bound(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: Arguments
) -> inspect.BoundArguments | None:
    try:
        return signature.bind(*args, **kwargs)
    except TypeError:
        return None
