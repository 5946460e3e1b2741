"""The shared library under ctypes: the C functions of ``harness.cpp`` with Python types."""

from __future__ import annotations

import ctypes as c
import os
from functools import cache
from pathlib import Path

RUNNING, DONE, HANG, WRONG_LAST, UNSTABLE, EXTRA_OUTPUT = range(6)


class Job(c.Structure):
    """Mirrors ``Job`` in ``harness.h``, where the fields are explained."""

    _fields_ = [
        ("beats", c.c_void_p),
        ("values", c.c_void_p),
        ("first", c.c_void_p),
        ("last", c.c_void_p),
        ("images", c.c_int64),
        ("i_beats", c.c_int64),
        ("o_beats", c.c_int64),
        ("beat_bytes", c.c_int64),
        ("limit", c.c_int64),
        ("signed_output", c.c_int64),
        ("single", c.c_int64),
        ("seed", c.c_uint64),
        ("idle", c.c_uint32),
        ("stall", c.c_uint32),
        ("burst", c.c_uint32),
        ("half_period", c.c_uint32),
        ("wave_first", c.c_int64),
        ("wave_last", c.c_int64),
        ("wave_path", c.c_char_p),
        ("steps", c.c_int64),
        ("folder", c.c_char_p),
    ]


def folder_of(rtl: Path) -> bytes:
    """A folder as a library takes it: absolute, with its last slash."""
    return os.fsencode(rtl.resolve()) + b"/"


@cache
def load(path: Path) -> c.CDLL:
    """The library at ``path``, loaded once."""
    lib = c.CDLL(str(path))
    for name, result, arguments in (
        ("open", c.c_void_p, (c.c_int32, c.POINTER(Job))),
        ("run", c.c_int32, (c.c_void_p, c.c_double)),
        ("counter", c.c_uint64, (c.c_void_p, c.c_uint32)),
        ("wait", None, (c.c_void_p, c.c_int64)),
        ("progress", None, (c.c_void_p, c.POINTER(c.c_int64))),
        ("close", None, (c.c_void_p,)),
    ):
        function = getattr(lib, f"spikeloom_{name}")
        function.restype, function.argtypes = result, arguments
    return lib


class Runner:
    """One simulation of one model; a context manager. ``job`` and what it points to must outlive
    it.
    """

    def __init__(self, path: Path, model: int, job: Job) -> None:
        self.lib = load(path)
        self.handle = self.lib.spikeloom_open(model, c.byref(job))
        assert self.handle, f"{path} holds no model {model}"

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.lib.spikeloom_close(self.handle)

    def run(self, seconds: float) -> int:
        """Simulate for about so long; the status it ends in."""
        return int(self.lib.spikeloom_run(self.handle, seconds))

    def counter(self, address: int) -> int:
        return int(self.lib.spikeloom_counter(self.handle, address))

    def wait(self, cycles: int) -> None:
        """Let cycles pass with no transfer at either end."""
        self.lib.spikeloom_wait(self.handle, cycles)

    def progress(self) -> tuple[int, int, int]:
        """Cycles, input beats and output values so far."""
        into = (c.c_int64 * 3)()
        self.lib.spikeloom_progress(self.handle, into)
        return into[0], into[1], into[2]
