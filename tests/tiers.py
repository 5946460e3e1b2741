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
    "tests/test_replay.py": 134,
    "tests/hw/memory/test_loading.py": 74,
    "tests/hw/test_networks.py": 74,
    "tests/hw/engine/test_corners.py": 73,
    "tests/hw/test_emit.py": 71,
    "tests/sim/network/test_random_networks.py": 65,
    "tests/sw/backend/bitstream/test_build.py": 61,
    "tests/hw/engine/test_stage.py": 47,
    "tests/hw/shell/test_load.py": 44,
    "tests/sim/cocotb_benches/test_shell.py": 27,
    "tests/hw/shell/test_random_jobs.py": 26,
    "tests/sim/cocotb_benches/test_top.py": 26,
    "tests/sim/board/test_networks.py": 25,
    "tests/hw/shell/test_faults.py": 23,
    "tests/sim/board/test_pynq.py": 21,
    "tests/sw/backend/nextpnr/test_flow.py": 21,
    "tests/sw/mapping/cycle_model/test_cycle_model.py": 21,
    "tests/sim/board/test_driver.py": 20,
    "tests/hw/shell/test_shell.py": 18,
    "tests/sw/test_accelerator.py": 18,
    "tests/synthesis/test_calibrate.py": 16,
    "tests/sim/network/test_fewer_steps.py": 15,
    "tests/hw/shell/test_bursts.py": 14,
    "tests/sw/backend/nextpnr/test_failures.py": 14,
    "tests/sw/backend/yosys/test_batches.py": 14,
    "tests/sw/bench/sweep/test_run.py": 14,
    "tests/sw/train/test_loop.py": 14,
    "tests/synthesis/test_baselines.py": 14,
    "tests/test_notebook.py": 12,
    "tests/sim/board/test_weights.py": 11,
    "tests/sim/network/test_every_kind.py": 11,
    "tests/sw/backend/test_deploy.py": 11,
    "tests/sw/backend/vivado/test_command.py": 11,
    "tests/hw/engine/test_residual.py": 10,
    "tests/hw/engine/test_runtime_steps.py": 10,
    "tests/sw/backend/yosys/test_resources.py": 10,
}
"""Of one core, with a warm cache: what the long files take, the longest first. They start first, so
that no core waits for one at the end.
"""

SHORT = 1.5
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
