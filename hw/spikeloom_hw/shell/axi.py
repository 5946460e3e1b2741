"""AXI4 channels as streams, and what all bursts have in common."""

from __future__ import annotations

from amaranth.lib import data

BURST = 16
"""Beats of a burst at most: what AXI3 ports take as well. Bursts end at multiples of so many words,
and so never cross 4 KiB.
"""

SLVERR, DECERR = 2, 3
"""Responses that tell an error."""


def word_bits(width: int) -> int:
    """Address bits inside one memory word of ``width`` bits. Raises ValueError where the width is
    none of AXI's up to 256 bits.
    """
    if width not in (32, 64, 128, 256):
        raise ValueError(f"memory width: expected 32, 64, 128 or 256, got {width}")
    return (width // 8).bit_length() - 1


def address_layout(address_width: int) -> data.StructLayout:
    """AR and AW: byte address and beats less one."""
    return data.StructLayout({"addr": address_width, "len": 8})


def read_layout(width: int) -> data.StructLayout:
    """R."""
    return data.StructLayout({"data": width, "resp": 2, "last": 1})


def write_layout(width: int) -> data.StructLayout:
    """W."""
    return data.StructLayout({"data": width, "strb": width // 8, "last": 1})
