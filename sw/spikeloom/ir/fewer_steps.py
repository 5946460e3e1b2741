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

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import integer


def most_steps(graph: Graph) -> int:
    """Time steps of the network: those of its longest neuron; 1 without neurons."""
    return max((node.time_steps for node in graph.nodes), default=1)


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
    rate = rates(graph, wanted)[graph.output.name]
    nodes = tuple(node.stopped(wanted) for node in graph.nodes)
    if rate == 1:
        return replace(graph, nodes=nodes)
    # scale * (rate * (u - beta) + beta) + bias: beta stands for all time steps already.
    beta = graph.output.added_once(graph.shapes[graph.output.name][0])
    return replace(
        graph,
        nodes=nodes,
        scale=graph.scale * float(rate),
        bias=graph.bias + graph.scale * beta * float(1 - rate),
    )


def rates(graph: Graph, steps: int) -> dict[str, Fraction]:
    """T / T' of every node whose values are sums over time steps, of which some are missing; 1
    elsewhere.

    Raises UnsupportedError naming a layer that takes such a sum for a number.
    """
    found: dict[str, Fraction] = {}
    for node in graph.nodes:
        rate = node.rate([found[source] for source in node.inputs], steps, graph.formats(node))
        if rate is None:
            source = next(source for source in node.inputs if found[source] != 1)
            raise UnsupportedError(
                f"{node.name}: counts the spikes of {source} over all its time steps, and cannot do"
                " with fewer; run all of them, or let IF or LIF neurons read spike trains step by"
                " step"
            )
        found[node.name] = rate
    return found
