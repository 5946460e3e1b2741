"""AXI3 channels of the PS7's ports: layouts by the names of their signals."""

from __future__ import annotations

from amaranth.lib import data

GP_ID, HP_ID = 12, 6
"""Bits of an ID: of a master port of the processing system, of a slave port."""

FIXED, INCR, WRAP = range(3)
"""How addresses go on within a burst."""


def request_layout() -> data.StructLayout:
    """What a bridge must know of AR and AW of a master port."""
    return data.StructLayout({"id": GP_ID, "addr": 32, "len": 4, "size": 2, "burst": 2})


def word_layout() -> data.StructLayout:
    """W of a master port. Its WID is that of AW: the port does not interleave bursts."""
    return data.StructLayout({"data": 32, "strb": 4})


def read_layout() -> data.StructLayout:
    """R of a master port."""
    return data.StructLayout({"id": GP_ID, "data": 32, "resp": 2, "last": 1})


def response_layout() -> data.StructLayout:
    """B of a master port."""
    return data.StructLayout({"id": GP_ID, "resp": 2})
