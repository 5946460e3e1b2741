"""Many steps: staircases, fits and proofs that scale with their number, against fractions, brute
force and the clock.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from spikeloom.errors import CapacityError
from spikeloom.frontend.importers import compile_file
from spikeloom.frontend.lower import fit
from spikeloom.frontend.lower import neurons as lower
from spikeloom.ir import golden
from spikeloom.ir.neurons import Thresholds
from spikeloom.ir.number import Code
from spikeloom.ir.staircase import Cuts, exact_grid, rationals

from tests.sw.frontend.onnx.models import Model


def network(path: Path, steps: int, scales: np.ndarray, weight: np.ndarray, scale: float) -> Path:
    m = Model(1, weight.shape[0])
    x = m.op("MatMul", m.quant(m.input, 1.0, steps), m.weights(weight, scales))
    return m.save(path, m.quant(x, np.float32(scale), steps))


@pytest.mark.parametrize(("steps", "method"), [(14, "plain"), (16, "table")])
def test_the_widest_codes_take_seconds(steps: int, method: str, tmp_path: Path) -> None:
    """12 channels with 16383 and 65535 steps each, at arbitrary scales; the integers equal
    fractions on random words.
    """
    rng = np.random.default_rng(1)
    weight, scales = (
        rng.integers(-7, 8, (16, 12)),
        rng.uniform(0.1, 0.12, (1, 12)).astype(np.float32),
    )
    start = process_time()
    compiled = compile_file(network(tmp_path / "m.onnx", steps, scales, weight, 4.0))
    assert process_time() - start < 8
    assert (
        compiled.proofs[0].steps == 12 * ((1 << steps) - 1) and compiled.proofs[0].method == method
    )
    words = rng.integers(0, 1 << steps, (20, 16))
    got = golden.integers(compiled.graph, words[:, :, None, None])[:, :, 0, 0]
    exact = [
        [
            round(Fraction(int(v)) * Fraction(float(s)) / 4)
            for v, s in zip(row, scales[0], strict=True)
        ]
        for row in words @ weight
    ]
    assert np.array_equal(got, np.clip(np.array(exact), 0, (1 << steps) - 1))
    assert (got > 0).any() and (got < (1 << steps) - 1).any()


def test_progress_moves_to_its_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = network(
        tmp_path / "m.onnx",
        6,
        np.ones((1, 5), dtype=np.float32),
        np.arange(-10, 10).reshape(4, 5),
        3.0,
    )
    compile_file(path, progress=lambda what, done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen}) and len(seen) >= 7
    assert seen[-1] == (3 * 5 * 63, 3 * 5 * 63) and {total for _, total in seen} == {3 * 5 * 63}


def test_a_staircase_beyond_all_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lower, "MAX_STAIRS", 2000)
    m = Model(1, 3, 1, 1)
    x = m.quant(m.input, 0.7, 5)
    joined = m.op("Add", m.op("Conv", x, m.weights(np.ones((3, 3, 1, 1)))), x)
    path = m.save(tmp_path / "m.onnx", m.quant(joined, 0.3, 5))
    with pytest.raises(
        CapacityError,
        match=(
            "m.onnx: Conv2: 3 channels times 31 steps times 32 values of the residual x are more"
            " than"
        ),
    ):
        compile_file(path)


@pytest.mark.parametrize("seed", range(40))
def test_the_smallest_threshold_is_found_or_there_is_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = np.arange(1, 8) if seed % 2 else Code(3, 3).codebook[1:]
    middle = (
        np.sort(rng.integers(0, 60, (6, 7)), axis=1)
        if seed % 4 < 2
        else rng.integers(2, 9, (6, 1)) * places + rng.integers(-1, 2, (6, 7))
    )
    bottom, top = middle - rng.integers(0, 6, (6, 7)), middle + rng.integers(0, 6, (6, 7))
    theta, beta, found = fit._solve(places, bottom, top, np.full(6, 25))
    for c in range(6):
        works = [
            t for t in range(1, 26) if (places * t - top[c]).max() <= (places * t - bottom[c]).min()
        ]
        assert bool(found[c]) == bool(works)
        if works:
            inside = places * theta[c] - beta[c]
            assert theta[c] == works[0] and (bottom[c] <= inside).all() and (inside <= top[c]).all()


@pytest.mark.parametrize("code", [Code(1), Code(4), Code(3, signed=True), Code(3, 3)])
def test_a_table_counts_thresholds(code: Code) -> None:
    rng = np.random.default_rng(code.steps)
    table = Thresholds(code, np.sort(rng.integers(-9, 10, (5, (1 << code.steps) - 1)), axis=1))
    u = rng.integers(-12, 13, (4, 5, 3, 2))
    counted = (u[..., None] >= table.thresholds[None, :, None, None]).sum(axis=-1)
    assert np.array_equal(table.fire(u), counted ^ code.sign_bit)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64])
def test_thresholds_become_whole_numbers_exactly(dtype: type, tmp_path: Path) -> None:
    info = np.finfo(dtype) if np.issubdtype(dtype, np.floating) else np.iinfo(dtype)
    ends = [info.max, info.min, 0, 1, -3] + (
        [info.smallest_subnormal, info.eps, 1 / 3] if isinstance(info, np.finfo) else []
    )
    for values in (ends, [0, 0], [1, 2, 5], [-0.0, 0.5, 1024]):
        table = np.array([values]).astype(dtype)
        grid, unit = exact_grid(table)
        assert [int(g) * unit for g in grid[0]] == [Fraction(v) for v in table[0].tolist()]


def test_wide_places_on_the_grid_are_compared_exactly() -> None:
    """Beyond 2^63, where int64 would wrap."""
    grid = np.array([[-(10**30), 0, 10**30]], dtype=object)
    cuts = Cuts.rising(
        grid, np.array([[False, True, False]]), rationals([Fraction(1, 3)]), rationals([0])
    )
    for y, passed in (
        (Fraction(10**30, 3), 3),
        (Fraction(10**30 - 1, 3), 2),
        (0, 1),
        (Fraction(-(10**30), 3), 1),
        (-(10**30), 0),
    ):
        assert int(cuts.passed(rationals([y])).sum()) == passed
