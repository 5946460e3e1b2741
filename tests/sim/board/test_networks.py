"""Whole networks in their shell on the simulated board, through raw registers: golden outputs, the
cycle model's times and counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.interface.manifest import Manifest
from spikeloom.ir import golden
from spikeloom.ir.nodes import Input
from spikeloom.ir.number import Code, Ints
from spikeloom.mapping import cycle_model
from spikeloom.mapping.cycle_model import BACK_TO_BACK, ONE_AT_A_TIME, Timing
from spikeloom.mapping.estimate.cycles import network_interval
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom_hw.emit import manifest as describe
from spikeloom_hw.emit import shell_text, verilog_text
from spikeloom_sim.board import Simulation, random_memory
from spikeloom_sim.board.bench import bench
from spikeloom_sim.board.build import HARNESS
from spikeloom_sim.network import verilate

from tests.network_layers import Builder
from tests.networks import finish, plan_of, random_foldings, random_plan, random_words
from tests.sim.board.raw import Host, Outcome

WIDE = 0
"""Words of 12 bits, which are 16 in memory."""

PACKED = 1
"""96 words of one bit, all in one beat: one and a half words of memory, and one value out."""

SEEDS = {WIDE: 64, PACKED: 64, 43: 128, 44: 64, 53: 64, 60: 128, 61: 64, 65: 128, 103: 64}
"""Random networks to bits of a memory word: maps and vectors, integers and spikes, a beat below and
above a memory word; 43 is answered before its last spikes have come.
"""

IMAGES = 5


@dataclass(frozen=True, eq=False)
class Case:
    """words: (N, C, H, W). output: (N, O, H, W) as it leaves the network. timing: by ``single``."""

    manifest: Manifest
    words: Ints
    output: Ints
    timing: dict[bool, Timing]

    @property
    def fed(self) -> bool:
        """Whether a memory word holds a beat, so that memory need never be waited for."""
        return (
            self.manifest.input.group * self.manifest.input.container_bits
            <= self.manifest.memory_width
        )


def random_plan_of(seed: int) -> Plan:
    rng = np.random.default_rng(seed)
    if seed not in (WIDE, PACKED):
        return random_plan(rng)
    if seed == PACKED:
        builder = Builder(rng, Input("x", (96, 1, 1), (96,), Code(1)), False)
        builder.layer(builder.weights(1, 96, (1, 1)), last=True)
        return plan_of(finish(builder), {builder.last: Folding("dense", 96)})
    builder = Builder(rng, Input("x", (3, 2, 3), (3, 2, 3), Code(12)), False)
    builder.layer(builder.weights(5, 3, (2, 2)), last=True)
    graph = finish(builder)
    return plan_of(graph, random_foldings(rng, graph))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Case]]:
    """Random networks with their shells, in one library."""
    folder = tmp_path_factory.mktemp("networks")
    found, sources = [], []
    for seed, width in SEEDS.items():
        plan = random_plan_of(seed)
        words = random_words(np.random.default_rng(seed), plan.graph, IMAGES)
        top = verilog_text(plan)
        manifest = replace(
            describe(plan, top), memory_width=width, address_width=32 if width == 64 else 40
        )
        paths = (folder / f"shell{seed}.v", folder / f"top{seed}.v")
        for path, text in zip(paths, (shell_text(manifest), top), strict=True):
            path.write_text(text, encoding="utf-8")
        sources.append(verilate.Source(paths, bench(manifest.address_width, manifest.memory_width)))
        timing = {
            True: cycle_model.simulate(plan, words, ONE_AT_A_TIME),
            False: cycle_model.simulate(plan, words, BACK_TO_BACK),
        }
        found.append(
            Case(manifest, words, golden.trace(plan.graph, words)[plan.graph.output.name], timing)
        )
    return verilate.library(folder, sources, optimise="-O0", harness=HARNESS), found


def host_of(cases: tuple[Path, list[Case]], seed: int, high: int = 0) -> tuple[Host, Case]:
    index = list(SEEDS).index(seed)
    case = cases[1][index]
    return Host(Simulation(cases[0], index), case.manifest, high), case


def spikes(counters: dict[str, int]) -> dict[str, int]:
    """Counters that time does not change."""
    return {
        name: count
        for name, count in counters.items()
        if not name.endswith(("busy", "stalled", "starved", "cycles"))
    }


def check(case: Case, outcome: Outcome) -> None:
    """What holds with any memory."""
    assert (outcome.status, outcome.error) == ({"done"}, frozenset())
    np.testing.assert_array_equal(outcome.values, case.output)
    assert spikes(outcome.counters) == spikes(case.timing[True].counters())


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_ideal_memory(cases: tuple[Path, list[Case]], seed: int, single: bool) -> None:
    host, case = host_of(cases, seed)
    assert (host.get("magic"), host.identity) == (0x4D4C5053, case.manifest.identity)
    for _ in range(2):
        outcome, timing = host.run(case.words, single), case.timing[single]
        check(case, outcome)
        if case.fed:
            np.testing.assert_array_equal(outcome.latency, timing.last - timing.first + 1)
            np.testing.assert_array_equal(outcome.interval[1:], np.diff(timing.last))
            assert outcome.counters == timing.counters()
    traffic = host.simulation.traffic
    assert (traffic.reading, traffic.writing) == (0, 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_memories(cases: tuple[Path, list[Case]], seed: int) -> None:
    host, case = host_of(cases, seed, high=0x8_0000_0000 if SEEDS[seed] == 128 else 0)
    for memory in range(10):
        host.simulation.memory(random_memory(100 * seed + memory))
        check(case, host.run(case.words, single=memory % 3 == 0))


def test_networks_of_every_kind(cases: tuple[Path, list[Case]]) -> None:
    assert (
        {case.fed for case in cases[1]}
        == {True, False}
        == {case.manifest.output.code is None for case in cases[1]}
    )
    assert {case.manifest.input.container_bits for case in cases[1]} == {1, 2, 4, 8, 16}


def test_packed_images_come_as_fast_as_the_memory_port_allows(
    cases: tuple[Path, list[Case]],
) -> None:
    """A word of memory in every cycle: two images in three cycles."""
    host, case = host_of(cases, PACKED)
    words = np.concatenate([case.words] * 20)
    outcome = host.run(words, single=False)
    np.testing.assert_array_equal(outcome.values, np.concatenate([case.output] * 20))
    assert network_interval(replace(random_plan_of(PACKED), density={"x": 1.0})) == 1.5
    assert abs(int(outcome.interval.sum()) - 1.5 * (len(words) - 1)) <= 1
