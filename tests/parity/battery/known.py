"""Calls that give something else here on purpose, each a row in docs/reference/differences.

`KNOWN` maps titles of calls, `*` standing for anything, to the first cell of the row that says why.
`open_differences.txt` lists, one title a line, the calls that should give what 1.0.3 gives and do
not yet; `python record.py open` writes it anew.
"""

import re
from pathlib import Path

OPEN = Path(__file__).with_name("open_differences.txt")
KNOWN = {
    "build_array_nmt/num_steps=0": "`num_steps` of 0 or less",
    "build_array_nmt/num_steps=negative": "`num_steps` of 0 or less",
    "load_data_nmt/num_steps=0": "`num_steps` of 0 or less",
    "load_data_nmt/num_steps=negative": "`num_steps` of 0 or less",
    "load_data_nmt/num_examples=1": "`MTFraEng`, `tokenize_nmt(text, n)`",
    "load_data_nmt/num_examples=bool": "`MTFraEng`, `tokenize_nmt(text, n)`",
    "Vocab.__getitem__:number/tokens=0-d": "`vocab[tensor]`",
    "Vocab.to_tokens:*=one number": "`Vocab.to_tokens([1])`",
    "Vocab.to_tokens:*=batch of 1": "`Vocab.to_tokens([1])`",
    "get_negatives/all_contexts=nested": "`get_negatives` of contexts that hold lists",
    "batchify/data=*": "`batchify` of an iterator",
    "get_tokens_and_segments*/tokens_*": "`get_tokens_and_segments` of arrays",
    "predict_snli/*=None": "`predict_snli` of None",
    "read_imdb/base": "`read_imdb`",
    "TokenEmbedding.__getitem__/tokens=one string": '`TokenEmbedding["word"]`',
    "try_all_gpus/*": "`try_all_gpus()` without a GPU",
    "gpu/i=string": '`gpu("1")`',
    "corr2d/*": "`corr2d` of float64 tensors",
    "split_batch/all=numpy": "`split_batch` of arrays",
    "get_dataloader_workers/base": "`get_dataloader_workers()`",
    "HPOTuner.bookkeeping/error=None": "`HPOTuner`",
    "box_iou/*=nan": "boxes with a side that is negative or nan",
    "assign_anchor_to_bbox/*=nan": "boxes with a side that is negative or nan",
    "multibox_target/anchors=nan": "boxes with a side that is negative or nan",
    "multibox_detection/anchors=nan": "boxes with a side that is negative or nan",
    "nms/boxes=nan": "boxes with a side that is negative or nan",
    "multibox_target/labels=nan": "`multibox_target` with a fractional class",
    "multibox_target/anchors=float64": "`multibox_target` of float64",
    "multibox_target/anchors=int64": "`box_iou` of two boxes without area",
    "multibox_detection/anchors=int64": "`box_iou` of two boxes without area",
    "nms/boxes=int64": "`box_iou` of two boxes without area",
    "nms/*=empty batch": "`nms` of no boxes",
    "*/*_threshold=nan": "`nms` with a threshold of nan",
    "nms/iou_threshold=nan": "`nms` with a threshold of nan",
    "show_bboxes/labels=*": "labels of `show_bboxes`",
    "show_heatmaps/*": "`show_heatmaps`",
    "show_list_len_pair_hist/legend=*": "legends that are iterators",
    "plot*/X=leading axis": "`plot` of an `X` of one row",
    "plot:values/X=*": "`plot` of one series that is not a list",
    "show_trace_2d/results=nested": "`show_trace_2d` of nested results",
    "BananasDataset.*/attributes": "`BananasDataset.features`",
    "sequence_mask*/*": "`masked_softmax`, `sequence_mask`",
    "masked_softmax*/*": "`masked_softmax`, `sequence_mask`",
    "*/valid_len*=nan": "lengths that are nan",
    "Accumulator.add*/first 1 only": "`Accumulator.add`",
    "*/replaced names": "names replaced on the face",
    "BERT*/tokens=*": "`BERTEncoder`, `BERTModel` of tokens without a batch",
    "*/pred_positions=leading axis": "`MaskLM` of positions with another axis",
    "EncoderDecoder.predict_step/batch=*": "`predict_step` of an iterator",
    "*/batch_size=None": "`batch_size=None`",
    "LinearRegressionScratch.*/double": "`model.double()` of unregistered tensors",
    "PositionalEncoding.__call__/double": "`PositionalEncoding.P`",
    "ProgressBoard.draw/attributes": "`ProgressBoard.hparams`",
    "ProgressBoard.draw/rebuilt": "`ProgressBoard.hparams`",
    "ProgressBoard.draw/every_n=None": "`ProgressBoard.draw(..., every_n=0)`",
    "Animator.add/attributes": "`Animator.fig`",
    "Animator.add/x=string": "`Animator.add` of text or nested values",
    "Animator.add/y=nested": "`Animator.add` of text or nested values",
}


def reason(title: str) -> str | None:
    """The row of the documented differences that covers a call, if there is one."""
    found = [row for pattern, row in KNOWN.items() if matches(pattern, title)]
    return found[0] if found else None


def matches(pattern: str, title: str) -> bool:
    """Whether a title is one of a pattern's; `*` stands for anything."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), title) is not None


def open_titles() -> set[str]:
    """The calls that do not yet give what 1.0.3 gives."""
    return set(OPEN.read_text("utf-8").splitlines()) if OPEN.exists() else set()
