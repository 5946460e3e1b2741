"""The estimate of the HLS design's cycles, worked out by hand for a small network, and never below
the scans that were counted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from spikeloom.backend.hls import report
from spikeloom.backend.hls.estimate import ENTRY, estimate, processes

from tests.networks import random_plan, random_words
from tests.sw.backend.hls.small import run, small_plan


def test_processes_by_hand() -> None:
    plan = small_plan()
    first, last = plan.stages
    assert (first.positions, first.folds, first.planes, first.pass_words, first.beats) == (
        2,
        2,
        3,
        4,
        1,
    )
    # 2 steps of 2 windows, 2 folds, 3 planes, 4 words a pass; 2 elements in 2 groups of 1 unit, 3
    # steps each.
    assert processes(first, 50.0) == {
        "source": 2 * 2 * 3 * 4 + ENTRY,
        "scan": 50 + ENTRY,
        "add": 4 * 3 + ENTRY,
        "neurons": 4 * 2 * 3 + ENTRY,
        "gather": 2 * (2 * (1 + 2) + 2 * ENTRY),
    }
    assert processes(last, 0.0) == {"source": 12 + ENTRY, "words": 12 + ENTRY, "neurons": 1 + ENTRY}
    found = estimate(
        plan, {"a": 50.0, "b/out": 12.0}, "given", {"a": 40.0, "b/out": 12.0}, "simulated"
    )
    assert [(row.layer, row.cycles, row.process, row.rtl_cycles) for row in found.rows] == [
        ("a", 54.0, "scan", 40.0),
        ("b/out", 16.0, "source", 12.0),
    ]
    assert (found.interval, found.source) == (54.0, "estimate, never synthesised")


def test_the_counted_scans_are_those_of_the_cycle_model(tmp_path: Path) -> None:
    plan = small_plan()
    words = random_words(np.random.default_rng(8), plan.graph, 5)
    found = run(plan, tmp_path, words)
    busy, source = report.busy_of(plan, found.run)
    assert source == "counted in C simulation, 5 images" and found.run.busy.shape == (5, 2)
    assert busy["a"] * 5 == found.run.counters["a.busy"] and busy["b/out"] == 12


def test_every_layer_of_a_random_network_has_a_row() -> None:
    for seed in range(30):
        plan = random_plan(seed)
        busy = {stage.name: 1000.0 * k for k, stage in enumerate(plan.stages)}
        found = estimate(plan, busy, "given", busy, "given")
        assert [row.layer for row in found.rows] == [stage.name for stage in plan.stages]
        assert found.interval >= max(row.cycles for row in found.rows)
        rows = {row.layer: row for row in found.rows}
        assert all(
            rows[stage.name].cycles >= busy[stage.name]
            for stage in plan.stages
            if stage.folding.body == "event"
        )
