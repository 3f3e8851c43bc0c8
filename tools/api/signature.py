"""Signatures as text: parameters, hints and defaults as they stand in the source."""

import ast

from tools.api.face import Name, define, source_of

WIDTH = 88
AXES = 'Tensor, "'


def signature(name: Name) -> str:
    """How a function or class is called, or the type of a constant."""
    if isinstance(name.node, ast.FunctionDef):
        return _call(name.name, name.node, name.module)
    if isinstance(name.node, ast.ClassDef):
        found = _constructor(name)
        return _call(name.name, found[0], found[1], is_method=True) if found else f"{name.name}()"
    hint = name.node.annotation if isinstance(name.node, ast.AnnAssign) else None
    return f"{name.name}: {_text(name.module, hint)}" if hint else name.name


def short_call(method: ast.FunctionDef, module: str) -> str:
    """A method in a line, with hints where tensors have axes; of a property the name."""
    decorators = [ast.unparse(decorator) for decorator in method.decorator_list]
    if any(decorator.endswith("property") for decorator in decorators):
        return method.name
    hints = [argument.annotation for argument in method.args.args] + [method.returns]
    has_axes = any(AXES in _text(module, hint) for hint in hints)
    parameters = _parameters(method.args, module, has_axes)[int("staticmethod" not in decorators) :]
    answer = f" -> {_text(module, method.returns)}" if has_axes else ""
    return f"{method.name}({', '.join(parameters)}){answer}"


def _constructor(name: Name) -> tuple[ast.FunctionDef, str] | None:
    """The `__init__` of a class or of the nearest of its bases that are ours, and its module."""
    assert isinstance(name.node, ast.ClassDef)
    for node in name.node.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return node, name.module
    for base in name.node.bases:
        origin = define(name.module, base.id) if isinstance(base, ast.Name) else None
        if origin and isinstance(origin.node, ast.ClassDef):
            return _constructor(origin)
    return None


def _call(name: str, function: ast.FunctionDef, module: str, is_method: bool = False) -> str:
    parameters = _parameters(function.args, module)[int(is_method) :]
    answer = "" if is_method else f" -> {_text(module, function.returns)}"
    line = f"{name}({', '.join(parameters)}){answer}"
    if len(line) <= WIDTH:
        return line
    return "\n".join((f"{name}(", *(f"    {parameter}," for parameter in parameters), f"){answer}"))


def _parameters(args: ast.arguments, module: str, with_hints: bool = True) -> list[str]:
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + args.defaults

    def one(arg: ast.arg, default: ast.expr | None, stars: str = "") -> str:
        hint = f": {_text(module, arg.annotation)}" if with_hints and arg.annotation else ""
        equals = " = " if hint else "="
        return stars + arg.arg + hint + (equals + _text(module, default) if default else "")

    found = [one(arg, default) for arg, default in zip(positional, defaults, strict=True)]
    if args.vararg:
        found.append(one(args.vararg, None, "*"))
    elif args.kwonlyargs:
        found.append("*")
    found += [one(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    return found + ([one(args.kwarg, None, "**")] if args.kwarg else [])


def _text(module: str, node: ast.expr | None) -> str:
    segment = ast.get_source_segment(source_of(module), node) if node else None
    return " ".join((segment or "None").split())
