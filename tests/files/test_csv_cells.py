"""Single cells of another program's table are changed, and not a byte besides."""

import csv
import io
import random

import pytest

from d2l.files.csv_cells import TableError, read_table

TEXT = 'Name,Points,"Com ""ment"""\r\n"Kim, M","",x\r\nLee,7,"two\r\nlines"\r\nBo\r\n'


def table_of(tmp_path, content):
    (tmp_path / "table.csv").write_bytes(content)
    return read_table(tmp_path / "table.csv")


def test_cells_are_changed_in_place_and_quoted_as_they_were(tmp_path):
    table = table_of(tmp_path, TEXT.encode())
    expected = TEXT.replace('M","",x', 'M","1.5",x').replace("Lee,7,", "Lee,8,")
    expected = expected.replace("Bo\r\n", "Bo,9\r\n")
    assert table.with_values(1, {1: "1.5", 2: "8", 3: "9"}) == expected.encode()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_encoding_delimiter_and_line_end_is_kept(tmp_path, mark, delimiter, end):
    text = end.join(["Name,Points,X", "김 민수,,é", '"a""b",3,', ""]).replace(",", delimiter)
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, "utf-8")
    table = table_of(tmp_path, mark + text.encode(encoding))
    assert table.with_values(1, {}) == mark + text.encode(encoding)
    changed = text.replace(f"수{delimiter}", f"수{delimiter}12")
    assert table.with_values(1, {1: "12"}) == mark + changed.encode(encoding)


def test_cells_are_those_that_pythons_reader_finds(tmp_path):
    draw = random.Random(0)
    for _ in range(200):
        values = ["", "a", 'q"', "x,y", "l\n2", " é ", "=1", "'"]
        rows = [[draw.choice(values) for _ in range(3)] for _ in range(4)]
        text = io.StringIO()
        csv.writer(text, quoting=draw.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])).writerows(rows)
        table = table_of(tmp_path, text.getvalue().encode())
        assert [[cell.value for cell in row] for row in table.rows] == rows


def test_a_table_of_western_windows_keeps_its_bytes(tmp_path):
    content = "Name;Punkte\nM\u00fcller \u2013 B;\n".encode("cp1252")
    assert table_of(tmp_path, content).with_values(1, {1: "2,5"}) == content.replace(
        b"B;", b"B;2,5"
    )


def test_numbers_are_written_as_the_table_writes_others(tmp_path):
    assert table_of(tmp_path, b"a;b;c\n1;10,00;\n").number(7.25) == "7,25"
    assert table_of(tmp_path, b"a;b;c\n1;10.00;\n").number(7.25) == "7.25"
    assert table_of(tmp_path, b'a,b,c\n1,"10,00",\n').number(1 / 3) == "0.33"
    assert table_of(tmp_path, b"a,b\n").number(20) == "20"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04", "is a spreadsheet, not a CSV file"),
        (b"", "is not a table"),
        (b"one word\n", "is not a table"),
        (b"\xef\xbb\xbf\xff\xfe", "mark is that of utf-8"),
    ],
)
def test_what_is_no_table_is_said(tmp_path, content, words):
    with pytest.raises(TableError, match=words):
        table_of(tmp_path, content)
