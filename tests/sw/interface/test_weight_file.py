"""Weights for run time: written, read, and refused where they are none or another hardware's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_arrays
from spikeloom.interface.weight_file import Load, check, load

from tests.sim.toy import Toy

MADE = Load(
    "ab" * 32,
    "other",
    np.arange(7, dtype=np.uint32),
    np.array([0.5]),
    np.array([1.0, 2.0]),
    0.25,
    3,
)


def written(folder: Path, made: Load = MADE) -> Path:
    save_arrays(folder / "w.npz", made.arrays())
    return folder / "w.npz"


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    back = load(written(tmp_path))
    assert all(
        np.array_equal(a, b)
        for a, b in zip(MADE.arrays().values(), back.arrays().values(), strict=True)
    )
    assert back.crc == MADE.crc


def test_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path).read_bytes()
    assert written(tmp_path).read_bytes() == first


def test_damage_is_one_line(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    for cut in range(0, len(whole), 37):
        path.write_bytes(whole[:cut])
        with pytest.raises(SpikeLoomError, match=r"w\.npz: expected weights"):
            load(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(SpikeLoomError, match="found other"):
        load(path)


def test_hardware_must_be_the_one(tmp_path: Path) -> None:
    manifest = Toy(steps=3, group=4, beats=5, outputs=2).manifest()
    with pytest.raises(SpikeLoomError, match="fixed in its hardware"):
        check(MADE, manifest, "w.npz")
    manifest = replace(manifest, load_words=7)
    with pytest.raises(SpikeLoomError, match="other hardware"):
        check(MADE, manifest, "w.npz")
    check(replace(MADE, identity=manifest.identity), manifest, "w.npz")
    with pytest.raises(SpikeLoomError, match="expected 7 words"):
        check(replace(MADE, identity=manifest.identity, words=MADE.words[:3]), manifest, "w.npz")
