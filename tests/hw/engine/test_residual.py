"""Residuals over long branches: the computed FIFO depth is enough, and less would hang."""

from __future__ import annotations

import numpy as np
import pytest
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.plan import Folding, Plan

from tests.hw.bench import run


def long_branch(layers: int, windows: int) -> Plan:
    """``layers`` 3x3 convolutions, their input joined at the last one."""
    rng = np.random.default_rng(layers)
    zero = np.zeros(2, dtype=np.int64)
    nodes: list[Input | Layer] = [Input("x", (2, 6, 4), (2, 6, 4), Code(2))]
    for k in range(layers):
        last = k == layers - 1
        neuron = Raw(None) if last else SpikePack(Code(2), zero + 9, zero)
        weight = rng.integers(-3, 4, (2, 2, 3, 3))
        kappa = np.array([3, -2]) if last else zero
        nodes.append(
            Layer(
                f"c{k}",
                nodes[-1].name,
                weight,
                neuron,
                zero + 4,
                zero,
                kappa,
                0,
                (1, 1),
                (1, 1, 1, 1),
                1,
                "x" if last else None,
            )
        )
    graph = Graph("residual", tuple(nodes))
    return Plan(
        graph,
        {n.name: Folding("dense", 2, elements=2, windows=windows, neurons=2) for n in nodes[1:]},
        "pynq-z2",
        100.0,
        {},
        "none",
    )


@pytest.mark.parametrize(("layers", "windows"), [(1, 1), (2, 1), (3, 2), (4, 1)])
def test_computed_depth_is_enough(layers: int, windows: int) -> None:
    plan = long_branch(layers, windows)
    words = np.random.default_rng(0).integers(0, 4, (3, 2, 6, 4))
    for idle, stall in ((0.0, 0.0), (0.3, 0.5)):
        assert np.array_equal(
            run(plan, words, idle=idle, stall=stall, bound=20_000).values,
            golden.integers(plan.graph, words),
        )


def test_less_depth_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "spikeloom.mapping.plan.plan.fifo_depth", lambda plan, stage, port: int(port.waits)
    )
    plan = long_branch(5, 1)
    assert plan.edges[-1].depth == 1
    with pytest.raises(AssertionError, match="values after"):
        run(plan, np.random.default_rng(0).integers(0, 4, (1, 2, 6, 4)), bound=5_000)


def test_depth_follows_the_branch() -> None:
    depths = [
        next(e.depth for e in long_branch(n, 1).edges if e.port == "skip") for n in range(1, 6)
    ]
    assert depths == sorted(depths) and depths[-1] > depths[0]
