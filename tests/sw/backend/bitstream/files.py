"""Bitstream files as tools write them, without what is in them."""

from __future__ import annotations

import random
from pathlib import Path

from spikeloom.backend.bitstream.bitfile import LENGTHS, SYNC, BitFile, named, write
from spikeloom.backend.bitstream.result import Built
from spikeloom.interface.boards import find_board
from spikeloom.interface.handoff import hwh_text
from spikeloom.interface.manifest import Manifest


def bitstream(manifest: Manifest) -> BitFile:
    """As long as the part's, with the sync word where it must be, and random data."""
    part = find_board(manifest.board).part
    length = next((n for device, n in LENGTHS.items() if part.startswith(device)), 10_000)
    data = b"\xff" * 48 + SYNC + random.Random(manifest.identity).randbytes(length - 52)
    return named(
        BitFile("shell;Version=2022.2", part.removeprefix("xc"), "2024/01/01", "00:00:00", data),
        manifest.identity,
    )


def built(folder: Path, manifest: Manifest) -> Built:
    """What a flow hands on, in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    bit, hwh = folder / "made.bit", folder / "made.hwh"
    write(bit, bitstream(manifest))
    hwh.write_text(hwh_text(manifest), encoding="utf-8")
    return Built(bit, hwh, "a tool 1.0", {"source": "a tool 1.0", "fmax_mhz": 123.0})
