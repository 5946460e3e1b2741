"""The file that a Xilinx FPGA is loaded from (``.bit``): a header of five fields, then
configuration data.

Layout (as Xilinx's tools have written it since ISE; big endian): a field of 9 constant bytes and
the number 1; then ``a`` design name, ``b`` part, ``c`` date, ``d`` time, each a letter, a length of
16 bits and text that ends in a zero byte; then ``e``, a length of 32 bits and the data. The design
name of Vivado holds more, parted by semicolons: ``shell;UserID=0X1234ABCD;Version=2022.2``.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, replacing

MAGIC = bytes.fromhex("0009 0ff00ff00ff00ff000 0001")

SYNC = bytes.fromhex("aa995566")
"""The word that configuration data of 7-series and UltraScale begin with, after padding and the bus
width pattern.
"""

SYNC_WITHIN = 4096
"""Bytes of the data within which ``SYNC`` must come."""

LENGTHS = {"xc7z020": 4_045_564}
"""Bytes of the data of an uncompressed bitstream, by device (32,364,512 bits: UG470)."""

UNMARKED = 0xFFFF_FFFF
"""``UserID`` of a bitstream that was given none."""

SHORTEST = 5
"""Letters that name a device: 7z020."""


@dataclass(frozen=True)
class BitFile:
    """Attributes
    ----------
    design, part, date, time: text of the header. data: what goes into the FPGA.
    """

    design: str
    part: str
    date: str
    time: str
    data: bytes

    @property
    def user_id(self) -> int | None:
        """The 32 bits that the design name says the bitstream carries; None where it says
        nothing.
        """
        found = re.search(r"UserID=(?:0[xX])?([0-9a-fA-F]{1,8})(?![0-9a-zA-Z])", self.design)
        return int(found[1], 16) if found else None


def identity_word(identity: str) -> int:
    """The first 32 bits of a manifest's identity."""
    return int(identity[:8], 16)


def named(file: BitFile, identity: str) -> BitFile:
    """The same bitstream with the manifest's first 32 bits in the design name, where Vivado has
    them from ``USERID``.
    """
    parts = [
        part for part in file.design.split(";") if part and not part.lower().startswith("userid=")
    ]
    design = ";".join(
        [*(parts[:1] or ["shell"]), f"UserID=0X{identity_word(identity):08X}", *parts[1:]]
    )
    return replace(file, design=design)


def text_of(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("ascii", errors="replace")


def parse(raw: bytes, where: str) -> BitFile:
    """The contents of a file. Raises SpikeLoomError where they are no bitstream, or only a part of
    one.
    """
    if raw[: len(MAGIC)] != MAGIC:
        raise SpikeLoomError(
            f"{where}: expected a bitstream (.bit), found something else; build it again"
        )
    at, fields = len(MAGIC), []
    try:
        for key in b"abcd":
            letter, length = struct.unpack_from(">BH", raw, at)
            if letter != key:
                raise SpikeLoomError(
                    f"{where}: expected field {chr(key)!r} in its header, found"
                    f" {bytes([letter])!r}; build it again"
                )
            fields.append(text_of(raw[at + 3 : at + 3 + length]))
            at += 3 + length
        letter, length = struct.unpack_from(">BI", raw, at)
    except struct.error:
        raise SpikeLoomError(f"{where}: the header ends too early; build it again") from None
    data = raw[at + 5 :]
    if letter != ord("e") or len(data) != length:
        raise SpikeLoomError(
            f"{where}: expected {length} bytes of configuration data, found {len(data)}; build it"
            " again"
        )
    if SYNC not in data[:SYNC_WITHIN]:
        raise SpikeLoomError(f"{where}: no sync word at the beginning of its data; build it again")
    design, part, date, time = fields
    return BitFile(design, part, date, time, data)


def read(path: Path) -> BitFile:
    """A bitstream with its header. Raises SpikeLoomError where there is none."""
    return parse(existing(path, "a bitstream (.bit)").read_bytes(), str(path))


def dump(file: BitFile) -> bytes:
    """The bytes of a file. Raises SpikeLoomError for a field that is too long or not ASCII."""
    parts = [MAGIC]
    for key, text in zip(b"abcd", (file.design, file.part, file.date, file.time), strict=True):
        raw = text.encode("ascii", errors="replace") + b"\0"
        if len(raw) > 0xFFFF:
            raise SpikeLoomError(
                "a field of a bitstream's header: expected less than 65,535 characters, got"
                f" {len(raw) - 1}"
            )
        parts += [struct.pack(">BH", key, len(raw)), raw]
    return b"".join([*parts, struct.pack(">BI", ord("e"), len(file.data)), file.data])


def write(path: Path, file: BitFile) -> None:
    """Write the file, whole or not at all."""
    with replacing(path) as stream:
        stream.write(dump(file))


def check_part(file: BitFile, part: str, where: str) -> None:
    """Raises SpikeLoomError unless a bitstream is for this part, and as long as that part's."""

    def device(name: str) -> str:
        return re.split(r"[^a-z0-9]", name.lower().removeprefix("xc"))[0]

    # Vivado writes 7z020clg400, other tools xc7z020clg400-1: package and speed grade may be
    # missing, the device never.
    wanted, found = device(part), device(file.part)
    if len(found) < SHORTEST or not (wanted.startswith(found) or found.startswith(wanted)):
        raise SpikeLoomError(
            f"{where}: expected a bitstream for {part}, found one for {file.part or 'no part'};"
            " build it for this board"
        )
    for name, length in LENGTHS.items():
        if part.startswith(name) and len(file.data) != length:
            raise SpikeLoomError(
                f"{where}: expected {length} bytes of data for {name}, found {len(file.data)};"
                " build it uncompressed"
            )


def check(file: BitFile, part: str, identity: str, where: str, *, unmarked: bool = False) -> None:
    """Raises SpikeLoomError unless a bitstream is for this part, and of the manifest with this
    identity.

    Arguments: unmarked: one that carries no ``UserID`` will do; the driver compares the identity in
    the fabric in any case.
    """
    check_part(file, part, where)
    if file.user_id != identity_word(identity) and not (
        unmarked and file.user_id in (None, UNMARKED)
    ):
        found_id = "none" if file.user_id is None else f"{file.user_id:08x}"
        raise SpikeLoomError(
            f"{where}: expected the bitstream of manifest {identity[:8]}, found UserID {found_id};"
            " build the bitstream of this manifest"
        )
