"""Figures that simulation and board share: one spread, one sparsity, the same names in files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from spikeloom.driver.figures import StageFigures, StreamFigures
from spikeloom.driver.measurement import Measurement
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.figures import Spread, finn_names
from spikeloom.interface.performance import LayerFigures


def test_spread() -> None:
    assert Spread.of(range(1, 101)) == Spread(1, 51, 100, 100, 50.5)
    assert Spread.of([7]) == Spread(7, 7, 7, 7, 7) and Spread.of([3, 1, 2]).median == 2
    assert Spread.of(np.array([5, 1, 9, 7])) == Spread(1, 7, 9, 9, 5.5)
    with pytest.raises(SpikeLoomError):
        Spread.of([])


def test_percentiles_are_values_that_occurred() -> None:
    for count in (*range(1, 302), 1000, 1001):
        found = Spread.of(np.arange(count))
        assert (found.median, found.p99) == tuple(
            np.percentile(np.arange(count), percent, method="higher") for percent in (50, 99)
        )


def test_cycles_stay_integers_in_a_file() -> None:
    assert json.loads(json.dumps(Spread.of(np.array([4, 2])).times(1))) == {
        "min": 2, "median": 4, "p99": 4, "max": 4, "mean": 3.0,
    }  # fmt: skip


def test_shares_are_the_same_of_simulation_and_board() -> None:
    simulated = LayerFigures("a", "conv", 10, (1, 3), 6, 7, 30, 50, 20)
    stream, stage = StreamFigures("a", 10, (1, 3), 6), StageFigures("a", 7, 30, 50, 20)
    assert simulated.density == stream.density == (0.1, 0.3)
    assert simulated.sparsity == stream.sparsity == (0.9, 0.7)
    assert simulated.firing_rate == stream.firing_rate == 0.2
    assert simulated.zero_values == stream.zero_values == 0.4
    assert simulated.cycles == stage.cycles == 100
    assert simulated.share(simulated.busy) == stage.share(stage.busy) == 0.3
    idle = LayerFigures("a", "input", 0, (), 0, 0, 0, 0, 0)
    assert (idle.share(idle.busy), idle.firing_rate, idle.density) == (0.0, 0.0, ())


def test_names_that_finn_users_know() -> None:
    found = finn_names(50, 3, 2e5, {"latency": Spread(100, 200, 300, 400, 250.0), "interval": None})
    assert found == {
        "fclk[mhz]": 50,
        "N": 3,
        "throughput[images/s]": 2e5,
        "latency[us]": {"min": 2, "median": 4, "p99": 6, "max": 8, "mean": 5},
        "interval[us]": None,
    }


def test_an_older_measurement_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "measure.json").write_text('{"schema": 1}', encoding="utf-8")
    with pytest.raises(
        SpikeLoomError, match="measure.json: expected .* of schema 2, found 1; measure again$"
    ):
        Measurement.load(tmp_path / "measure.json")
