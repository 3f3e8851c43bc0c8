"""Run a lesson as a script, then its checks in the same namespace: a program for a child process.

The lesson is the main module, as in a notebook, so that what it defines can be pickled.
"""

import sys

for _path in sys.argv[1:]:
    __file__ = _path
    with open(_path, encoding="utf-8") as _file:
        _code = compile(_file.read(), _path, "exec")
    exec(_code)
