"""Which tier a test is in.

    make check    what a change needs: ``CHECK``, and the test files that import what changed
    make test     everything that must hold: all but ``PROOF``
    make proof    the long runs: ``PROOF``, and what :mod:`tests.proof` runs with larger numbers

A test of one tier is in the later ones too. The patterns are those of fnmatch, over the name of a
test as pytest shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest

CHECK = (
    # pure: numbers, files and texts
    "tests/sw/ir/*",
    "tests/sw/interface/*",
    "tests/sw/frontend/*",
    "tests/sw/mapping/plan/*",
    "tests/sw/mapping/estimate/*",
    "tests/sw/mapping/search/test_legal_foldings.py*",
    "tests/sw/mapping/search/test_prices.py*",
    "tests/sw/mapping/search/test_schedule.py*",
    "tests/sw/nn/test_layers.py*",
    "tests/sw/nn/test_lif.py*",
    "tests/sw/nn/test_spikepack.py*",
    "tests/sw/verify/*",
    "tests/sw/driver/*",
    "tests/sw/cache/test_builds.py*",
    "tests/sw/test_errors.py*",
    "tests/sw/test_files.py*",
    "tests/test_imports.py*",
    "tests/test_tables.py*",
    "tests/test_makefile.py*",
    "tests/test_networks.py*",
    "tests/test_repository.py*",
    "tests/test_tiers.py*",
    # components in Amaranth's simulator
    "tests/hw/lib/*",
    "tests/hw/bodies/*",
    # whole networks, Verilated: every body, each neuron, a residual; eight random ones
    "tests/sim/network/test_every_kind.py*",
    "tests/sim/network/test_random_networks.py::test_equal[[]seed[0-7]]",
)
"""Tests that ``make check`` always runs."""

PROOF: tuple[str, ...] = ()
"""Tests that ``make proof`` alone runs, beside those that are marked so where they stand."""

SECONDS = {
    "tests/test_replay.py": 108,
    "tests/hw/engine/test_corners.py": 80,
    "tests/sim/network/test_random_networks.py": 74,
    "tests/sw/backend/bitstream/test_build.py": 70,
    "tests/hw/test_emit.py": 68,
    "tests/hw/test_networks.py": 67,
    "tests/hw/memory/test_loading.py": 62,
    "tests/hw/engine/test_stage.py": 55,
    "tests/hw/memory/test_outside.py": 54,
    "tests/extending/test_extending.py": 45,
    "tests/hw/shell/test_load.py": 44,
    "tests/docs/test_shell.py": 32,
    "tests/sim/cocotb_benches/test_top.py": 27,
    "tests/sw/mapping/cycle_model/test_cycle_model.py": 27,
    "tests/sim/board/test_networks.py": 24,
    "tests/hw/shell/test_random_jobs.py": 21,
    "tests/sim/board/test_driver.py": 21,
    "tests/sim/cocotb_benches/test_shell.py": 20,
    "tests/synthesis/test_calibrate.py": 20,
    "tests/hw/shell/test_faults.py": 19,
    "tests/hw/shell/test_shell.py": 18,
    "tests/sw/backend/yosys/test_batches.py": 18,
    "tests/sw/bench/sweep/test_run.py": 18,
    "tests/sim/board/test_pynq.py": 17,
    "tests/sw/backend/nextpnr/test_flow.py": 17,
    "tests/sw/test_accelerator.py": 17,
    "tests/hw/shell/test_bursts.py": 16,
    "tests/sw/train/test_loop.py": 16,
    "tests/synthesis/test_baselines.py": 16,
    "tests/docs/test_python.py": 15,
    "tests/sim/network/test_fewer_steps.py": 15,
    "tests/test_notebook.py": 15,
    "tests/sw/backend/nextpnr/test_failures.py": 14,
    "tests/sw/backend/vivado/test_command.py": 14,
    "tests/hw/engine/test_residual.py": 13,
    "tests/sim/network/test_every_kind.py": 12,
    "tests/sw/backend/yosys/test_resources.py": 12,
    "tests/test_proof.py": 12,
    "tests/hw/engine/test_runtime_steps.py": 11,
    "tests/sw/backend/test_deploy.py": 11,
    "tests/sim/board/test_weights.py": 10,
    "tests/docs/test_reference.py": 9,
    "tests/hw/shell/test_streams.py": 8,
    "tests/sw/frontend/test_freeze.py": 8,
    "tests/sw/mapping/search/test_fastest.py": 7,
    "tests/sim/board/test_fault_runs.py": 6,
    "tests/sw/mapping/plan/test_program.py": 6,
    "tests/sw/train/zoo/test_zoo.py": 6,
    "tests/sw/backend/vivado/test_flow.py": 5,
    "tests/sw/cli/test_main.py": 5,
    "tests/sw/mapping/search/test_schedule.py": 5,
    "tests/hw/ps7/test_control.py": 4,
    "tests/sim/board/test_driver_older.py": 4,
    "tests/sim/board/test_driver_packed.py": 4,
    "tests/sim/board/test_driver_ps7.py": 4,
    "tests/sw/backend/hls/test_depths.py": 4,
    "tests/sw/bench/neurons/test_spikepack_vs_lif.py": 4,
    "tests/sw/frontend/onnx/test_read.py": 4,
    "tests/sw/nn/test_export_trained.py": 4,
    "tests/test_imports.py": 4,
    "tests/test_tables.py": 4,
    "tests/test_tiers.py": 4,
}
"""Of one core, with a warm cache: what the long files take, the longest first. They start first, so
that no core waits for one at the end. ``PYTEST_ADDOPTS=--junitxml=FILE make test`` has the times.
"""

SHORT = 0.8
"""Seconds of any other file."""


def any_of(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def mark(items: list[pytest.Item]) -> None:
    """Mark every test with its tier, and put the long files first."""
    for item in items:
        if any_of(item.nodeid, CHECK):
            item.add_marker(pytest.mark.check)
        if any_of(item.nodeid, PROOF):
            item.add_marker(pytest.mark.proof)
    place = {name: number for number, name in enumerate(SECONDS)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))
