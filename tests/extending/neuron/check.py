"""Run where the neuron is added: the same spikes in golden model, RTL, cycle model and C++."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from spikeloom.errors import UnsupportedError
from spikeloom.frontend.onnx.write import write_model
from spikeloom.ir import golden
from spikeloom.ir.fewer_steps import most_steps
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import NEURONS, Neuron, Raw
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code, Ints
from spikeloom.mapping.cycle_model import BACK_TO_BACK, ONE_AT_A_TIME, simulate
from spikeloom.mapping.estimate.resources import plan_costs
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom.mapping.plan.plan_file import load, save
from spikeloom.progress import silent
from spikeloom.report.membrane import histograms
from spikeloom.verify.torch_model import torch_words

from tests.hw.bench import run
from tests.sw.backend.hls import small

STEPS = 4


def by_hand(theta: int, drives: list[int]) -> list[int]:
    """The spikes of one neuron, as a person would find them."""
    membrane, rests, spikes = 0, False, []
    for drive in drives:
        membrane += drive
        fires = membrane >= theta and not rests
        membrane = 0 if fires else membrane
        rests = fires
        spikes.append(int(fires))
    return spikes


def resting(count: int, theta: int) -> Neuron:
    return NEURONS["resting"](Code(STEPS, 1), np.full(count, theta))


def network(seed: int, input_base: int) -> Graph:
    rng = np.random.default_rng(seed)
    zero = np.zeros(4, dtype=np.int64)
    weight = rng.integers(-3, 8, (4, 2, 2, 2))
    first = Layer("a", "x", weight, resting(4, 9), rng.integers(-2, 5, 4), zero, zero)
    second = Layer("b", "a", rng.integers(-3, 8, (4, 4, 1, 1)), resting(4, 5), zero, zero, zero)
    last = Layer("c", "b", rng.integers(-4, 4, (4, 4, 2, 2)), Raw(None), zero, zero, zero)
    entry = Input("x", (2, 3, 3), (2, 3, 3), Code(STEPS, input_base))
    return Graph("toy", (entry, first, second, last), np.ones(4), np.zeros(4))


FOLDINGS = (
    {"a": Folding("event", 2, 1, 1, 4), "b": Folding("event", 4, 2, 2, 2, neurons=1)},
    {"a": Folding("dense", 2, elements=2, windows=2, neurons=1), "b": Folding("dense", 2)},
)


def words_equal(found: Ints, graph: Graph, words: Ints) -> None:
    assert np.array_equal(found, golden.trace(graph, words)[graph.output.name])


def hardware(plan: Plan, words: Ints) -> None:
    """At every number of time steps that the hardware can run."""
    for steps in range(1, most_steps(plan.graph) + 1) if plan.fewer_steps else (None,):
        ran = plan.with_steps(steps)
        found = run(plan, words, steps=steps)
        timing = simulate(ran, words, BACK_TO_BACK)
        words_equal(found.values, ran.graph, words)
        assert (found.first, found.last) == (timing.first.tolist(), timing.last.tolist())
        assert found.counters == timing.counters()
    words_equal(run(plan, words, single=True, idle=0.2, stall=0.3).values, plan.graph, words)


def main(folder: Path) -> None:
    neuron = resting(1, 5)
    for drives in product((-3, 0, 2, 5, 9), repeat=STEPS):
        currents = np.array(drives).reshape(STEPS, 1, 1, 1, 1)
        spikes = neuron.code.planes(neuron.fire_steps(currents)).reshape(-1).tolist()
        assert spikes == by_hand(5, list(drives)), (drives, spikes)
    for seed, (base, foldings) in enumerate(product((1, 2), FOLDINGS)):
        graph = network(seed, base)
        rest = {"c": Folding("dense", 2, elements=4)}
        plan = Plan(graph, {**foldings, **rest}, "pynq-z2", 100.0, {}, "none")
        words = np.random.default_rng(seed).integers(0, 1 << STEPS, (3, 2, 3, 3))
        save(plan, folder / "plan")
        again = load(folder / "plan")
        words_equal(golden.integers(again.graph, words), graph, words)
        hardware(replace(again, fewer_steps=base == 1), words)
        assert all(cost.lut > 0 for cost in plan_costs(plan).values())
        assert len(list(histograms(graph, words))) == 3
        found = small.run(plan, folder / "hls", words)
        assert not found.differences and found.equal_outputs == found.outputs
        expected = simulate(plan, words, ONE_AT_A_TIME).counters()
        assert found.run.counters["b.spikes[0]"] == expected["b.spikes[0]"]
    for refuses in (
        lambda: write_model(graph, folder / "model.onnx"),
        lambda: torch_words(graph, words.astype(np.float32), silent),
    ):
        try:
            refuses()
        except UnsupportedError as error:
            assert "resting: expected a kind that" in str(error), error
        else:
            raise AssertionError("a table has a row that nobody wrote")
    assert not (folder / "model.onnx").exists()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
