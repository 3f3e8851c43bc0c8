"""Code cells tagged "hide-cell", such as the solutions in a lesson: shown folded.

The tag is Jupyter Book's; JupyterLab folds by two fields of the metadata.
"""

from nbformat import NotebookNode

HIDE_TAG = "hide-cell"


def is_hidden_cell(cell: NotebookNode) -> bool:
    """Return whether `cell` is a code cell with the tag."""
    tags = cell.metadata.get("tags")
    return cell.cell_type == "code" and isinstance(tags, list) and HIDE_TAG in tags


def fold_hidden_cells(notebook: NotebookNode) -> None:
    """Have JupyterLab fold the source and the outputs of each tagged code cell of `notebook`."""
    for cell in notebook.cells:
        if is_hidden_cell(cell):
            cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
