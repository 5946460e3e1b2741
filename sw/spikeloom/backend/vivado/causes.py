"""Why Vivado gave up, where its log says it in words that can be recognised, and how to go on."""

from __future__ import annotations

import re
from pathlib import Path

CAUSES = (
    (
        r"No space left on device|disk (?:is )?full|Disk quota exceeded",
        "the disk is full; make room and build again",
    ),
    (
        (
            r"\[Common 17-345\]|[Vv]alid license was not found|[Ff]ailed to (?:get|check ?out) (?:a"
            r" )?license"
        ),
        "Vivado has no licence for this part; set one up with Vivado's licence manager",
    ),
    (
        r"std::bad_alloc|[Oo]ut of memory|Cannot allocate memory",
        "Vivado ran out of memory; close other programs, or build on a machine with more",
    ),
    (
        r"\[DRC UTLZ-\d+\]|\[Place 30-(?:640|58|484|487|415|439|488)\]|over-utilized|overutilized",
        "the network does not fit on the board; fold it for fewer frames per second (--target-fps)",
    ),
    (
        r"is not installed in this Vivado",
        (
            "the part is not installed in this Vivado; add its device family with Vivado's own"
            " installer"
        ),
    ),
    (
        r"Abnormal program termination|segmentation fault",
        "Vivado crashed; build again, or with another version of Vivado",
    ),
)
"""What to look for, and what it means; the first that is found counts."""


def cause(log: Path) -> str:
    """What a log says about the reason and how to go on; "" where it says nothing that is known."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return next((meaning for pattern, meaning in CAUSES if re.search(pattern, text)), "")
