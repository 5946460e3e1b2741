"""Fewer time steps at run time: the same network, in which every neuron stops after its first
planes.

Words keep their T planes and their place values; the planes that are missing are 0. What changes is
where a neuron rounds:

* SpikePack, base 2: x is a multiple of S = 2^(T-T'). With (S - 1) / 2 thresholds more in beta the
  mean error is that of all T planes: half a threshold, where there is one, moves on to the last
  plane that is sent. Halves go up; ties are cleared with all planes alone.
* SpikePack, base 3 and above: the greedy floor stays, with fewer places.
* Table: the steps of the coarser code lie between those of the finer one, where a straight line
  through its neighbours has them.
* IF and LIF: T' steps are run. A network that ends in a sum over time steps answers T / T' times
  the sum that it has.

The network's input stays whole, but that IF and LIF read only T' steps of a spike train.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.ir.graph import Graph, Input, Layer, Node
from spikeloom.ir.neurons import LIF, Raw, SpikePack, Table
from spikeloom.ir.number import Code, Ints, cut, integer

Rates = dict[str, Fraction]
"""T / T' of every node whose values are sums over time steps, of which some are missing; 1
elsewhere.
"""


def most_steps(graph: Graph) -> int:
    """Time steps of the network: those of its longest neuron; 1 without neurons."""
    return max((_steps(node) for node in graph.nodes), default=1)


def _steps(node: Node) -> int:
    return (
        node.neuron.code.steps
        if isinstance(node, Layer) and not isinstance(node.neuron, Raw)
        else 1
    )


def checked_steps(graph: Graph, steps: int | None) -> int:
    """How many time steps are run; all for None. Raises SpikeLoomError unless they are 1 to those
    of the network.
    """
    most = most_steps(graph)
    wanted = most if steps is None else integer(steps, "time steps")
    if not 1 <= wanted <= most:
        raise SpikeLoomError(f"{graph.name}: time steps to run: expected 1 to {most}, got {wanted}")
    return wanted


def with_steps(graph: Graph, steps: int | None) -> Graph:
    """The network as it runs with so many time steps; itself with all of them.

    Raises SpikeLoomError where steps is out of range, UnsupportedError naming a layer that cannot
    do with fewer.
    """
    wanted = checked_steps(graph, steps)
    if wanted == most_steps(graph):
        return graph
    rates = _rates(graph, wanted)
    nodes = tuple(_layer(node, wanted) if isinstance(node, Layer) else node for node in graph.nodes)
    rate, beta = rates[graph.output.name], _output_beta(graph)
    if rate == 1:
        return replace(graph, nodes=nodes)
    # scale * (rate * (u - beta) + beta) + bias: beta stands for all time steps already.
    return replace(
        graph,
        nodes=nodes,
        scale=graph.scale * float(rate),
        bias=graph.bias + graph.scale * beta * float(1 - rate),
    )


def _output_beta(graph: Graph) -> Ints:
    """(O,) what is added once to the network's output, whatever the number of time steps."""
    last = graph.output
    if isinstance(last, Layer) and isinstance(last.neuron, Raw):
        return last.beta
    return np.zeros(graph.shapes[last.name][0], dtype=np.int64)


def _rates(graph: Graph, steps: int) -> Rates:
    """Raises UnsupportedError naming a layer that takes a sum over time steps for a number."""
    rates: Rates = {}
    for node in graph.nodes:
        if isinstance(node, Input):
            rates[node.name] = Fraction(1)
        elif not isinstance(node, Layer):
            rates[node.name] = rates[node.source]
        elif isinstance(node.neuron, LIF):
            if not graph.per_step(node):
                _whole(node, rates)
            code = node.neuron.code
            rates[node.name] = Fraction(code.steps, min(code.steps, steps))
        elif (
            isinstance(node.neuron, Raw)
            and node.neuron.code is None
            and (node.skip is None or rates[node.skip] == rates[node.source])
        ):
            rates[node.name] = rates[node.source]
        else:
            _whole(node, rates)
            rates[node.name] = Fraction(1)
    return rates


def _whole(layer: Layer, rates: Rates) -> None:
    for source in (layer.source, *([layer.skip] if layer.skip is not None else [])):
        if rates[source] != 1:
            raise UnsupportedError(
                f"{layer.name}: counts the spikes of {source} over all its time steps, and cannot"
                " do with fewer; run all of them, or let IF or LIF neurons read spike trains step"
                " by step"
            )


def _layer(layer: Layer, steps: int) -> Layer:
    """The layer with its neuron stopped after ``steps`` planes."""
    neuron = layer.neuron
    silent = max(0, _steps(layer) - steps)
    if not silent or isinstance(neuron, Raw):
        return layer
    code = cut(neuron.code, silent)
    if isinstance(neuron, LIF):
        return replace(layer, neuron=replace(neuron, code=code))
    if isinstance(neuron, Table):
        return replace(layer, neuron=Table(code, coarse_thresholds(neuron, silent)))
    # u + a half is at least a whole number exactly where u is: the floor rounds nothing.
    more = (neuron.theta * ((1 << silent) - 1)) >> 1 if code.base == 2 else 0 * neuron.theta
    return replace(
        layer, neuron=SpikePack(code, neuron.theta, 0 * neuron.tie), beta=layer.beta + more
    )


def coarse_thresholds(table: Table, silent: int) -> Ints:
    """(C, 2^(T - silent) - 1) steps half way between the values of the code without its last
    planes.

    Step k of the table is taken to lie half way between its values k - 1 and k, as it does where a
    table rounds to the nearest; between two steps the drive is a straight line. Rounded up, since u
    is an integer.
    """
    fine, coarse = middles(table.code, 0), middles(table.code, silent)
    left = np.minimum(np.searchsorted(fine, coarse, side="right") - 1, len(fine) - 2)
    span, along = (fine[left + 1] - fine[left]).astype(object), (coarse - fine[left]).astype(object)
    low, high = (
        table.thresholds[:, left].astype(object),
        table.thresholds[:, left + 1].astype(object),
    )
    found: Ints = (low - ((low - high) * along) // span).astype(np.int64)
    return found


def middles(code: Code, silent: int) -> Ints:
    """Twice the middles between neighbours among the values of a code without its last planes,
    rising.
    """
    values = code.codebook[:: 1 << silent]
    return np.asarray(values[1:] + values[:-1], dtype=np.int64)
