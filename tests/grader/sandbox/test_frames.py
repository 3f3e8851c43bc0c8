"""Reading what comes out of a sandbox: plain data, plain numbers, or an error, whatever it is."""

import io
import json
import pickle
import random
import struct

import numpy as np
import pytest

from d2l.grader.sandbox.frames import FrameError, FrameReader, TooMuchError, parse_array, parse_json
from d2l.grader.sandbox.guest.framing import array_frame, json_frame

TYPES = "bool int8 uint8 int16 int32 int64 uint64 float16 float32 float64 complex64 complex128"


def npy(array, **options):
    written = io.BytesIO()
    np.lib.format.write_array(written, np.asarray(array), version=(1, 0), **options)
    return written.getvalue()


def frames_in(data, limit=10**6):
    return list(FrameReader(io.BytesIO(data), limit))


@pytest.mark.parametrize("kind", TYPES.split())
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (3, 0, 2), (1, 2, 3, 4)])
def test_arrays_of_plain_numbers_arrive_as_numpy_wrote_them(kind, shape):
    values = np.random.default_rng(0).integers(0, 2, shape).astype(kind)
    for array in (values, np.asfortranarray(values)):
        (read,) = frames_in(array_frame(npy(array)))
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, np.load(io.BytesIO(npy(array))))


def test_messages_and_arrays_arrive_in_their_order():
    messages = [{"a": [1, 2.5, None, True, "é\n\x00"]}, "숙제", float("inf")]
    data = (
        json_frame(messages[0]) + array_frame(npy([1, 2])) + b"".join(map(json_frame, messages[1:]))
    )
    first, array, *others = frames_in(data)
    assert [first, *others] == messages
    assert array.tolist() == [1, 2]


def test_a_pickle_never_comes_to_life(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    pickled = np.empty(1, dtype=object)
    pickled[0] = Bomb()
    for payload in (npy(pickled, allow_pickle=True), pickle.dumps(Bomb())):
        with pytest.raises(FrameError):
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
    with pytest.raises(FrameError):
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
    with pytest.raises(FrameError):
        parse_json(payload)


def test_a_box_is_cut_off_before_its_bytes_are_read():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size):
            self.given += size
            return bytes(size)

    pipe = Endless()
    with pytest.raises(FrameError):  # a frame of the kind 0, of no length
        list(FrameReader(pipe, 1000))
    huge = struct.pack(">cQ", b"J", 2**60)
    with pytest.raises(TooMuchError, match="1,000 bytes"):
        frames_in(huge + b" " * 2000, limit=1000)
    many = json_frame("x" * 300) * 4
    with pytest.raises(TooMuchError):
        frames_in(many, limit=1000)
    assert len(frames_in(many, limit=len(many))) == 4


def test_a_pipe_that_ends_within_a_frame_is_an_error():
    data = json_frame({"kind": "end"})
    assert frames_in(data)
    for end in range(1, len(data)):
        with pytest.raises(FrameError):
            frames_in(data[:end])


def test_thousands_of_damaged_streams_give_plain_data_or_a_frame_error():
    rng = random.Random(0)
    good = json_frame({"kind": "cell", "outputs": [{"a": 1.5}]}) + array_frame(npy(np.eye(3)))
    assert len(frames_in(good)) == 2
    outcomes = {"read": 0, "refused": 0}
    for _ in range(6000):
        try:
            for frame in frames_in(damaged(good, rng)):
                assert isinstance(frame, (dict, list, str, int, float, np.ndarray, type(None)))
                if isinstance(frame, np.ndarray):
                    assert frame.dtype.kind in "biufc"
                    assert frame.nbytes <= 10 * len(good)
                else:
                    json.dumps(frame)
            outcomes["read"] += 1
        except FrameError:
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
