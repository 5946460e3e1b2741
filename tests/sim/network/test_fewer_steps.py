"""Fewer time steps in the Verilated hardware and on the simulated board, through pynq's own
classes: every number of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom import Accelerator
from spikeloom.driver import Accelerator as Driver
from spikeloom.driver import errors
from spikeloom.driver.measurement import Measurement
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import golden
from spikeloom.ir.fewer_steps import most_steps
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer, SumPool
from spikeloom.ir.number import Code
from spikeloom.mapping import cycle_model
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom_hw.emit import emit, manifest, verilog_text
from spikeloom_sim.board import SimulatedBoard
from spikeloom_sim.network.batch import join
from spikeloom_sim.network.network import Network

from tests.networks import plan_of, random_foldings, random_words
from tests.sw.ir.test_fewer_steps import networks

COUNT = 4


def chosen(seed: int, graph: Graph) -> Plan:
    return replace(plan_of(graph, random_foldings(seed, graph)), fewer_steps=True)


@pytest.fixture(scope="module")
def random_networks(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, Plan, Network]]:
    plans = [(seed, chosen(seed, graph)) for seed, graph in networks(COUNT, 2000, 1200)]
    texts = [verilog_text(plan) for _, plan in plans]
    made = join(
        tmp_path_factory.mktemp("fewer"),
        [(manifest(plan, text), text) for (_, plan), text in zip(plans, texts, strict=True)],
    )
    return [(seed, plan, network) for (seed, plan), network in zip(plans, made, strict=True)]


@pytest.mark.parametrize("index", range(COUNT))
def test_random_networks(random_networks: list[tuple[int, Plan, Network]], index: int) -> None:
    """Outputs are the golden model's, every cycle and count the cycle model's."""
    seed, plan, network = random_networks[index]
    words = random_words(np.random.default_rng(seed), plan.graph, 3)
    for steps in range(1, most_steps(plan.graph) + 1):
        fewer = plan.with_steps(steps)
        mode, model = [("single", cycle_model.ONE_AT_A_TIME), ("stream", cycle_model.BACK_TO_BACK)][
            steps % 2
        ]
        found, expected = (
            network.run(words, mode, steps=steps),
            cycle_model.simulate(fewer, words, model),
        )  # type: ignore[arg-type]
        np.testing.assert_array_equal(
            found.values, golden.integers(fewer.graph, words), err_msg=f"{seed}, {steps}, {mode}"
        )
        assert found.counters == expected.counters(), (seed, steps, mode)
        assert (found.first.tolist(), found.last.tolist()) == (
            expected.first.tolist(),
            expected.last.tolist(),
        ), (seed, steps, mode)
    assert network.run(words).counters == network.run(words, steps=most_steps(plan.graph)).counters


def late_rows() -> Graph:
    """Images of six rows, of which a strided layer needs five: the first layer still works when the
    answer is out. LIF at the end.
    """
    rng, zero, one = (
        np.random.default_rng(3),
        np.zeros(4, dtype=np.int64),
        np.ones(4, dtype=np.int64),
    )
    source = Input("x", (1, 6, 6), (1, 6, 6), Code(4))
    first = Layer(
        "a",
        "x",
        rng.integers(-3, 4, (4, 1, 1, 1)),
        SpikePack(Code(4), 5 * one, zero),
        3 * one,
        zero,
        zero,
    )
    second = Layer(
        "b",
        "a",
        rng.integers(-3, 4, (4, 4, 1, 1)),
        SpikePack(Code(3), 9 * one, zero),
        4 * one,
        zero,
        zero,
        stride=(4, 2),
    )
    third = Layer(
        "c",
        "b",
        rng.integers(-2, 4, (4, 4, 1, 1)),
        LIF(Code(5, 1), 6 * one, 2, False),
        one,
        zero,
        zero,
        skip=None,
    )
    pool = SumPool("p", "c", (1, 3), (1, 1), (0, 0, 0, 0))
    last = Layer("d", "p", rng.integers(-5, 6, (4, 4, 2, 1)), Raw(None), 7 * one, zero, zero)
    return Graph(
        "late", (source, first, second, third, pool, last), np.array([0.5, 1, 2, 4]), np.arange(4.0)
    )


FOLDING = {
    "a": Folding("event", 1),
    "b": Folding("event", 4, elements=4),
    "c": Folding("event", 4, banks=2, elements=2, neurons=2),
}


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory: pytest.TempPathFactory) -> Accelerator:
    graph, folder = late_rows(), tmp_path_factory.mktemp("board")
    plan = replace(
        plan_of(
            graph, {**FOLDING, "p": Folding("depthwise", 2, elements=2), "d": Folding("dense", 2)}
        ),
        fewer_steps=True,
    )
    plan_file.save(plan, folder)
    emit(plan, folder)
    return Accelerator.load(folder)


@pytest.fixture
def driver(accelerator: Accelerator) -> Iterator[Driver]:
    with SimulatedBoard(accelerator.folder) as board, Driver(board.bitstream) as driver:
        yield driver


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 16, (9, 1, 6, 6)).astype(np.float32)


def test_driver_answers_as_golden_in_any_order(
    accelerator: Accelerator, driver: Driver, x: np.ndarray
) -> None:
    """Numbers of steps change from job to job, while the network may still work on rows of the job
    before.
    """
    for steps in (5, 1, 4, 1, 2, None, 3, 2, 5, None):
        expected = accelerator.golden(x, steps=steps)
        assert np.array_equal(driver.predict(x, steps=steps), expected), steps
        values = golden.integers(accelerator.plan.with_steps(steps).graph, accelerator.words(x))
        assert np.array_equal(driver.execute(x, steps=steps), values[:, :, 0, 0]), steps
    assert (
        len({accelerator.golden(x, steps=steps).tobytes() for steps in range(1, 6)}) == 4
    )  # with 4 and 5 steps the last one is silent


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_measurement_is_what_the_models_say(
    accelerator: Accelerator, driver: Driver, x: np.ndarray, steps: int
) -> None:
    m = driver.measure(x, steps=steps)
    timing = cycle_model.simulate(
        accelerator.plan.with_steps(steps), accelerator.words(x), cycle_model.ONE_AT_A_TIME
    )
    assert (m.steps, m.latencies) == (steps, tuple(timing.latency))
    assert [(s.name, s.spikes, s.nonzero) for s in m.streams] == [
        (n, tuple(c.spikes), c.nonzero) for n, c in timing.streams.items()
    ]
    assert [s.synaptic for s in m.single] == [timing.stages[s.name].synaptic for s in m.single]
    assert Measurement.from_dict(m.to_dict()) == m


def test_everything_inside_runs_so_many(
    accelerator: Accelerator, driver: Driver, x: np.ndarray
) -> None:
    with driver.running(2):
        assert np.array_equal(driver.predict(x), accelerator.golden(x, steps=2))
        with driver.running(1):
            assert driver.throughput_test(x)["batch_size"] == len(x)
        assert np.array_equal(driver.predict(x), accelerator.golden(x, steps=2))
    assert np.array_equal(driver.predict(x), accelerator.golden(x))
    assert accelerator.simulate(x, steps=2).differences == ()


def test_after_a_failed_job_the_steps_are_right(
    accelerator: Accelerator, driver: Driver, x: np.ndarray
) -> None:
    """A reset takes over what is in the register; the next job looks at what the network runs, not
    at what was written.
    """
    driver.predict(x, steps=2)
    driver.loaded.port.write("steps", 1)
    driver.engine.end()
    assert driver.loaded.port.field("steps_run", "now") == 1
    driver.loaded.port.write("steps", 4)
    assert driver.loaded.port.field("steps_run", "now") == 1
    assert np.array_equal(driver.predict(x, steps=2), accelerator.golden(x, steps=2))
    assert driver.loaded.port.field("capabilities", "steps") == 5


@pytest.mark.parametrize("steps", [0, 6, -1, 1.5])
def test_other_numbers_are_refused(driver: Driver, x: np.ndarray, steps: int) -> None:
    with pytest.raises(errors.InputError, match="time steps"):
        driver.predict(x, steps=steps)
    assert driver.steps == 0


def test_hardware_without_the_choice_says_so(tmp_path: Path, x: np.ndarray) -> None:
    graph = late_rows()
    plan = plan_of(
        graph,
        {node.name: Folding("event", 1) for node in graph.nodes[1:] if node.name != "p"}
        | {"p": Folding("depthwise", 1)},
    )
    plan_file.save(plan, tmp_path)
    emit(plan, tmp_path)
    found = Accelerator.load(tmp_path)
    assert (
        "steps" not in (tmp_path / "rtl" / "top.v").read_text()
        and "readouts" not in (tmp_path / "manifest.json").read_text()
    )
    with pytest.raises(
        SpikeLoomError, match="always runs all 5 time steps; compile it with --fewer-steps"
    ):
        found.simulate(x, steps=2)
    with pytest.raises(SpikeLoomError, match="always runs all its time steps"):
        Network(tmp_path).run(found.words(x), steps=2)
    assert found.golden(x, steps=2).shape == (9, 4)
