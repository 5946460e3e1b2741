"""Beats of many words: sums over all of them are right in compiled simulations too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.plan import Folding
from spikeloom_hw.emit import emit
from spikeloom_sim.network.network import Network

from tests.network_layers import plan_of

WORDS = 32


def test_words_that_are_not_zero_are_counted_in_a_wide_beat(tmp_path: Path) -> None:
    rng, zero = np.random.default_rng(0), np.zeros(2, dtype=np.int64)
    layer = Layer("fc", "x", rng.integers(-3, 4, (2, WORDS, 1, 1)), Raw(None), zero, zero, zero)
    graph = Graph("wide", (Input("x", (WORDS, 1, 1), (WORDS,), Code(4)), layer))
    emit(plan_of(graph, {"fc": Folding("event", WORDS)}), tmp_path)
    words = rng.integers(0, 16, (5, WORDS, 1, 1)) * rng.integers(0, 2, (5, WORDS, 1, 1))
    assert Network(tmp_path).run(words).counters["x.nonzero"] == np.count_nonzero(words)
