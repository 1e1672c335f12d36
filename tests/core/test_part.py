"""Cutting a value into parts, and telling parts that can be true from others."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.core.batch import (
    MAX_VALUE_BYTES,
    MalformedPacketError,
    Packet,
    WholeValue,
    is_part,
    is_well_formed,
    pack,
    pack_parts,
    unpack,
)
from paxos.core.part import HEAD_BYTES, join_parts, read_part


@given(st.binary(min_size=2, max_size=200), st.data())
def test_parts_make_the_value(value: bytes, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, len(value) - 1))
    parts = pack_parts("1.1", 7, value, length)
    assert [part.first for part in parts] == list(range(7, 7 + len(parts)))
    assert all(part.count == 1 and is_part(part) and is_well_formed(part) for part in parts)
    assert all(len(part.payload) <= HEAD_BYTES + length for part in parts)
    assert join_parts(part.payload for part in parts) == value
    for index, part in enumerate(parts):
        told = read_part(part.payload)
        assert told and (told.index, told.count) == (index, len(parts))
        assert (told.total, told.length) == (len(value), length)


def test_a_part_is_no_value() -> None:
    [part, _] = pack_parts("1.1", 1, b"ab", 1)
    with pytest.raises(MalformedPacketError):
        unpack(part)


def test_a_value_that_was_put_together_is_one_value_whatever_its_bytes() -> None:
    for value in (b"\xff\xff and so on", b"two\nlines", bytes(100_000)):
        assert unpack(WholeValue("1.1", 1, 1, value)) == [value]


def test_no_value_is_taken_for_a_part() -> None:
    """Whatever it begins with and however long it is: the mark is where lengths are."""
    for value in (b"", b"\xff\xff", b"\xff" * 20, b"\xff" * MAX_VALUE_BYTES):
        assert not is_part(pack("1.1", 1, [value]))


def head(index: int, count: int, total: int) -> bytes:
    return struct.pack("<2sIII", b"\xff\xff", index, count, total)


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xff",
        head(0, 2, 5),
        head(0, 1, 3) + b"abc",
        head(0, 0, 3) + b"abc",
        head(2, 2, 5) + b"abc",
        head(0, 2, 3) + b"abc",
        head(0, 2, 7) + b"abc",
        head(0, 3, 6) + b"abc",
        head(1, 2, 2) + b"abc",
        head(1, 2, 5) + b"abc",
        head(2, 3, 6) + b"a",
        head(0, 2**32 - 1, 2**32 - 1) + b"abc",
    ],
)
def test_headers_that_cannot_be_true(payload: bytes) -> None:
    assert read_part(payload) is None
    assert not is_well_formed(Packet("1.1", 9, 1, payload))


def test_a_part_is_alone_in_its_packet() -> None:
    [part, _] = pack_parts("1.1", 1, b"ab", 1)
    assert not is_well_formed(Packet("1.1", 1, 2, part.payload))
