"""The random networks themselves: legal, varied enough, the same for the same seed, and not all of
one word.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from spikeloom.ir import golden

from tests.networks import coverage, folding_coverage, random_graph, random_plan, random_words

COUNT = 250

WANTED = [
    *(
        f"kind: {kind}"
        for kind in ("linear", "conv", "depthwise", "grouped", "max pool", "sum pool")
    ),
    *(f"neuron: {kind}" for kind in ("SpikePack", "Thresholds", "Raw")),
    *(
        f"neuron: {leak} {reset} {drive}"
        for leak in ("IF", "LIF")
        for reset in ("soft", "hard")
        for drive in ("per step", "one current")
    ),
    *(f"T: {steps}" for steps in range(1, 9)),
    *(f"tau: {base}" for base in range(1, 5)),
    *(f"weight width: {width}" for width in range(1, 9)),
    *(f"stride: {stride}" for stride in (1, 2, 3)),
    *(f"body: {body}" for body in ("event", "dense", "parallel", "depthwise", "max")),
    *(
        f"{number}: 2 or more"
        for number in ("banks", "ports", "elements", "windows", "neurons", "folds")
    ),
    *(f"regroup: {kind}" for kind in ("none", "up", "down", "both")),
    *(f"input: {kind}" for kind in ("unsigned", "signed", "events")),
    *(
        "residual: per step",
        "residual: from the input",
        "residual: signed",
        "max pool, flipped",
        "max pool, signed",
    ),
    *("padding: asymmetric", "signed output words", "tie flags", "negated"),
]


def test_everything_comes_up() -> None:
    seen: Counter[str] = Counter()
    for seed in range(COUNT):
        plan = random_plan(seed)
        seen += coverage(plan.graph) + folding_coverage(plan)
    assert not [name for name in WANTED if not seen[name]]
    assert seen["net with three or more layers"] >= COUNT / 2
    assert seen["net with residual or depthwise"] >= COUNT / 4


def test_outputs_are_mixed() -> None:
    constant = nodes = 0
    density = []
    for seed in range(60):
        graph = random_graph(seed)
        trace = golden.trace(graph, random_words(np.random.default_rng(seed), graph, 8))
        for node in graph.nodes[1:]:
            code = graph.codes[node.name]
            nodes += 1
            constant += trace[node.name].min() == trace[node.name].max()
            if code is not None:
                density.append(code.planes(trace[node.name]).mean())
    assert constant <= nodes // 20
    assert 0.25 < np.median(density) < 0.65


def test_the_same_seed_gives_the_same_network() -> None:
    for seed in range(5):
        a, b = random_plan(seed), random_plan(seed)
        assert a.foldings == b.foldings
        words = random_words(np.random.default_rng(seed), a.graph, 3)
        assert (golden.integers(a.graph, words) == golden.integers(b.graph, words)).all()
