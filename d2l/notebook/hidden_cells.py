"""Fold code cells with the tag "hide-cell", such as the solutions in a lesson.

The tag is Jupyter Book's; JupyterLab folds cells by two fields of their metadata.
"""

from nbformat import NotebookNode

HIDE_TAG = "hide-cell"


def is_hidden_cell(cell: NotebookNode) -> bool:
    """Whether `cell` is a code cell with the tag."""
    tags = cell.metadata.get("tags")
    return cell.cell_type == "code" and isinstance(tags, list) and HIDE_TAG in tags


def fold_hidden_cells(notebook: NotebookNode) -> None:
    """Set the metadata with which JupyterLab folds source and outputs of tagged code cells."""
    for cell in notebook.cells:
        if is_hidden_cell(cell):
            cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
