"""Run where the layer is added: the same words in golden model, RTL, cycle model, C++ and torch."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw, SpikePack
from spikeloom.ir.nodes import NODES, Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate
from spikeloom.mapping.estimate.resources import plan_costs
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom.mapping.plan.plan_file import load, save
from spikeloom.progress import silent
from spikeloom.verify.torch_model import torch_words

from tests.hw.bench import run
from tests.sw.backend.hls import small


def network(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    zero = np.zeros(4, dtype=np.int64)
    fire = SpikePack(Code(3), zero + 9, zero)
    first = Layer("a", "x", rng.integers(-4, 6, (4, 2, 1, 1)), fire, zero, zero, zero)
    blur = NODES["blur"]("b", "a")
    last = Layer("c", "b", rng.integers(-4, 4, (4, 4, 2, 3)), Raw(None), zero, zero, zero)
    entry = Input("x", (2, 4, 5), (2, 4, 5), Code(2))
    return Graph("toy", (entry, first, blur, last), np.ones(4), np.zeros(4))


FOLDINGS = (Folding("depthwise", 4, elements=4), Folding("event", 1), Folding("dense", 1))


def main(folder: Path) -> None:
    for seed, folding in enumerate(FOLDINGS):
        graph = network(seed)
        rest = {"a": Folding("event", 2, 2, 1, 2), "c": Folding("event", 2, 1, 1, 2)}
        plan = Plan(graph, {**rest, "b": folding}, "pynq-z2", 100.0, {}, "none")
        words = np.random.default_rng(seed).integers(0, 4, (3, 2, 4, 5))
        trace = golden.trace(graph, words)
        values = trace["a"]
        wide = np.pad(values, ((0, 0), (0, 0), (0, 0), (1, 1)))
        assert np.array_equal(trace["b"], wide[..., :-2] + 2 * values + wide[..., 2:])
        save(plan, folder / "plan")
        again = load(folder / "plan")
        found, timing = run(again, words), simulate(again, words, BACK_TO_BACK)
        assert np.array_equal(found.values, trace["c"])
        assert (found.first, found.last) == (timing.first.tolist(), timing.last.tolist())
        assert found.counters == timing.counters()
        assert all(cost.lut > 0 for cost in plan_costs(plan).values())
        c = small.run(plan, folder / "hls", words)
        assert not c.differences and c.equal_outputs == c.outputs
        for name, seen in torch_words(graph, words.astype(np.float32), silent).items():
            assert np.array_equal(seen, trace[name]), name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
