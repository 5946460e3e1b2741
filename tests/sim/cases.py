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
from spikeloom_sim.network.network import Network

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


def case(seed: int) -> Case:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng)
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
    cases = list(pool().map(case, range(first, first + count)))
    networks = join(Path(mkdtemp(prefix="spikeloom-")), [(c.manifest, c.verilog) for c in cases])
    return list(zip(cases, networks, strict=True))
