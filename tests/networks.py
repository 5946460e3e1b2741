"""Random networks, foldings and inputs for tests: small, legal, and with outputs that are neither
all 0 nor saturated.

``python -m tests.networks --count 1000`` prints how often each kind of thing came up.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace

import numpy as np
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Input, MaxPool, SumPool
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.plan import Folding, Plan

from tests.network_coverage import coverage, folding_coverage
from tests.network_layers import (
    Builder,
    Rng,
    chance,
    pick,
    plain_folding,
    plan_of,
    random_steps,
    random_words,
)

__all__ = [
    "coverage",
    "folding_coverage",
    "plain_folding",
    "plan_of",
    "random_foldings",
    "random_graph",
    "random_plan",
    "random_words",
]

CHANNELS = (1, 2, 3, 4, 5, 6, 8, 12, 16)
LAYERS = (0.13, 0.2, 0.24, 0.2, 0.14, 0.09)
"""How often 1..6 layers come up."""


def random_graph(rng: Rng | int, layers: int | None = None) -> Graph:
    """A random network; ``layers`` is the least number of nodes after the input."""
    rng = np.random.default_rng(rng)
    while True:
        count = layers or 1 + int(rng.choice(len(LAYERS), p=LAYERS))
        spiking = chance(rng, 0.25)
        builder = Builder(rng, random_input(rng, spiking), spiking)
        for _ in range(30 * count):
            last = len(builder.nodes) >= count
            try:
                grow(builder, last)
            except SpikeLoomError:
                continue
            if last:
                return finish(builder)


def finish(builder: Builder) -> Graph:
    """Scales that differ by channel, so that nobody mixes them up."""
    outputs = builder.graph.shapes[builder.last][0]
    return Graph(
        "random",
        tuple(builder.nodes),
        2.0 ** -builder.rng.integers(0, 6, outputs),
        builder.rng.integers(-8, 8, outputs) / 4,
    )


def random_input(rng: Rng, spiking: bool) -> Input:
    channels = int(pick(rng, CHANNELS))
    flat = chance(rng, 0.12)
    shape = (
        channels if not flat else int(rng.integers(1, 33)),
        *((1, 1) if flat else (int(n) for n in rng.integers(2, 9, 2))),
    )
    steps = random_steps(rng)
    if chance(rng, 0.6 if spiking else 0.15):
        code = Code(steps, 1 if spiking or chance(rng, 0.4) else pick(rng, (2, 3, 4)))
        return Input("x", shape, (steps, *shape), code, events=True)
    signed = chance(rng, 0.25)
    zero_point = 0 if signed or chance(rng, 0.7) else int(rng.integers(0, 1 << steps))
    real_shape = (shape[0],) if flat else shape
    scale = 2.0 ** -int(rng.integers(0, 9))
    return Input(
        "x",
        shape,
        real_shape,
        Code(steps, 2, signed),
        scale,
        zero_point,
        narrow=signed and chance(rng, 0.3),
    )


def grow(builder: Builder, last: bool) -> None:
    """Append one random node (a shortcut may add one more). Raises SpikeLoomError if it came out
    illegal.
    """
    rng, shape = builder.rng, builder.graph.shapes[builder.last]
    flat = shape[1:] == (1, 1)
    if flat:
        kinds = {linear: 0.65, grouped: 0.12, residual: 0.18, depthwise: 0.05}
    else:
        kinds = {
            conv: 0.25,
            grouped: 0.1,
            depthwise: 0.14,
            pool: 0.18,
            residual: 0.17,
            shortcut: 0.07,
            linear: 0.5 if last else 0.04,
        }
    share = np.array(list(kinds.values()))
    pick(rng, list(kinds), list(share / share.sum()))(builder, last)


def linear(builder: Builder, last: bool) -> None:
    """Every output sees the whole map: the kernel is the map."""
    channels, height, width = builder.graph.shapes[builder.last]
    builder.layer(
        builder.weights(int(builder.rng.integers(1, 17)), channels, (height, width)), last=last
    )


def window(builder: Builder) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Random kernel, stride and padding that fit the last map."""
    rng = builder.rng
    sides = []
    for size in builder.graph.shapes[builder.last][1:]:
        kernel = int(rng.integers(1, 5))
        before, after = (
            (int(rng.integers(0, kernel)) for _ in range(2)) if chance(rng, 0.5) else (0, 0)
        )
        sides.append(
            (
                min(kernel, size + before + after),
                before,
                after,
                int(pick(rng, (1, 2, 3), (0.7, 0.2, 0.1))),
            )
        )
    if chance(rng, 0.5):  # square, as networks mostly are
        sides[1] = sides[0]
    (kh, top, bottom, sh), (kw, left, right, sw) = sides
    return (kh, kw), (sh, sw), (top, left, bottom, right)


def conv(builder: Builder, last: bool) -> None:
    kernel, stride, padding = window(builder)
    weight = builder.weights(
        int(pick(builder.rng, CHANNELS)), builder.graph.shapes[builder.last][0], kernel
    )
    builder.layer(weight, stride=stride, padding=padding, last=last)


def grouped(builder: Builder, last: bool) -> None:
    channels = builder.graph.shapes[builder.last][0]
    groups = int(
        pick(builder.rng, [n for n in range(1, channels + 1) if channels % n == 0][1:] or [1])
    )
    kernel, stride, padding = (
        window(builder)
        if builder.graph.shapes[builder.last][1:] != (1, 1)
        else ((1, 1), (1, 1), (0, 0, 0, 0))
    )
    weight = builder.weights(groups * int(builder.rng.integers(1, 4)), channels // groups, kernel)
    builder.layer(weight, groups=groups, stride=stride, padding=padding, last=last)


def depthwise(builder: Builder, last: bool) -> None:
    channels = builder.graph.shapes[builder.last][0]
    kernel, stride, padding = (
        window(builder)
        if builder.graph.shapes[builder.last][1:] != (1, 1)
        else ((1, 1), (1, 1), (0, 0, 0, 0))
    )
    builder.layer(
        builder.weights(channels, 1, kernel),
        groups=channels,
        stride=stride,
        padding=padding,
        last=last,
    )


def pool(builder: Builder, last: bool) -> None:
    del last
    kernel, stride, padding = window(builder)
    graph, rng = builder.graph, builder.rng
    kind = "max" if graph.code(builder.last).signed or chance(rng, 0.6) else "sum"
    channels = graph.shapes[builder.last][0]
    flip = (
        rng.integers(0, 2, channels)
        if kind == "max" and chance(rng, 0.3)
        else np.zeros(channels, dtype=np.int64)
    )
    place = (builder.name, builder.last, kernel, stride, padding)
    builder.add(MaxPool(*place, flip) if kind == "max" else SumPool(*place))


def residual(builder: Builder, last: bool) -> None:
    """A layer that keeps the map and joins an earlier node of that size, which may be its own
    source or the input.
    """
    rng, shapes = builder.rng, builder.graph.shapes
    here = shapes[builder.last]
    skip = pick(rng, [name for name in shapes if shapes[name][1:] == here[1:]])
    size = [min(int(rng.integers(1, 4)), 2 * side - 1) for side in here[1:]]
    before = [int(rng.integers(0, n)) for n in size]
    padding = (before[0], before[1], size[0] - 1 - before[0], size[1] - 1 - before[1])
    groups = here[0] if shapes[skip][0] == here[0] and chance(rng, 0.2) else 1
    weight = builder.weights(shapes[skip][0], here[0] // groups, (size[0], size[1]))
    builder.layer(weight, skip=skip, groups=groups, padding=padding, last=last)


def shortcut(builder: Builder, last: bool) -> None:
    """Two branches from one node, both with the same stride, that join: a residual block that
    halves the map.
    """
    rng, source, nodes = builder.rng, builder.last, list(builder.nodes)
    outputs, stride = int(pick(rng, CHANNELS)), (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    channels = builder.graph.shapes[source][0]
    try:
        branch = builder.layer(builder.weights(outputs, channels, (1, 1)), stride=stride)
        builder.layer(
            builder.weights(outputs, channels, (3, 3)),
            source,
            branch,
            stride=stride,
            padding=(1, 1, 1, 1),
            last=last,
        )
    except SpikeLoomError:
        builder.nodes = nodes
        raise


def divisor(rng: Rng, number: int, largest: int = 64) -> int:
    """A random divisor, large ones more often."""
    divisors = [n for n in range(1, min(number, largest) + 1) if number % n == 0]
    return (
        max(pick(rng, divisors), pick(rng, divisors)) if chance(rng, 0.6) else pick(rng, divisors)
    )


def random_foldings(rng: Rng | int, graph: Graph) -> dict[str, Folding]:
    """A legal random folding for every node but the input."""
    rng = np.random.default_rng(rng)
    foldings = {node.name: plain_folding(graph, node) for node in graph.nodes[1:]}
    for stage in plan_of(graph, foldings).stages:
        inputs, outputs = stage.i_shape[0] // stage.groups, stage.o_shape[0] // stage.groups
        bodies = ["event", "event", "event", "dense"]
        if stage.i_code.base == 2 and not stage.per_step:
            bodies.append("parallel")
        if (inputs, outputs) == (1, 1):
            bodies += ["depthwise"] * 4
        body = "max" if foldings[stage.name].body == "max" else pick(rng, bodies)
        windows = divisor(rng, stage.o_shape[2]) if chance(rng, 0.6) else 1
        if body in ("max", "depthwise"):
            group = elements = divisor(rng, stage.i_shape[0])
        else:
            group, elements = divisor(rng, inputs), divisor(rng, outputs)
        banks, ports = (divisor(rng, group, 8), pick(rng, (1, 2))) if body == "event" else (1, 1)
        neurons = divisor(rng, elements)
        foldings[stage.name] = Folding(body, group, banks, ports, elements, windows, neurons)
    return foldings


def random_plan(rng: Rng | int, layers: int | None = None) -> Plan:
    """A random network with random foldings, channels dealt to banks at random in about half of its
    layers.
    """
    rng = np.random.default_rng(rng)
    graph = random_graph(rng, layers)
    foldings = random_foldings(rng, graph)
    shuffled = {
        name: f.group for name, f in foldings.items() if f.body == "event" and chance(rng, 0.5)
    }
    return replace(
        plan_of(graph, foldings),
        dealing={name: tuple(rng.permutation(n).tolist()) for name, n in shuffled.items()},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    seen: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.count):
        plan = random_plan(seed)
        seen += coverage(plan.graph) + folding_coverage(plan)
    for name in sorted(seen):
        print(f"{seen[name]:7d}  {name}")


if __name__ == "__main__":
    main()
