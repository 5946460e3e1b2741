"""Random networks with everything that is known about them before the hardware is asked: Verilog,
inputs, golden outputs, cycles.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from spikeloom.interface.manifest import Manifest
from spikeloom.ir import golden
from spikeloom.ir.number import Ints
from spikeloom.mapping import cycle_model
from spikeloom.mapping.cycle_model import BACK_TO_BACK, ONE_AT_A_TIME, Timing
from spikeloom_hw.emit import manifest, verilog_text
from spikeloom_sim.network.batch import join
from spikeloom_sim.network.network import Network, Stalls

from tests.networks import coverage, folding_coverage, random_plan, random_words

IMAGES = 4


@dataclass(frozen=True, eq=False)
class Case:
    """words: (N, C, H, W). values: (N, O, H, W). timing: per mode of the simulation. coverage: what
    the network holds.
    """

    seed: int
    manifest: Manifest
    verilog: str
    words: Ints
    values: Ints
    timing: dict[str, Timing]
    coverage: Counter[str]


def case(seed: int, layers: int | None = None) -> Case:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, layers)
    words = random_words(rng, plan.graph, IMAGES)
    top = verilog_text(plan)
    timing = {
        "single": cycle_model.simulate(plan, words, ONE_AT_A_TIME),
        "stream": cycle_model.simulate(plan, words, BACK_TO_BACK),
    }
    seen = coverage(plan.graph) + folding_coverage(plan)
    return Case(
        seed, manifest(plan, top), top, words, golden.integers(plan.graph, words), timing, seen
    )


@lru_cache(maxsize=1)
def pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


@lru_cache(maxsize=1)
def batch(first: int, count: int) -> list[tuple[Case, Network]]:
    """The networks of seeds ``first`` and up, in one library."""
    return joined(list(pool().map(case, range(first, first + count))))


def joined(cases: list[Case]) -> list[tuple[Case, Network]]:
    """Networks in one library."""
    networks = join(Path(mkdtemp(prefix="spikeloom-")), [(c.manifest, c.verilog) for c in cases])
    return list(zip(cases, networks, strict=True))


def check_times(case: Case, network: Network, mode: str) -> None:
    """Outputs, and every cycle and count, in a run without stalls."""
    result, expected = network.run(case.words, mode), case.timing[mode]
    np.testing.assert_array_equal(
        result.values, case.values, err_msg=f"seed {case.seed}, {mode}: outputs"
    )
    counted = expected.counters()
    different = {
        name: (count, counted.get(name))
        for name, count in result.counters.items()
        if counted.get(name) != count
    }
    assert not different, f"seed {case.seed}, {mode}: counters (hardware, cycle model): {different}"
    assert result.counters.keys() == counted.keys()
    assert (result.first.tolist(), result.last.tolist()) == (
        expected.first.tolist(),
        expected.last.tolist(),
    ), f"seed {case.seed}, {mode}"


def check(case: Case, network: Network) -> None:
    """One image at a time, back to back, and with pauses at both ends, which change no output."""
    check_times(case, network, "single")
    check_times(case, network, "stream")
    for stalls in (
        Stalls(0.3, 0.3, 3, case.seed),
        Stalls(0, 0.6, 20, case.seed),
        Stalls(0.6, 0, 20, case.seed),
    ):
        result = network.run(case.words, "stream", stalls)
        np.testing.assert_array_equal(
            result.values, case.values, err_msg=f"seed {case.seed}, {stalls}"
        )
