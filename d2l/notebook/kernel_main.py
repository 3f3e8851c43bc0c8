"""The main program of a kernel process, which files in the notebook's folder cannot break.

The kernel and the caller's hooks are imported before that folder is on the path. Afterwards the
folder precedes all installed packages, as in Jupyter: `import d2l` in a cell imports the user's own
`d2l.py` or `d2l/` if there is one.
"""

import importlib
import sys

HOOKS = "_d2l_kernel_hooks"  # the module name of the hooks in the kernel; no file has this name


def main(import_root: str | None, hooks: str | None) -> None:
    """Import the module `hooks` and run a kernel until it is shut down, with `sys.argv`'s options.

    `import_root` is the folder of a checkout that contains d2l/, None if d2l is installed.
    """
    import ipykernel_launcher
    from ipykernel.kernelapp import IPKernelApp

    sys.argv[0] = ipykernel_launcher.__file__  # programs detect a notebook by this name
    if hooks is not None:
        sys.modules[HOOKS] = importlib.import_module(hooks)
    # The cells import d2l again, which may be a module of the notebook.
    for name in [name for name in sys.modules if name.partition(".")[0] == "d2l"]:
        del sys.modules[name]
    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])  # adds the notebook's folder to the path
    if import_root is not None:
        _put_behind_folder(import_root)
    app.start()


def _put_behind_folder(import_root: str) -> None:
    """Insert a checkout after the notebook's folder and before the other entries of the path."""
    sys.path[:] = [path for path in sys.path if path != import_root]
    place = sys.path.index("") + 1 if "" in sys.path else 0
    sys.path.insert(place, import_root)
