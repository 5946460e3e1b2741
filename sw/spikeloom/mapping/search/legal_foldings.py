"""Which foldings a stage may have that keep it within a number of cycles, and no faster than they
must be.

Memories are left open here: they change nothing of how long anything takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from itertools import groupby
from math import prod

from spikeloom.mapping.estimate.cycles import expected_cycles, head_cycles
from spikeloom.mapping.plan.bodies import BODIES, Body
from spikeloom.mapping.plan.plan import Folding, Stage

MAX_WINDOWS = 8
MAX_BANKS = 64
MIN_FLAGS, MAX_FLAGS = 4, 36
"""Flags of one queue word: fewer leave nothing to skip, more make the search for the next spike
slow.
"""


@cache
def divisors(whole: int, most: int) -> tuple[int, ...]:
    """Of ``whole``, in order, none above ``most``."""
    return tuple(d for d in range(1, min(whole, most) + 1) if whole % d == 0)


FIELDS = tuple(field.name for field in fields(Stage))

BOUNDS = ("acc_bound", "u_bound")
"""What is known of a stage whatever its folding, and takes long to find out."""


def folded(stage: Stage, folding: Folding) -> Stage:
    """The stage with another folding, which is not checked, its channels not dealt yet; the bounds
    of its sums stay known.
    """
    for name in BOUNDS:
        getattr(stage, name)
    other = object.__new__(Stage)
    known = {*BOUNDS, *FIELDS}
    other.__dict__.update(
        {name: value for name, value in vars(stage).items() if name in known},
        folding=folding,
        dealing=(),
    )
    return other


def bodies(stage: Stage) -> tuple[Body, ...]:
    """Those that the stage may have."""
    return tuple(body for body in BODIES.values() if body.suits(stage, stage.layer.adds))


def own_cycles(stage: Stage, density: float) -> float:
    """Cycles of an image that the stage itself takes, without its neurons: scan and residual."""
    scan = expected_cycles(stage, density)
    skip = stage.skip_stage
    return scan if skip is None else max(scan, expected_cycles(skip, 1.0))


def lanes(stage: Stage, body: Body) -> Iterator[tuple[int, int, int]]:
    """Group, banks and ports of a body, for each group from few lanes to many."""
    inputs, _ = body.channels(stage)
    if not body.skips:
        yield from ((group, 1, 1) for group in divisors(inputs, inputs))
        return
    for group in divisors(inputs, inputs):
        for banks in divisors(group, MAX_BANKS):
            flags = group // banks
            if flags <= MAX_FLAGS and (flags >= MIN_FLAGS or flags == inputs):
                yield from ((group, banks, ports) for ports in (1, 2) if ports <= flags)


def foldings(stage: Stage, density: float, goal: float, sends: bool) -> Iterator[Folding]:
    """Foldings within ``goal`` cycles of which no number can be less with the same group and
    elements.

    ``sends``: whether a stream leads from the stage to another one.
    """
    inputs, outputs = prod(stage.i_shape), prod(stage.o_shape)
    for body in bodies(stage):
        for group, some in groupby(lanes(stage, body), key=lambda lane: lane[0]):
            choices = [(banks, ports) for _, banks, ports in some]
            if inputs // group > goal:
                continue
            for elements in (
                [group]
                if body.by_channel
                else divisors(stage.o_shape[0] // stage.groups, stage.o_shape[0])
            ):
                if sends and outputs // elements > goal:
                    continue
                start = Folding(body.name, group, *choices[0], elements=elements)
                found = list(least(stage, density, goal, start, choices))
                yield from found
                if start in [replace(folding, neurons=1) for folding in found]:
                    break  # more elements would be idle


def least(
    stage: Stage, density: float, goal: float, start: Folding, choices: list[tuple[int, int]]
) -> Iterator[Folding]:
    """Banks, ports and windows of which none can be less, and the neurons for them."""
    found: list[tuple[int, int, int]] = []
    for windows in divisors(stage.o_shape[2], MAX_WINDOWS):
        for banks, ports in choices:
            if any(w <= windows and b <= banks and p <= ports for w, b, p in found):
                continue
            folding = replace(start, banks=banks, ports=ports, windows=windows)
            if own_cycles(folded(stage, folding), density) <= goal:
                neurons = neuron_counts(folded(stage, folding), goal)
                yield from (replace(folding, neurons=count) for count in neurons)
                if neurons:
                    found.append((windows, banks, ports))


def neuron_counts(stage: Stage, goal: float) -> tuple[int, ...]:
    """Neuron units of a folded stage within ``goal`` cycles: the least, and one per element, which
    needs no turning; empty without any.
    """
    elements = stage.folding.elements
    for neurons in divisors(elements, elements):
        if head_cycles(folded(stage, replace(stage.folding, neurons=neurons))) <= goal:
            return (neurons,) if neurons == elements else (neurons, elements)
    return ()
