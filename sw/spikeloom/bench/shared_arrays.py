"""Arrays that all trainings on the same data have in common, kept once on the disk."""

from __future__ import annotations

import filecmp
import os
from contextlib import suppress
from pathlib import Path

SHARED = ("calibration_x.npy", "test_source.npy", "test_x.npy", "test_y.npy")


def share(folder: Path, common: Path) -> None:
    """Keep arrays that are the same in every folder once on the disk, as hard links; where these do
    not work, all copies stay.
    """
    with suppress(OSError):
        common.mkdir(parents=True, exist_ok=True)
        for name in SHARED:
            mine, first = folder / name, common / name
            if not first.exists() or not filecmp.cmp(mine, first, shallow=False):
                _link(mine, first)
            elif not os.path.samefile(mine, first):
                _link(first, mine)


def _link(source: Path, target: Path) -> None:
    beside = target.with_name(f".{target.name}.link")
    beside.unlink(missing_ok=True)
    os.link(source, beside)
    os.replace(beside, target)
