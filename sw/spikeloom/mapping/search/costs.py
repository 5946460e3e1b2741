"""What a folding costs, as numbers that can be added and priced: LUTs, registers, block RAMs of 18
kbit, multipliers, UltraRAMs.

The estimates are those of :mod:`spikeloom.mapping.estimate`; what several foldings have in common
is estimated once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields

import numpy as np
import numpy.typing as npt

from spikeloom.mapping.estimate.bodies import body
from spikeloom.mapping.estimate.components import Part, fifo, source
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.network import entering, gather, leaving, regroups, watching
from spikeloom.mapping.estimate.neurons import units
from spikeloom.mapping.estimate.resources import unrounded
from spikeloom.mapping.plan.plan import Folding, Plan, Stage
from spikeloom.mapping.search.legal_foldings import folded

Vector = npt.NDArray[np.float64]
RESOURCES = tuple(field.name for field in fields(Cost))


def vector(cost: Cost) -> Vector:
    """A cost in the order of ``RESOURCES``."""
    return np.array([getattr(cost, name) for name in RESOURCES], dtype=np.float64)


def needed(parts: Iterable[Part]) -> Vector:
    """What some parts take together, not rounded."""
    found = unrounded(parts)
    return np.array([found[name] for name in RESOURCES])


class Costs:
    """Costs of one stage by folding, and of the streams that lead to it.

    Parameters
    ----------
    plan: of the stage. stage: with any folding. family: of the FPGA.
    """

    def __init__(self, plan: Plan, stage: Stage, family: str):
        self.plan, self.stage, self.family = plan, stage, family
        self.first = stage.name == next(
            edge.target for edge in plan.edges if edge.source == plan.graph.input.name
        )
        self.last = stage.name == plan.graph.output.name
        self.known: dict[tuple[object, ...], Vector] = {}

    def once(self, key: tuple[object, ...], parts: Callable[[], Iterable[Part]]) -> Vector:
        if key not in self.known:
            self.known[key] = needed(parts())
        return self.known[key]

    def of(self, f: Folding) -> Vector:
        """Everything of the stage, with what watches it in the network and what the ends of the
        network take for it.

        The streams that lead to it are not in it.
        """
        s, family, name = folded(self.stage, f), self.family, self.stage.name
        key = (f.body, f.group, f.banks, f.ports, f.elements, f.windows)
        total = self.once(
            ("body", *key, s.neuron_cycles, f.weights), lambda: body(s, name, "body", family)
        )
        total = total + self.once(("source", *key), lambda: source(s, name, "source", family))
        total = total + self.once(("watch", *key), lambda: watching(s, self.plan.checksums))
        total = total + self.once(
            ("head", f.elements, f.windows, f.neurons), lambda: units(s, family)
        )
        if self.first:
            total = total + self.once(("enter", f.group), lambda: entering(self.plan, f.group))
        if self.last:
            total = total + self.once(("leave", f.elements), lambda: leaving(s))
        if f.windows > 1:
            total = total + self.once(
                ("gather", f.elements, f.windows), lambda: [gather(s, family)]
            )
        skip = s.skip_stage
        if skip is not None:
            total = total + self.once(
                ("skip", f.elements, f.windows),
                lambda: [
                    *source(skip, name, "skip source", family),
                    *body(skip, name, "skip body", family),
                ],
            )
        return total

    def stream(self, i_group: int, o_group: int, word: int) -> Vector:
        """From one group to another; ``word`` in bits."""
        return self.once(
            ("stream", i_group, o_group, word),
            lambda: regroups(self.stage.name, "i regroup", i_group, o_group, word),
        )

    def waiting(self, o_group: int, word: int, depth: int) -> Vector:
        """A FIFO of a residual."""
        return self.once(
            ("fifo", o_group, word, depth),
            lambda: [fifo(self.stage.name, "skip fifo", o_group * word, depth, self.family)],
        )
