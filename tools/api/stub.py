"""`d2l/torch.pyi`: the face as editors and type checkers read it.

At run time the face has its modules on demand and says what a missing name could be; types need
every name imported, and as itself, because only that exports it.
"""

import ast

from d2l.base.public_names import MODULES
from tools.api.face import FACE, REPOSITORY, path_of, source_of

STUB = REPOSITORY / path_of(FACE).with_suffix(".pyi")


def stub() -> str:
    """The text of the stub."""
    opening = '"""The face, for editors and type checkers; written by `python -m tools.api`."""'
    exports = [_import(*target.rpartition("."), name) for name, target in MODULES.items()]
    for node in ast.parse(source_of(FACE)).body:
        if isinstance(node, ast.ImportFrom) and node.module != "d2l":
            exports += [
                _exported(node.module or "", alias.name, alias.asname or alias.name)
                for alias in node.names
                if not _is_its_own(node.module or "", alias)
            ]
    return "\n".join([opening, "", *exports, "", "__version__: str", ""])


def _import(package: str, _: str, module: str, name: str) -> str:
    module, _, member = module.partition(":")
    if member:
        return _exported(f"{package}.{module}" if package else module, member, name)
    if package:
        return _exported(package, module, name)
    if module == name:
        return f"import {module} as {name}"
    return f"import {module} as _{name}\n{name} = _{name}"


def _exported(module: str, name: str, as_name: str) -> str:
    """An import counts as public if its two names are the same."""
    if name == as_name:
        return f"from {module} import {name} as {name}"
    return f"from {module} import {name} as _{as_name}\n{as_name} = _{as_name}"


def _is_its_own(module: str, alias: ast.alias) -> bool:
    """Whether the face imports it for itself: what begins with a line is private."""
    return module in ("typing", "d2l.base") or alias.name == "ReplaceableNames"
