"""The widest numbers there are: 16 time steps, thresholds of 62 bits, beats of more than 64 bits, a
spiking output.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.plan import Folding

from tests.network_layers import plan_of
from tests.sw.backend.hls.small import run, words_for


def test_wide(tmp_path: Path) -> None:
    rng, zero = np.random.default_rng(4), np.zeros(3, dtype=np.int64)
    source = Input("x", (6, 2, 2), (6, 2, 2), Code(16, signed=True))
    weight = rng.integers(-128, 128, (3, 6, 1, 1))
    # 16^14 times a threshold is just below 2^62; drives of about 2^25 meet only the lowest places.
    fire = SpikePack(Code(15, 16), np.array([63, 1, 40], dtype=np.int64), zero)
    layer = Layer(
        "a", "x", weight, fire, np.array([0, 5, -(1 << 20)]), np.array([0, 1, 0]), zero, shift=2
    )
    graph = Graph("wide", (source, layer), np.ones(3), np.zeros(3))
    plan = plan_of(graph, {"a": Folding("parallel", 6, elements=3, windows=2)})
    found = run(plan, tmp_path, words_for(plan, 12))
    assert not found.differences and found.equal_outputs == found.outputs == 144
    assert found.run.words.max() > 1 << 4
