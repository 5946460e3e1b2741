"""The header of a .bit file: read back, refused where it is broken, and what it says of part and
manifest.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spikeloom.backend.bitstream.bitfile import (
    LENGTHS,
    SYNC,
    BitFile,
    check,
    dump,
    named,
    parse,
    read,
    write,
)
from spikeloom.errors import SpikeLoomError

IDENTITY = "0123abcd" + "5" * 56
PART = "xc7z020clg400-1"
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)
DATA = b"\xff" * 8 + SYNC + bytes(range(40))


def file(**how: object) -> BitFile:
    made = BitFile(
        "shell;UserID=0X0123ABCD;Version=2022.2", "7z020clg400", "2024/01/01", "12:00:00", DATA
    )
    return replace(made, **how)  # type: ignore[arg-type]


def test_layout_byte_by_byte() -> None:
    """Written out by hand from the description of the format."""
    raw = (
        bytes.fromhex(
            "00090ff00ff00ff00ff000000161000261006200026200630002630064000264006500000034"
        )
        + DATA
    )
    assert (
        parse(raw, "x") == BitFile("a", "b", "c", "d", DATA)
        and dump(BitFile("a", "b", "c", "d", DATA)) == raw
    )


@given(TEXT, TEXT, TEXT, TEXT, st.binary(max_size=60))
def test_read_back(design: str, part: str, date: str, time: str, more: bytes) -> None:
    made = BitFile(design, part, date, time, SYNC + more)
    assert parse(dump(made), "x") == made


def test_every_shorter_and_longer_file_is_refused() -> None:
    raw = dump(file())
    for length in range(len(raw)):
        with pytest.raises(SpikeLoomError, match="x.bit: "):
            parse(raw[:length], "x.bit")
    with pytest.raises(SpikeLoomError, match="expected 52 bytes of configuration data, found 53"):
        parse(raw + b"!", "x.bit")


def test_no_sync_word() -> None:
    with pytest.raises(SpikeLoomError, match="no sync word"):
        parse(dump(file(data=bytes(60))), "x.bit")


def test_on_disk(tmp_path: Path) -> None:
    write(tmp_path / "x.bit", file())
    assert read(tmp_path / "x.bit") == file()
    with pytest.raises(SpikeLoomError, match="65,535"):
        write(tmp_path / "x.bit", file(design="d" * 70_000))
    assert read(tmp_path / "x.bit") == file()
    with pytest.raises(SpikeLoomError, match="no such file"):
        read(tmp_path / "y.bit")


@pytest.mark.parametrize(
    ("design", "user_id"),
    [
        ("shell", None),
        ("shell;UserID=0XFFFFFFFF;Version=2023.1", 0xFFFFFFFF),
        ("shell;UserID=deadbeef", 0xDEADBEEF),
        ("shell;UserID=0X123456789", None),
        ("shell;COMPRESS=TRUE;UserID=0x1A", 0x1A),
    ],
)
def test_user_id(design: str, user_id: int | None) -> None:
    assert file(design=design).user_id == user_id
    marked = named(file(design=design), IDENTITY)
    assert (
        marked.user_id == 0x0123ABCD
        and marked.design.startswith("shell;")
        and named(marked, IDENTITY) == marked
    )
    kept = [part for part in design.split(";") if not part.startswith("UserID")]
    assert [part for part in marked.design.split(";") if not part.startswith("UserID")] == kept


def whole(**how: object) -> BitFile:
    return file(data=SYNC + bytes(LENGTHS["xc7z020"] - 4), **how)


@pytest.mark.parametrize("part", ["7z020clg400", "xc7z020clg400-1", "XC7Z020clg400", "7z020"])
def test_right_part(part: str) -> None:
    check(whole(part=part), PART, IDENTITY, "x.bit")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            whole(part="7z010clg400"),
            "expected a bitstream for xc7z020clg400-1, found one for 7z010clg400",
        ),
        (whole(part="7z"), "found one for 7z"),
        (whole(part=""), "found one for no part"),
        (whole(part="xczu7ev-ffvc1156-2-e"), "found one for xczu7ev"),
        (file(), "expected 4045564 bytes of data for xc7z020, found 52"),
        (
            whole(design="shell;UserID=0XFFFFFFFF"),
            "expected the bitstream of manifest 0123abcd, found UserID ffffffff",
        ),
        (whole(design="shell"), "found UserID none"),
    ],
)
def test_wrong_bitstream(wrong: BitFile, says: str) -> None:
    with pytest.raises(SpikeLoomError, match=re.escape(says)):
        check(wrong, PART, IDENTITY, "x.bit")


def test_a_bitstream_without_a_mark() -> None:
    """Where one will do that nobody marked, a wrong mark still will not."""
    for design in ("shell", "shell;UserID=0XFFFFFFFF;Version=2022.2"):
        check(whole(design=design), PART, IDENTITY, "x.bit", unmarked=True)
    with pytest.raises(SpikeLoomError, match="found UserID 00000001"):
        check(whole(design="shell;UserID=0X00000001"), PART, IDENTITY, "x.bit", unmarked=True)
