"""The pages in docs/api, made from the face and its docstrings: `python -m tools.api`."""
