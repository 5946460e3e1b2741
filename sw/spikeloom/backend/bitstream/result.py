"""What a flow has made, before anyone believes it: see ``publish``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Built:
    """A bitstream that a flow has really made.

    Attributes
    ----------
    bit, hwh: its files. tool: what made it, with version, as it names itself.
    report: figures of that tool, of which each says how it came about; becomes ``report.json``.
    """

    bit: Path
    hwh: Path
    tool: str
    report: dict[str, Any]
