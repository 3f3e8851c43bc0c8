"""docs/api says what the docstrings say, and their examples give what they show."""

import ast
import functools
import itertools
import math
import re

import matplotlib as mpl
import pytest

from d2l import torch as d2l
from d2l.base.public_names import MODULES
from tools.api import examples
from tools.api.__main__ import FOLDER, written
from tools.api.examples import ExampleError
from tools.api.face import Name, chapters
from tools.api.pages import pages
from tools.api.signature import signature
from tools.api.stub import STUB, stub

CHAPTERS = chapters()
NAMES = {name.name: name for chapter in CHAPTERS for name in chapter.names}
DEFINED = {n: name for n, name in NAMES.items() if name.node is not None}
CALLED = {
    n: name for n, name in DEFINED.items() if isinstance(name.node, ast.FunctionDef | ast.ClassDef)
}
NOT_RUN = {
    "downloads a data set": (
        "BananasDataset", "FashionMNIST", "MTFraEng", "SeqDataLoader", "TimeMachine",
        "TokenEmbedding", "VOCSegDataset", "download_all", "download_extract", "get_data_ch11",
        "load_corpus_time_machine", "load_data_bananas", "load_data_fashion_mnist",
        "load_data_imdb", "load_data_nmt", "load_data_ptb", "load_data_snli",
        "load_data_time_machine", "load_data_voc", "load_data_wiki", "read_data_bananas",
        "read_data_nmt", "read_ptb", "read_time_machine", "read_voc_images",
    ),
    "needs gymnasium": ("frozen_lake", "make_env"),
    "trains for minutes": ("hpo_objective_lenet",),
}  # fmt: skip
run = functools.cache(examples.run)


def name_with(docstring):
    """A name whose docstring this is."""
    return Name("f", "d2l.f", ast.parse(f"def f():\n    {docstring!r}").body[0])


@pytest.mark.parametrize("name", CALLED)
def test_the_example_gives_what_its_docstring_shows(name):
    run(NAMES[name])


def test_every_function_and_class_has_an_example_that_runs_or_a_reason_why_not():
    not_run = [name for name in CALLED if run(NAMES[name]).num_lines == 0]
    assert sorted(not_run) == sorted(itertools.chain.from_iterable(NOT_RUN.values()))
    assert [name for name in not_run if ">>> " not in NAMES[name].docstring] == []


def test_everything_that_draws_has_its_picture():
    modules = ("d2l.plot.", "d2l.core.board", "d2l.classic.animator")
    drawing = {n for n, name in CALLED.items() if name.module.startswith(modules)}
    drawing |= {"bbox_to_rect", "show_bboxes"}
    drawing -= {"set_figsize", "use_svg_display"}  # of pictures to come
    assert [name for name in sorted(drawing) if len(run(NAMES[name]).pictures) != 1] == []


@pytest.fixture(scope="module")
def made():
    """The files as they are to be."""
    return pages(CHAPTERS, run)


def test_the_pages_are_up_to_date(made):
    stored = written(FOLDER)
    assert sorted(stored) == sorted(made), "make api"
    stale = [file for file in made if file.endswith(".md") and stored[file] != made[file]]
    assert stale == [], "make api"


def test_the_types_of_the_face_are_up_to_date():
    assert STUB.read_text("utf-8") == stub(), "make api"


def test_the_pictures_are_up_to_date(made):
    stored = {file: text for file, text in written(FOLDER).items() if is_drawn_by_us(text)}
    changed = [file for file in stored if not is_alike(stored[file], made.get(file, ""))]
    assert changed == [], "make api"


def is_drawn_by_us(text):
    """A picture of this matplotlib; other releases draw a little differently."""
    return f"<dc:title>Matplotlib v{mpl.__version__}," in text


def is_alike(svg, other):
    """The same, but for the last digits of numbers, which differ from one processor to the next."""
    texts, numbers = zip(*map(text_and_numbers, (svg, other)), strict=True)
    near = [math.isclose(a, b, abs_tol=0.05) for a, b in zip(*numbers, strict=False)]
    return texts[0] == texts[1] and all(near)


def text_and_numbers(svg):
    svg = re.sub(r"base64,[^\"]*", "", svg)  # pixels, packed by whatever zlib there is
    svg = re.sub(r"\b[a-z][0-9a-f]{10}\b", "id", svg)  # made of the numbers
    number = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
    return number.sub("#", svg), [float(found[0]) for found in number.finditer(svg)]


def test_every_public_name_is_on_a_page_and_says_what_it_is():
    assert sorted(NAMES) == sorted(set(d2l.__all__) - set(MODULES))
    assert [name for name in DEFINED if not DEFINED[name].docstring] == []
    aliases = set(NAMES) - set(DEFINED) - {"float32", "int32", "int64"}
    assert [name for name in aliases if not getattr(d2l, name).__doc__] == []


def test_each_link_leads_to_a_file_and_a_heading(made):
    for page in (file for file in made if file.endswith(".md")):
        for target in re.findall(r"\]\((?!https)([^)#]*)(?:#[^)]*)?\)", made[page]):
            assert target in made or (FOLDER / target).is_file(), (page, target)
    for page, anchor in re.findall(r"\]\(([^)#]+)#([^)]+)\)", made["README.md"]):
        headings = re.findall(r"^## (.+)$", made[page], re.M)
        anchors = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]
        assert anchors.count(anchor) == 1, (page, anchor)


def test_chapters_come_in_the_order_of_the_book():
    numbers = [chapter.number for chapter in CHAPTERS]
    assert numbers == sorted(set(numbers))


def test_an_example_that_gives_something_else_is_an_error():
    assert examples.run(name_with(">>> 1 + 1\n2")).num_lines == 1
    with pytest.raises(ExampleError, match=r"Expected:\s+3\s+Got:\s+2"):
        examples.run(name_with(">>> 1 + 1\n3"))


def test_examples_of_methods_are_run_too():
    body = "class C:\n    'Text.'\n    def f(self):\n        '>>> 1 + 1\\n3'"
    with pytest.raises(ExampleError, match=r"Expected:\s+3\s+Got:\s+2"):
        examples.run(Name("C", "d2l.c", ast.parse(body).body[0]))


def test_a_warning_in_an_example_is_an_error():
    with pytest.raises(ExampleError, match="mind the gap"):
        examples.run(name_with(">>> import warnings\n>>> warnings.warn('mind the gap')"))


def test_two_runs_of_an_example_draw_the_same_bytes():
    drawing = name_with(">>> d2l.plot(torch.rand(9), legend=['a'])")
    first, second = examples.run(drawing), examples.run(drawing)
    assert len(first.pictures) == 1
    assert first == second


def test_signatures_keep_axes_and_defaults():
    assert signature(NAMES["check_shape"]) == "check_shape(a: Tensor, shape: Sequence[int]) -> None"
    assert 'matrices: Shaped[Tensor, "num_rows num_cols queries keys"],' in signature(
        NAMES["show_heatmaps"]
    )
    assert signature(NAMES["SGD"]) == "SGD(params: Iterable[Tensor], lr: float)"
    assert "    *,\n    device: torch.device | str | None = None," in signature(NAMES["Trainer"])
