"""From the exact source network to the proven integer network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from spikeloom.frontend.lower.neurons import lower
from spikeloom.frontend.lower.prove import Proof, prove, unproven
from spikeloom.frontend.lower.tidy import drop_unused, flatten_input
from spikeloom.frontend.lower.warnings import Tabled, notes, tabled
from spikeloom.ir.exact import Quantizer, Source
from spikeloom.ir.graph import Graph
from spikeloom.ir.staircase import Staircase, Tick
from spikeloom.ir.staircase import silent as uncounted
from spikeloom.progress import Progress, silent

Admit = Callable[[Graph], None]
"""Looks at an integer network that is not proven yet. Raises SpikeLoomError where there is no point
in going on.
"""

TIDY = (drop_unused, flatten_input)
"""Passes from graph to graph, in order."""


def anything(graph: Graph) -> None:
    """Refuses nothing."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """An integer network, what was proven about it, one record per layer, and which of its layers
    became tables of thresholds.
    """

    graph: Graph
    proofs: tuple[Proof, ...]
    tables: tuple[Tabled, ...] = ()


def check(graph: Graph) -> None:
    """Shapes and formats of every node fit. Raises SpikeLoomError naming the node."""
    _ = graph.shapes, graph.codes


def prove_all(
    graph: Graph, stairs: dict[str, Staircase], tick: Tick = uncounted
) -> tuple[Proof, ...]:
    """Check every layer against its source's staircase. Raises SpikeLoomError naming layer and
    channel.
    """
    return tuple(
        prove(layer, stairs[layer.name], tick) if layer.neuron.staircase else unproven(layer)
        for layer in graph.layers
    )


def counting(source: Source, progress: Progress) -> Tick:
    """Adds up what it hears: every step of the source is found once, fitted once and proven
    once.
    """
    activations = [
        layer.activation for layer in source.layers if isinstance(layer.activation, Quantizer)
    ]
    total = 3 * sum(
        channels * steps
        for channels, steps in (activation.cuts.shape for activation in activations)
    )
    done = 0

    def tick(steps: int) -> None:
        nonlocal done
        done += steps
        progress("read", done, total)

    return tick


def compile_source(
    source: Source, admit: Admit = anything, progress: Progress = silent
) -> Compiled:
    """The whole front end behind the reader, top to bottom.

    ``admit`` sees the integer network before the proof and may refuse it; ``progress`` hears how
    many steps are done, and of how many.
    """
    tick = counting(source, progress)
    lowered = lower(source, tick)
    graph = lowered.graph
    check(graph)
    for tidy in TIDY:
        graph = tidy(graph)
        check(graph)
    graph = replace(graph, notes=notes(graph, source, lowered.stairs))
    admit(graph)
    tables = tabled(graph, source, lowered.stairs)
    return Compiled(graph, prove_all(graph, lowered.stairs, tick), tables)
