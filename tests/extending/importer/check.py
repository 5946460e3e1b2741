"""Run where the importer is added: its file is compiled, emitted and compared, and kept."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from spikeloom import compile
from spikeloom.accelerator import Accelerator
from spikeloom.cli.main import run
from spikeloom.errors import SpikeLoomError


def saved(path: Path, rng: np.random.Generator) -> list[np.ndarray]:
    weights = [rng.integers(-3, 5, shape) for shape in ((8, 6), (3, 8))]
    np.savez(path, steps=3, **{f"layer{k}": weight for k, weight in enumerate(weights)})
    return weights


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir()
    first, _ = (saved(folder / name, rng) for name in ("toy.npz", "other.npz"))
    x = rng.integers(0, 8, (20, 6))
    here = folder / "made"
    made = compile(folder / "toy.npz", folder=here, calibration=x, runtime_weights=True)
    assert [path.name for path in here.glob("original.*")] == ["original.npz"]
    wanted = np.clip(x @ first[0].T // 4, 0, 7) @ first[1].T
    assert np.array_equal(made.golden(x), wanted)
    assert run(["emit", str(here)]) == 0
    again = Accelerator.load(here)
    verdicts = {verdict.rung: verdict for verdict in again.compare(x)}
    said = verdicts["QONNX executor"].note
    assert said == f"QONNX executor: not run: {here / 'original.npz'} is no ONNX file"
    results = [verdict.result for verdict in verdicts.values()]
    assert results == ["equal", "not run", "equal", "equal"]
    retrained = again.weights(folder / "other.npz").words
    assert len(retrained) == len(again.weights(here / "original.npz").words)
    (folder / "bad.npz").write_bytes(b"no archive")
    try:
        compile(folder / "bad.npz")
    except SpikeLoomError as error:
        assert "expected 'steps'" in str(error)
    else:
        raise AssertionError("a damaged file was taken")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
