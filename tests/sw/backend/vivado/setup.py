"""What a Vivado of the tests is like, and the project that it has open."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

SIZES = {"xc7z020clg400-1": 4_045_564, "xczu7ev-ffvc1156-2-e": 5_000}

BOARDS = ("xilinx.com:zcu104:part0:1.0", "xilinx.com:zcu104:part0:1.1")


@dataclass
class Setup:
    """What this Vivado is like.

    Attributes
    ----------
    fail: command that ends with an error; "command:n" for the n-th call. message: of that error.
    slack, hold, pulse: what timing ends with, in ns; "path 10.5" for a worst path of so many ns,
        whatever the clock.
    component: instance inside of the shell in which the worst path is.
    parts, boards: what is installed. user_id: what goes into the bitstream instead of what was
        asked for.
    infers: whether the packager makes memory maps and address spaces of its own. handoff: where the
        .hwh goes.
    """

    version: str = "2022.2"
    fail: str = ""
    message: str = "[Common 17-69] Command failed"
    slack: str = "0.338"
    hold: str = "0.021"
    pulse: str = "1.250"
    component: str = "core/engine/top/conv1_body"
    parts: tuple[str, ...] = tuple(SIZES)
    boards: tuple[str, ...] = BOARDS
    user_id: str = ""
    infers: bool = True
    handoff: str = "system.gen/sources_1/bd/system/hw_handoff"


@dataclass
class Project:
    name: str
    folder: Path | None
    part: str
    files: list[Path] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    ordered: str = ""
