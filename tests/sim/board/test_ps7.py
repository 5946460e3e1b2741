"""The top of the open flow below a model of the processing system, around a toy network; and that
the model sees what is wrong.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from spikeloom.interface.registers import register
from spikeloom_sim.board import AxiViolation, BoardError, MemoryModel, Simulation, random_memory

from tests.sim.board.ps7 import BROKEN, BUG, CONSEQUENCES, library, toy
from tests.sim.board.raw import Host

IMAGES = np.random.default_rng(1).integers(0, 32, (7, 3, 1, 10))
ANSWER = IMAGES.reshape(7, -1).sum(axis=1)[:, None] * np.arange(1, 4) - 1000
QUIET = 3000
"""Cycles in which the model of the processor reads for its own sake several times."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("ps7"))


def host(built: Path, memory: MemoryModel | None = None) -> Host:
    return Host(Simulation(built, 0, memory), toy()[1])


def works(host: Host) -> None:
    outcome = host.run(IMAGES)
    assert "done" in outcome.status and not outcome.error
    assert np.array_equal(outcome.values.reshape(7, 3), ANSWER)


def test_jobs_under_random_memories(built: Path) -> None:
    found = host(built)
    assert found.get("magic") == 0x4D4C5053 and found.identity == toy()[1].identity
    for seed in range(40):
        found.simulation.memory(random_memory(seed))
        works(found)


def test_registers_hold_what_bursts_write(built: Path) -> None:
    """Other beats of a burst strobe less than a word: neighbours keep what they had."""
    found, rng = host(built), np.random.default_rng(0)
    names = [
        name for name in ("input_address", "output_address", "images", "input_words", "watchdog")
    ]
    held = {name: 0 for name in names}
    for name in names:
        found.set(name, 0)
    for _ in range(300):
        name = str(rng.choice(names))
        held[name] = int(rng.integers(0, 1 << 32))
        found.set(name, held[name])
        assert {name: found.get(name) for name in names} == held


def test_nothing_is_lost_at_a_reset(built: Path) -> None:
    """The processor knows nothing of the fabric's reset: what it asks for then waits."""
    found = host(built)
    for cycles in range(6, 20):
        found.simulation.reset(cycles)
        assert found.get("magic") == 0x4D4C5053
        found.set("images", cycles)
        found.simulation.reset(cycles)
        assert found.get("images") == 0
    works(found)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_wire_is_named(built: Path, name: str) -> None:
    number, _, _, says = BROKEN[name]
    found = host(built, MemoryModel(pause=0.4, burst=5))
    with pytest.raises(AxiViolation, match=says):
        found.simulation.write(BUG, number)
        for _ in range(8):
            found.begin(IMAGES, False)
            found.simulation.advance(1_100_000 if name == "RREADY" else QUIET)
            for _ in range(5):
                found.get("magic")
                found.set("watchdog", 0)
    found.simulation.forgive()
    found.simulation.load()
    works(found)


@pytest.mark.parametrize("name", CONSEQUENCES)
def test_a_wire_that_breaks_no_rule_has_consequences(built: Path, name: str) -> None:
    found = host(built)
    number = CONSEQUENCES[name][0]
    if name == "no BVALID":
        with pytest.raises(BoardError, match="no answer in 10000 cycles"):
            found.simulation.write(BUG, number)
        return
    found.simulation.write(BUG, number)
    address, seen = register("watchdog").offset, set()
    for value in range(60):
        found.simulation.write(address, value)
        found.simulation.write(address + 8, 0)
        seen.add(found.simulation.read(address) == value)
    assert False in seen or found.identity != toy()[1].identity
