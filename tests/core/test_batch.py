"""Packing values into packets and packets into batches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.core.batch import (
    MAX_VALUE_BYTES,
    NO_OP,
    MalformedPacketError,
    Packet,
    decode_batch,
    describe,
    encode_batch,
    is_well_formed,
    pack,
    unpack,
)

VALUES = st.lists(st.binary(max_size=20), min_size=1, max_size=10)


@given(VALUES, st.integers(1, 1000))
def test_pack_unpack(values: list[bytes], first: int) -> None:
    packet = pack("1.1", first, values)
    assert is_well_formed(packet)
    assert unpack(packet) == values
    assert packet.last == first + len(values) - 1


@given(st.lists(VALUES, max_size=4))
def test_batch_round_trip(packets: list[list[bytes]]) -> None:
    batch = [pack("7.3", 1 + 10 * k, values) for k, values in enumerate(packets)]
    assert decode_batch(encode_batch(batch)) == batch
    assert (encode_batch(batch) == NO_OP) == (not batch)


@given(st.integers(1, 5), st.binary(max_size=30))
def test_malformed_is_told_from_well_formed(count: int, payload: bytes) -> None:
    packet = Packet("1.1", 1, count, payload)
    if is_well_formed(packet):
        assert len(unpack(packet)) == count
    else:
        with pytest.raises(MalformedPacketError):
            unpack(packet)


def test_the_longest_value() -> None:
    value = bytes(MAX_VALUE_BYTES)
    assert unpack(pack("1.1", 1, [value, b""])) == [value, b""]


def test_the_digest_is_of_the_values() -> None:
    [(client, first, count, digest)] = describe([pack("2.1", 5, [b"a", b"bc"])])
    assert (client, first, count) == ("2.1", 5, 2)
    assert digest != describe([pack("2.1", 5, [b"ab", b"c"])])[0][3]
