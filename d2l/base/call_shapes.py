"""Overload a function or a constructor with further signatures, registered in other modules.

`functools.singledispatch` selects by the type of the first argument; here the number and the names
of all arguments decide, and if these are ambiguous, a condition on their values.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

Native = TypeVar("Native", bound=Callable[..., Any])
Other = TypeVar("Other", bound=Callable[..., Any])
Arguments = Mapping[str, Any]  # of a call, by parameter name, including defaults
Condition = Callable[[Arguments], bool]
SHAPES = "_call_shapes"  # the attribute of a function that lists its overloads


class CallShape(NamedTuple):
    """An overload: its function, and the condition under which a call is dispatched to it."""

    function: Callable[..., Any]
    signature: inspect.Signature
    native: inspect.Signature
    when: Condition | None

    def fits(self, args: tuple[Any, ...], kwargs: Arguments) -> bool:
        """Whether a call is dispatched to this overload, whether or not it fits the native one."""
        bound = _bound(self.signature, args, kwargs)
        if bound is None:
            return False
        own_names = self.signature.parameters.keys() - self.native.parameters.keys()
        if _bound(self.native, args, kwargs) is None or own_names & kwargs.keys():
            return True
        bound.apply_defaults()
        return self.when is not None and self.when(bound.arguments)


def has_call_shapes(native: Native) -> Native:
    """Decorate a function so that `call_shape_of` can add overloads to it.

    A call that fits none of the overloads is passed to the function itself, which raises its own
    errors.
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
    """Register an overload of a function that is decorated by `has_call_shapes`.

    It is called with the native function, and then with the arguments of the call. (If it calls
    `save_hyperparameters`, which ignores names that begin with an underscore, its first parameter
    must be `_native`.) A call is dispatched to it if the arguments fit its parameters and either
    do not fit the native ones, name a parameter that only it has, or make `when(arguments)` true.
    """

    def register(other: Other) -> Other:
        signature, native = inspect.signature(other), inspect.signature(function)
        first, *parameters = signature.parameters.values()
        if first.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            raise TypeError(
                f"the first parameter of {other.__name__} must be positional: the native function"
            )
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
