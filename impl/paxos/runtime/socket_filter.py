"""Has the kernel drop what a process would drop at once: a datagram that would wake it for nothing.

This is a classic BPF program of a few instructions on the socket (Linux). Where there is no such
thing, nothing but time is lost, since who receives looks for itself.
"""

import ctypes
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress

_SO_ATTACH_FILTER = 26
_UDP_HEADER_BYTES = 8
_LENGTH, _WORD, _SHIFT_RIGHT, _RETURN = 0x80, 0x20, 0x74, 0x06
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45
_INSTRUCTION = struct.Struct("=HBBI")  # code, how many to skip if true, if false, operand
_ALL_OF_IT = 0xFFFF_FFFF

Instruction = tuple[int, int, int, int]
Block = tuple[Instruction, ...]
"""Instructions that end the program if a datagram is to be dropped."""


def marked(at: int, mark: bytes) -> Block:
    """Drop what has the 8 bytes `mark` from byte `at` on."""
    first, second = struct.unpack("!II", mark)
    begins = _UDP_HEADER_BYTES + at
    return (
        (_LENGTH, 0, 0, 0),
        (_IF_AT_LEAST, 0, 5, begins + len(mark)),
        (_WORD, 0, 0, begins),
        (_IF_EQUAL, 0, 3, first),
        (_WORD, 0, 0, begins + 4),
        (_IF_EQUAL, 0, 1, second),
        (_RETURN, 0, 0, 0),
    )


def of_others(start: bytes, at: int, bit: int) -> Block:
    """Drop what begins with the 3 bytes `start`, and whose 8 bytes from byte `at` on, highest
    first, do not have `bit` set, a power of two below 2**64."""
    high, low = bit >> 32, bit & 0xFFFF_FFFF
    begins = _UDP_HEADER_BYTES + at
    return (
        (_LENGTH, 0, 0, 0),
        (_IF_AT_LEAST, 0, 6, begins + 8),
        (_WORD, 0, 0, _UDP_HEADER_BYTES),
        (_SHIFT_RIGHT, 0, 0, 8),
        (_IF_EQUAL, 0, 3, int.from_bytes(start, "big")),
        (_WORD, 0, 0, begins if high else begins + 4),
        (_IF_ANY_BIT, 1, 0, high or low),
        (_RETURN, 0, 0, 0),
    )


def drop(sock: socket.socket, blocks: Iterable[Block]) -> None:
    """Drop what any of `blocks` drops of what arrives at `sock`, a UDP socket, and nothing else,
    whatever was dropped there before."""
    instructions = [instruction for block in blocks for instruction in block]
    instructions.append((_RETURN, 0, 0, _ALL_OF_IT))
    program = b"".join(_INSTRUCTION.pack(*instruction) for instruction in instructions)
    buffer = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HP", len(instructions), ctypes.addressof(buffer))
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
