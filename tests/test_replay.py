"""What is emitted is what was emitted: hashes of thirty networks against those on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from spikeloom.ir.neurons import LIF
from spikeloom.ir.nodes import Layer

from tests import replay
from tests.networks import coverage


@pytest.mark.parametrize("name", replay.NETWORKS)
def test_files_are_those_on_record(name: str, tmp_path: Path) -> None:
    assert replay.hashes(name, tmp_path) == replay.recorded()[name]


def test_headers_are_those_on_record() -> None:
    assert replay.headers() == replay.recorded()["headers"]


def test_the_networks_hold_everything() -> None:
    plans = [make() for make in replay.NETWORKS.values()]
    nodes = [(plan, node) for plan in plans for node in plan.graph.nodes]
    assert {f.body for plan in plans for f in plan.foldings.values()} == {
        "event",
        "dense",
        "parallel",
        "depthwise",
        "max",
    }
    assert {f.weights for plan in plans for f in plan.foldings.values()} == {"auto", "lut", "block"}
    assert {type(node.neuron).__name__ for _, node in nodes if isinstance(node, Layer)} == {
        "SpikePack",
        "Thresholds",
        "LIF",
        "Raw",
    }
    assert {node.kind for _, node in nodes} == {"input", "layer", "max_pool", "sum_pool"}
    lif = [
        (p.graph.per_step(n), n.neuron)
        for p, n in nodes
        if isinstance(n, Layer) and isinstance(n.neuron, LIF)
    ]
    assert {(per_step, neuron.hard_reset, neuron.leak > 0) for per_step, neuron in lif} >= {
        (per_step, hard, leak)
        for per_step in (False, True)
        for hard in (False, True)
        for leak in (False, True)
    }
    seen = sum((coverage(plan.graph) for plan in plans), start=coverage(plans[0].graph))
    wanted = (
        "tie flags",
        "negated",
        "residual: signed",
        "residual: from the input",
        "residual: per step",
        "max pool, flipped",
        "kind: grouped",
    )
    assert all(seen[what] for what in wanted)
    assert {seen[f"tau: {base}"] > 0 for base in (1, 2, 3, 4)} == {True}
    assert (
        sum(bool(plan.rooms) for plan in plans) == 3
        and sum(plan.fewer_steps for plan in plans) == 3
    )
    assert {plan.board for plan in plans} == {"pynq-z2", "zcu104"}


def test_comments_alone_are_left_out_of_headers() -> None:
    text = 'a /* b\n */ # define C 1 // d\nputs("// no /* comment \\" // */"); // e'
    assert replay.code(text, ".hpp").split() == [
        *("a", "#", "define", "C", "1"),
        *('puts("//', "no", "/*", "comment", '\\"', "//", '*/");'),
    ]
    assert replay.code("# a\nset b 1\n  # c", ".tcl").split() == ["set", "b", "1"]
