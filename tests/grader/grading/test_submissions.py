"""Collecting a class and opening what was handed in: everybody is graded or refused by name."""

import os
import zipfile

import nbformat
import pytest

from d2l.grader.grading import submissions
from d2l.grader.grading.grades_table import collect
from d2l.grader.grading.submissions import (
    Submission,
    SubmissionError,
    content_hash,
    load_submission,
)
from d2l.notebook import source

CODE = "# %%\nprint(1)\n"


def opened_name(path, reference="hw1.py"):
    with load_submission(Submission("a", "a", path), path.parent / reference) as found:
        return found.name


def refusal(path, reference="hw1.py"):
    with pytest.raises(SubmissionError) as raised:
        opened_name(path, reference)
    return str(raised.value)


def hash_of(path):
    return content_hash(Submission("a", "a", path))


def zip_of(path, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_each_file_and_folder_is_a_students_under_a_safe_name_of_its_own(tmp_path):
    names = ['O\'Brien "Pat".ipynb', "김 민수.py", "a.py", "A.md", "b_assignsubmission_file_"]
    for name in [*names, ".hidden.py", "README.md"]:
        (tmp_path / name).mkdir() if name.endswith("_") else (tmp_path / name).write_text(CODE)
    found = {one.student: one.key for one in collect(tmp_path)}
    assert found == {
        "A": "A",
        'O\'Brien "Pat"': "O'Brien _Pat_",
        "a (2)": "a (2)",
        "b": "b",
        "김 민수": "김 민수",
    }


def test_keys_are_names_that_every_system_takes(tmp_path):
    for name in ["con.py", "x" * 200 + ".py", "..py", "a\nb.py", "-rf", "%2e%2e.py", "a#b?.py"]:
        (tmp_path / name).write_text(CODE)
    keys = [one.key for one in collect(tmp_path)]
    assert len(set(keys)) == len(keys)
    assert "_con" in keys
    assert "a_b" in keys
    assert all(len(key) <= 130 and not set(key) & set("/\\\n%#?") for key in keys)


def test_decomposed_korean_names_are_read_as_written(tmp_path):
    (tmp_path / "김.py").write_text(CODE)
    assert collect(tmp_path)[0].student == "김"


def test_a_name_that_is_no_utf_8_can_still_be_written_down(tmp_path):
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.py"), "w") as file:
        file.write(CODE)
    (submission,) = collect(tmp_path)
    assert submission.student.encode()
    assert opened_name(submission.path)


def test_an_empty_folder_is_an_error_that_says_what_to_put_there(tmp_path):
    with pytest.raises(SubmissionError, match=r"contains no submissions\. Expected notebooks"):
        collect(tmp_path)


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["whatever (1).ipynb"], "whatever (1).ipynb"),
        (["hw1.ipynb", "notes.ipynb"], "hw1.ipynb"),
        (["HW1 (2).ipynb", "notes.ipynb"], "HW1 (2).ipynb"),
        (["kim_hw1.ipynb", "notes.ipynb"], "kim_hw1.ipynb"),
        (["hw1.ipynb", "kim_hw1.ipynb"], "hw1.ipynb"),
        (["mine.ipynb", "hw1.py"], "mine.ipynb"),
        (["hw1.py", "helpers.py", "README.md"], "hw1.py"),
        (["deep/er/hw1.ipynb", ".ipynb_checkpoints/hw1-checkpoint.ipynb"], "deep/er/hw1.ipynb"),
    ],
)
def test_of_several_notebooks_the_one_named_like_the_reference_counts(tmp_path, files, chosen):
    write_all(tmp_path / "student", files)
    assert opened_name(tmp_path / "student") == chosen


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            ["a.ipynb", "b.ipynb"],
            "2 notebooks, none or several of them named like hw1: a.ipynb, b.ipynb",
        ),
        (["x/hw1.ipynb", "y/hw1.ipynb"], "the submission contains 2 notebooks"),
        (["report.pdf"], "the submission contains no notebook"),
        ([], "the submission contains no notebook"),
    ],
)
def test_a_folder_without_one_clear_notebook_is_refused(tmp_path, files, words):
    write_all(tmp_path / "student", files)
    assert words in refusal(tmp_path / "student")


def write_all(folder, files):
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)")])
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = nbformat.writes(notebook) if name.endswith(".ipynb") else CODE
        (folder / name).write_text(text)


def test_files_beside_the_notebook_come_along_and_the_instructors_win(tmp_path):
    student, given = tmp_path / "student", tmp_path / "given"
    for folder, text in ((student, "student"), (given, "given")):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "data.csv").write_text(text)
    (student / "own.txt").write_text("own")
    (student / ".secret").write_text("")
    (student / "hw1.py").write_text(CODE)
    with load_submission(Submission("a", "a", student), tmp_path / "hw1.py", given) as found:
        files = {p.name: p.read_text() for p in found.files.rglob("*") if p.is_file()}
    assert files == {"data.csv": "given", "own.txt": "own", "hw1.py": CODE}
    assert not found.files.exists()


def test_what_is_no_notebook_is_refused_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "MAX_BYTES", 2**20)
    r_notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("1")], metadata={"language_info": {"name": "R"}}
    )
    for name, content, words in [
        ("empty.ipynb", "", "is empty"),
        ("truncated.ipynb", '{"cells": [', "cannot be read as a notebook"),
        ("page.ipynb", "<html>", "cannot be read as a notebook"),
        ("deep.ipynb", "[" * 100_000, "cannot be read as a notebook"),
        ("list.ipynb", "[1, 2]", "cannot be read as a notebook"),
        ("hw.pdf", "%PDF", "is not a notebook (expected .ipynb, .py, .md or .zip)"),
        ("hw.ipynb.txt", "{}", "is not a notebook"),
        ("r.ipynb", nbformat.writes(r_notebook), "in R; only Python notebooks are supported"),
        ("words.md", "# Only words\n", "has no code cells"),
        ("huge.ipynb", " " * 2**21, "2,097,152 bytes, but a notebook may have at most 1,048,576"),
        ("odd.ipynb", '{"cells": [], "metadata": {"kernelspec": "x"}, "nbformat": 4, '
         '"nbformat_minor": 5}', "odd.ipynb"),
        ("no.zip", "PK", "no.zip is not a readable zip"),
    ]:  # fmt: skip
        (tmp_path / name).write_text(content)
        assert words in refusal(tmp_path / name), name


def test_links_and_devices_are_refused(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text(CODE)
    (tmp_path / "link.py").symlink_to(secret)
    assert "is a link" in refusal(tmp_path / "link.py")
    student = tmp_path / "student"
    student.mkdir()
    (student / "hw1.py").write_text(CODE)
    (student / "other").symlink_to(tmp_path)
    assert "contains a link" in refusal(student)
    (student / "other").unlink()
    os.mkfifo(student / "pipe.py")
    assert "a device" in refusal(student)
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert "is not a notebook" in refusal(tmp_path / "pipe.ipynb")
    assert hash_of(tmp_path / "pipe.ipynb")


def test_a_zip_with_a_folder_inside_is_opened(tmp_path):
    path = zip_of(tmp_path / "a.zip", **{"hw/hw1.py": CODE, "hw/own.txt": "", "__MACOSX/x.py": ""})
    with load_submission(Submission("a", "a", path), tmp_path / "hw1.py") as found:
        assert found.name == "hw/hw1.py"
        assert sorted(file.name for file in found.files.iterdir()) == ["hw1.py", "own.txt"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../hw1.py", "leads out of its folder"),
        ("a/../../hw1.py", "leads out of its folder"),
        ("a\\..\\..\\hw1.py", "leads out of its folder"),
        ("/etc/hw1.py", "leads out of its folder"),
        ("C:/hw1.py", "leads out of its folder"),
        ("a\nb.py", "has an unprintable name"),
        ("x" * 300 + ".py", "cannot be unpacked: File name too long"),
    ],
)
def test_a_zip_whose_names_are_dangerous_is_refused_and_leaves_nothing(tmp_path, name, words):
    path = zip_of(tmp_path / "a.zip", **{name: CODE})
    before = set(tmp_path.rglob("*"))
    assert words in refusal(path)
    assert set(tmp_path.rglob("*")) == before


def test_a_zip_with_a_link_or_a_name_twice_or_a_password_is_refused(tmp_path):
    link = zipfile.ZipInfo("hw1.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "is a link" in refusal(tmp_path / "link.zip")

    zip_of(tmp_path / "twice.zip", **{"hw1.py": CODE, "HW1.py": CODE})
    assert "occurs twice" in refusal(tmp_path / "twice.zip")

    content = bytearray(zip_of(tmp_path / "locked.zip", **{"hw1.py": CODE}).read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the zip's directory
    (tmp_path / "locked.zip").write_bytes(content)
    assert "is encrypted" in refusal(tmp_path / "locked.zip")


def test_zip_bombs_are_refused_by_ratio_size_and_number(tmp_path, monkeypatch):
    zip_of(tmp_path / "ratio.zip", **{"hw1.py": b"#" * 2**23})
    assert "has a compression ratio above 200:1" in refusal(tmp_path / "ratio.zip")

    monkeypatch.setattr(submissions, "MOST_BYTES", 1000)
    zip_of(tmp_path / "large.zip", **{"a.py": b"#" * 600, "b.py": b"#" * 600})
    assert "more than 1,000 bytes or 2,000 files" in refusal(tmp_path / "large.zip")

    monkeypatch.setattr(submissions, "MOST_FILES", 3)
    zip_of(tmp_path / "many.zip", **{f"{i}.py": CODE for i in range(4)})
    assert "or 3 files" in refusal(tmp_path / "many.zip")


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "MOST_BYTES", 1000)
    path = zip_of(tmp_path / "liar.zip", **{"hw1.py": b"#" * 5000})
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    assert refusal(path)


def test_the_hash_tells_contents_apart_and_a_link_from_its_target(tmp_path):
    for name, text in (("a.py", "1"), ("b.py", "2")):
        (tmp_path / name).write_text(text)
    (tmp_path / "c.py").symlink_to(tmp_path / "a.py")
    assert len({hash_of(tmp_path / f"{name}.py") for name in "abc"}) == 3
    before = hash_of(tmp_path)
    (tmp_path / "b.py").write_text("3")
    assert hash_of(tmp_path) != before


def test_a_zip_that_python_cannot_read_is_one_refused_submission(tmp_path):
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
            archive.writestr("hw1.py", CODE)
        assert "is compressed by a method other than deflate" in refusal(tmp_path / "a.zip")

    content = zip_of(tmp_path / "name.zip", **{"hw1-é.py": CODE}).read_bytes()
    (tmp_path / "name.zip").write_bytes(content.replace("é".encode(), b"\xff\xfe"))
    assert "name.zip is not a readable zip: 'utf-8' codec" in refusal(tmp_path / "name.zip")

    content = zip_of(tmp_path / "crc.zip", **{"hw1.py": CODE}).read_bytes()
    place = content.index(b"PK\x03\x04") + 14  # the checksum, in both places
    (tmp_path / "crc.zip").write_bytes(content.replace(content[place : place + 4], b"0000"))
    assert "crc.zip is not a readable zip: Bad CRC-32" in refusal(tmp_path / "crc.zip")


def test_a_zip_whose_list_of_files_alone_is_huge_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "MOST_FILES", 3)
    path = zip_of(tmp_path / "a.zip", **{f"{i:0200}.py": "" for i in range(60)})
    monkeypatch.setattr(zipfile.ZipFile, "infolist", None)
    assert "it lists more than 3 files" in refusal(path)


@pytest.mark.parametrize("inner", ["hw1.ZIP", "deep/er/mine.zip"])
def test_a_zip_in_a_zip_is_opened_and_one_in_that_is_not(tmp_path, inner):
    def nested(depth):
        path = zip_of(tmp_path / "0.zip", **{"hw1.py": CODE, "own.txt": "own"})
        for i in range(1, depth):
            path = zip_of(tmp_path / f"{i}.zip", **{inner: path.read_bytes()})
        return path

    with load_submission(Submission("a", "a", nested(2)), tmp_path / "hw1.py") as found:
        assert found.name.endswith("hw1.py")
        assert sorted(file.name for file in found.files.iterdir()) == ["hw1.py", "own.txt"]
    assert "the submission contains no notebook" in refusal(nested(4))


def test_all_zips_of_a_student_together_are_held_to_one_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "MOST_BYTES", 5_000)
    student = tmp_path / "student"
    student.mkdir()
    for i in range(9):
        zip_of(student / f"{i}.zip", **{f"{i}.txt": str(i) * 900})
    assert "it contains more than 2000 files or" in refusal(student)


def test_a_folder_of_more_than_256_mb_is_refused(tmp_path):
    (tmp_path / "hw1.py").write_text(CODE)
    with open(tmp_path / "data.bin", "wb") as file:
        file.truncate(256 * 2**20)  # a hole, which takes no space on the disk
    assert refusal(tmp_path) == "it contains more than 2000 files or 256 MB"


def test_a_zip_beside_a_report_is_the_notebook(tmp_path):
    student = tmp_path / "student"
    student.mkdir()
    (student / "report.pdf").write_text("%PDF")
    zip_of(student / "work.zip", **{"hw1.py": CODE, "helper.py": CODE})
    assert opened_name(student) == "work/hw1.py"


def test_the_instructors_files_win_over_folders_and_files_of_the_same_names(tmp_path):
    student, given = tmp_path / "student", tmp_path / "given"
    for path in (student / "data" / "x", student / "own", given / "data", given / "own" / "y"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(path.parent.name))
    (student / "hw1.py").write_text(CODE)
    with load_submission(Submission("a", "a", student), tmp_path / "hw1.py", given) as found:
        assert (found.files / "data").read_text() == "given"
        assert (found.files / "own" / "y").read_text() == "own"
