"""Has the kernel drop what a process would drop at once: a datagram that would wake it for nothing.

This is a classic BPF program of a few instructions on the socket (Linux). Where there is no such
thing, nothing but time is lost, since who receives looks for itself.
"""

import ctypes
import socket
import struct
from contextlib import suppress

_SO_ATTACH_FILTER = 26
_UDP_HEADER_BYTES = 8
_LENGTH, _WORD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x80, 0x20, 0x15, 0x35, 0x06
_INSTRUCTION = struct.Struct("=HBBI")  # code, how many to skip if true, if false, operand
_ALL_OF_IT = 0xFFFF_FFFF


def drop_marked(sock: socket.socket, at: int, mark: bytes) -> None:
    """Drop what arrives at `sock`, a UDP socket, and has the 8 bytes `mark` from byte `at` on."""
    first, second = struct.unpack("!II", mark)
    begins = _UDP_HEADER_BYTES + at
    program = b"".join(
        _INSTRUCTION.pack(*instruction)
        for instruction in (
            (_LENGTH, 0, 0, 0),
            (_IF_AT_LEAST, 0, 5, begins + len(mark)),
            (_WORD, 0, 0, begins),
            (_IF_EQUAL, 0, 3, first),
            (_WORD, 0, 0, begins + 4),
            (_IF_EQUAL, 0, 1, second),
            (_RETURN, 0, 0, 0),
            (_RETURN, 0, 0, _ALL_OF_IT),
        )
    )
    buffer = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HP", len(program) // _INSTRUCTION.size, ctypes.addressof(buffer))
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
