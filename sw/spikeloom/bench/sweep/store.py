"""The results of one training in its folder, and arrays that all trainings have in common, kept
once.
"""

from __future__ import annotations

import filecmp
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spikeloom.bench.sweep.figures import Figures
from spikeloom.bench.sweep.jobs import Job
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json, save_json

FILE = "point.json"
SHARED = ("calibration_x.npy", "test_source.npy", "test_x.npy", "test_y.npy")

HOW = {
    "images, right, spikes, density": "counted on the frozen network, on the whole test set",
    "effective": "independent images that the test set is worth: several of one source are fewer",
    "macs, s_ace, ns_ace, stored_bits": "computed from the frozen network and its density",
    "cycles, latency_cycles": "simulated by the cycle model on some of the test set",
    "cycles_estimated, lut, ff, bram18, uram, dsp": "estimated",
}


def save(job: Job, figures: Figures) -> None:
    """Write what a finished training gave: its last file."""
    save_json(job.folder / FILE, {"key": job.key, "how": HOW, "figures": asdict(figures)})


def load(job: Job) -> tuple[Figures | None, str]:
    """What a finished training gave, or None and why its file does not count ("" where there is
    none).
    """
    if not (job.folder / FILE).exists():
        return None, ""
    try:
        found: Any = load_json(job.folder / FILE, "a finished point")
        if found["key"] != job.key:
            return None, "was made with other settings"
        return Figures(**found["figures"]), ""
    except (SpikeLoomError, KeyError, TypeError):
        return None, "is damaged"


def forget(job: Job) -> None:
    """Nothing of an earlier training counts."""
    for name in (FILE, "checkpoint.pt"):
        (job.folder / name).unlink(missing_ok=True)


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
