"""The shared library of a board under ctypes: the C functions of ``harness/board.cpp`` with Python
types.
"""

from __future__ import annotations

import ctypes as c
from functools import cache
from pathlib import Path

NO_ANSWER, BROKEN = -1, -2


class Timing(c.Structure):
    """Mirrors ``Timing`` in ``harness/memory.h``, where the fields are explained."""

    _fields_ = [
        ("latency_min", c.c_int64),
        ("latency_max", c.c_int64),
        ("reads", c.c_int64),
        ("writes", c.c_int64),
        ("seed", c.c_uint64),
        ("pause", c.c_uint32),
        ("burst", c.c_uint32),
        ("lazy", c.c_int32),
        ("shuffle", c.c_int32),
    ]


@cache
def load(path: Path) -> c.CDLL:
    """The library at ``path``, loaded once."""
    library = c.CDLL(str(path))
    board = c.c_void_p
    for name, result, arguments in (
        ("open", board, (c.c_int32, c.c_uint64, c.c_char_p)),
        ("close", None, (board,)),
        ("load", None, (board, c.c_uint64, c.c_char_p)),
        ("reset", None, (board, c.c_int64)),
        ("advance", None, (board, c.c_int64)),
        ("read", c.c_int32, (board, c.c_uint32, c.POINTER(c.c_uint32))),
        ("write", c.c_int32, (board, c.c_uint32, c.c_uint32)),
        ("host", None, (board, c.c_int64, c.c_uint32)),
        ("memory", None, (board, c.POINTER(Timing))),
        ("map", None, (board, c.c_uint64, c.c_uint64, c.c_void_p)),
        ("unmap", None, (board, c.c_uint64)),
        ("inject", None, (board, c.c_int32, c.c_int64)),
        ("repair", None, (board,)),
        ("breach", c.c_char_p, (board,)),
        ("forgive", None, (board,)),
        ("cycles", c.c_int64, (board,)),
        ("counts", None, (board, c.POINTER(c.c_int64))),
    ):
        function = getattr(library, f"spikeloom_board_{name}")
        function.restype, function.argtypes = result, arguments
    return library
