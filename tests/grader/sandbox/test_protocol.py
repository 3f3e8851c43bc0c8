"""Reading what comes out of a sandbox: plain data, plain numbers, or an error, whatever it is."""

import io
import json
import pickle
import random
import struct

import numpy as np
import pytest

from d2l.grader.sandbox.protocol import (
    HEAD,
    ArrayFound,
    CellDone,
    ProtocolError,
    Stream,
    TooMuchError,
    ValueFound,
    ValueProblem,
    frame,
    read_answers,
)
from d2l.grader.sandbox.session import parse_array, parse_json

TYPES = "bool int8 uint8 int16 int32 int64 uint64 float16 float32 float64 complex64 complex128"


def npy(array, **options):
    written = io.BytesIO()
    np.lib.format.write_array(written, np.asarray(array), version=(1, 0), **options)
    return written.getvalue()


def answers_in(data, limit=10**6):
    return list(read_answers(io.BytesIO(data), limit))


def cell(**changes):
    fields = {
        "index": 1, "status": "ok", "seconds": 1.5, "peak_memory": 5,
        "error": "", "execution_count": 1, "outputs": [Stream("stdout", "a")],
    }  # fmt: skip
    return CellDone(**(fields | changes))


@pytest.mark.parametrize("kind", TYPES.split())
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (3, 0, 2), (1, 2, 3, 4)])
def test_arrays_of_plain_numbers_arrive_as_numpy_wrote_them(kind, shape):
    values = np.random.default_rng(0).integers(0, 2, shape).astype(kind)
    for array in (values, np.asfortranarray(values)):
        (answer,) = answers_in(frame(ArrayFound("x", npy(array))))
        read = parse_array(answer.npy)
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, np.load(io.BytesIO(npy(array))))


def test_messages_arrive_in_their_order_as_they_were_sent():
    sent = [cell(), ValueFound("숙제", '{"a": [1, 2.5, null]}'), ArrayFound("x", npy([1, 2]))]
    sent += [ValueProblem("é", "no value\n\x00")]
    assert answers_in(b"".join(map(frame, sent))) == sent
    values = [{"a": [1, 2.5, None, True, "é\n\x00"]}, "숙제", float("inf"), 2**1000]
    assert [parse_json(json.dumps(value)) for value in values] == values


def test_a_pickle_never_comes_to_life(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    pickled = np.empty(1, dtype=object)
    pickled[0] = Bomb()
    for payload in (npy(pickled, allow_pickle=True), pickle.dumps(Bomb())):
        with pytest.raises(ProtocolError):
            parse_array(payload)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1" + ", 1" * 40 + "), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 99999999999999, 99999999999999), }",
        "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }",
        "__import__('os').system('true')",
    ],
)
def test_an_array_with_any_other_header_is_refused(header):
    text = header.encode() + b"\n"
    payload = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(8)
    with pytest.raises(ProtocolError):
        parse_array(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"\xff",
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b"[" * 100_000,
        b"[" * 41 + b"]" * 41,
        b"1" * 5000,
        b"nul",
        b'{"a": 1} x',
    ],
)
def test_what_is_no_json_of_text_that_can_be_written_is_refused(payload):
    with pytest.raises(ProtocolError):
        parse_json(payload)


def test_a_sandbox_is_cut_off_before_its_bytes_are_read():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size):
            self.given += size
            return bytes(size)

    pipe = Endless()
    with pytest.raises(ProtocolError):  # a message of no length
        list(read_answers(pipe, 1000))
    assert pipe.given <= 1000
    huge = HEAD.pack(2**60)
    with pytest.raises(TooMuchError, match="1,000 bytes"):
        answers_in(huge + b" " * 2000, limit=1000)
    many = frame(ValueProblem("x", "y" * 300)) * 4
    with pytest.raises(TooMuchError):
        answers_in(many, limit=1000)
    assert len(answers_in(many, limit=len(many))) == 4


def test_a_pipe_that_ends_within_a_frame_is_an_error():
    data = frame(cell())
    assert answers_in(data)
    for end in range(1, len(data)):
        with pytest.raises(ProtocolError):
            answers_in(data[:end])


NO_MESSAGES = {
    "nothing": b"",
    "no type": b"\xc1",
    "a list": b"\x90",
    "deep": b"\x91" * 100_000,
    "longer than all": b"\xdb\xff\xff\xff\xff",
    "no UTF-8": b"\xa1\xff",
    "no kind": b"\x81\xa4kind\xc0",
}


@pytest.mark.parametrize("payload", NO_MESSAGES.values(), ids=NO_MESSAGES.keys())
def test_what_is_not_a_message_is_refused(payload):
    with pytest.raises(ProtocolError):
        answers_in(HEAD.pack(len(payload)) + payload)


def test_thousands_of_damaged_streams_give_messages_or_a_protocol_error():
    rng = random.Random(0)
    good = frame(cell()) + frame(ArrayFound("x", npy(np.eye(3)))) + frame(ValueFound("y", "[1.5]"))
    assert len(answers_in(good)) == 3
    outcomes = {"read": 0, "refused": 0}
    for _ in range(6000):
        try:
            for answer in answers_in(damaged(good, rng)):
                if isinstance(answer, ArrayFound):
                    array = parse_array(answer.npy)
                    assert array.dtype.kind in "biufc"
                    assert array.nbytes <= 10 * len(good)
                elif isinstance(answer, ValueFound):
                    json.dumps(parse_json(answer.value))
            outcomes["read"] += 1
        except ProtocolError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 100


def damaged(data, rng):
    """Change, repeat, drop or insert a few bytes at a few places."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at, size = rng.randrange(len(data) + 1), rng.randint(1, 4)
        change = rng.randrange(4)
        if change == 0:
            data[at : at + size] = rng.randbytes(size)
        elif change == 1:
            data[at : at + size] = b""
        elif change == 2:
            data[at:at] = data[at : at + size] * rng.randint(1, 5)
        else:
            data[at:at] = rng.choice([b"[", b'"', b"9", b"\\ud800", b"N", b"NaN", b"\x00"])
    return bytes(data)
