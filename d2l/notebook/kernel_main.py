"""The program of a kernel's process: no file in the notebook's folder can keep it from starting.

The kernel, and the hooks that a caller wants in it, are loaded before that folder is on the path.
From then on the folder comes before any installed package, as in Jupyter: a reader's own `d2l.py`
or `d2l/` is what `import d2l` gives to the cells.
"""

import importlib
import sys

HOOKS = "_d2l_kernel_hooks"  # the name under which the kernel has the hooks; no file has it


def main(import_root: str | None, hooks: str | None) -> None:
    """Load the module `hooks` and run a kernel until it is ended, with the options in `sys.argv`.

    `import_root` is the folder of a checkout that holds d2l/; None where d2l is installed.
    """
    import ipykernel_launcher
    from ipykernel.kernelapp import IPKernelApp

    sys.argv[0] = ipykernel_launcher.__file__  # by which programs recognise a notebook
    if hooks is not None:
        sys.modules[HOOKS] = importlib.import_module(hooks)
    # The cells import d2l themselves, and may mean a module of their own.
    for name in [name for name in sys.modules if name.partition(".")[0] == "d2l"]:
        del sys.modules[name]
    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])  # here the notebook's folder comes onto the path
    if import_root is not None:
        _put_behind_folder(import_root)
    app.start()


def _put_behind_folder(import_root: str) -> None:
    """A checkout's place is that of an installed package: behind the folder, before the others."""
    sys.path[:] = [path for path in sys.path if path != import_root]
    place = sys.path.index("") + 1 if "" in sys.path else 0
    sys.path.insert(place, import_root)
