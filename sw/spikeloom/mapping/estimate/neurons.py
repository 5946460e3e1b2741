"""What the neuron units of a stage are made of, and the tables of their numbers: one row per kind
of neuron.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack, Thresholds
from spikeloom.ir.number import signed_width
from spikeloom.ir.table import row
from spikeloom.mapping.estimate.components import NONE, Part, loaders, loop
from spikeloom.mapping.estimate.memories import Memory, storage, table
from spikeloom.mapping.plan.stage import Stage

Shapes = list[tuple[int, int]]
"""Bits and rows of some tables."""


@dataclass(frozen=True)
class Unit:
    """What one kind of neuron adds to what all have in common.

    Attributes
    ----------
    kind: which coefficients the units have. shapes: the tables of their numbers.
    kept: bits that the units keep from step to step.
    amounts: what LUTs grow with, beside what is common.
    """

    kind: str
    shapes: Callable[[Stage, Any], Shapes]
    kept: Callable[[Stage], int] = lambda stage: 0
    amounts: Callable[[Stage, Any], dict[str, float]] = lambda stage, neuron: {}


def units(stage: Stage, family: str) -> Iterator[Part]:
    """Neuron units, and what fills their tables where these can be loaded."""
    neuron = stage.neuron
    if neuron is None:
        yield passing(stage)
        return
    yield raw(stage, family) if not neuron.fires else firing(stage, neuron, family)
    if stage.room is not None:
        yield loaders(stage.name, "head", [*drive_shapes(stage), *unit_shapes(stage)])


def passing(stage: Stage) -> Part:
    """Words of a max pooling, some of them inverted."""
    s = stage
    copies = s.folding.windows * s.folding.elements
    flips = copies * s.acc_width * s.layer.flips
    registers = 1 + copies * s.acc_width + loop(s.folds) * bool(flips)
    return Part(s.name, "head", "pool head", registers, {"one": 1, "flip": flips})


def firing(stage: Stage, neuron: Neuron, family: str) -> Part:
    """Results that are held, the choice between them, drives and units."""
    s, f, unit = stage, stage.folding, row(UNITS, neuron, "the estimate")
    assert s.o_code is not None
    copies = f.windows * f.elements
    groups, steps, count = f.elements // f.neurons, s.o_code.steps, f.windows * f.neurons
    drives, lasting = count * s.u_width, steps > 1
    memory = tables(s, drive_shapes(s), family) + tables(s, unit_shapes(s), family)
    tabled = any((*drive_shapes(s), *unit_shapes(s)))
    # The last bit of a word is handed on as it is found, where no group comes after it.
    registers = 1 + copies * held_width(s) + unit.kept(s) + copies * steps - count
    registers += loop(groups, steps) + loop(s.folds) * tabled + loop(s.folds) * joined_folds(s)
    amounts: dict[str, float] = common(s) | {
        "choice": count * choosing(groups, held_width(s)),
        "groups": groups * (groups > 1),
        "words": copies * steps * (groups > 1),
        "unit": drives,
        "kept": drives * lasting,
        "tie": 0,
        "logic": memory.logic,
    }
    amounts |= unit.amounts(s, neuron)
    return Part(s.name, "head", unit.kind, registers, amounts, memory)


def raw(stage: Stage, family: str) -> Part:
    """An integer output: results that are held, and a bias."""
    s, f = stage, stage.folding
    memory = tables(s, drive_shapes(s), family)
    width = held_width(s) if s.o_code is None else min(held_width(s), s.o_code.steps)
    tabled = any(drive_shapes(s))
    registers = 1 + f.windows * f.elements * width
    registers += loop(s.folds) * tabled + loop(s.folds) * joined_folds(s)
    amounts = common(s) | {"logic": memory.logic}
    return Part(s.name, "head", UNITS[Raw].kind, registers, amounts, memory)


def drives(stage: Stage) -> int:
    """Bits of the drives of all units."""
    return stage.folding.windows * stage.folding.neurons * stage.u_width


def groups(stage: Stage) -> int:
    """Groups of elements that a unit works on one after the other."""
    return stage.folding.elements // stage.folding.neurons


def lasting(stage: Stage) -> bool:
    """Whether units work for several steps."""
    return stage.o_code is not None and stage.o_code.steps > 1


def tied(stage: Stage, neuron: SpikePack) -> bool:
    """Whether a last spike is cleared somewhere, or may be."""
    return stage.room is not None or bool(neuron.tie.any())


def spikepack_shapes(stage: Stage, neuron: SpikePack) -> Shapes:
    f, rows = stage.folding, stage.folds * groups(stage)
    width = signed_width(stage.theta_bound * neuron.largest_place)
    found = [(f.neurons * width, rows * neuron.code.steps)]
    return [*found, (f.neurons, rows)] if tied(stage, neuron) else found


def spikepack_amounts(stage: Stage, neuron: SpikePack) -> dict[str, float]:
    return {"tie": drives(stage) * tied(stage, neuron)}


def thresholds_shapes(stage: Stage, neuron: Thresholds) -> Shapes:
    f = stage.folding
    rows = stage.folds * groups(stage) << neuron.code.steps
    return [(stage.u_width, rows)] * (f.neurons * f.windows)


def thresholds_kept(stage: Stage) -> int:
    """The bits that a unit has found are those of its word, where no other group follows; the last
    one matters to addresses alone.
    """
    assert stage.o_code is not None
    steps, f = stage.o_code.steps, stage.folding
    return f.windows * f.neurons * ((steps - 1) * (groups(stage) > 1) + (steps & (steps - 1) > 0))


def lif_shapes(stage: Stage, neuron: LIF) -> Shapes:
    f = stage.folding
    return [(f.neurons * signed_width(stage.theta_bound), stage.folds * groups(stage))]


def lif_amounts(stage: Stage, neuron: LIF) -> dict[str, float]:
    count = stage.folding.windows * stage.folding.neurons
    return {
        "leak": drives(stage) * bool(lasting(stage) and neuron.leak),
        "members": count * choosing(groups(stage), stage.u_width) * lasting(stage),
    }


UNITS: dict[type[Neuron], Unit] = {
    SpikePack: Unit(
        "spikepack head",
        spikepack_shapes,
        lambda stage: drives(stage) * lasting(stage),
        spikepack_amounts,
    ),
    Thresholds: Unit("table head", thresholds_shapes, thresholds_kept),
    LIF: Unit(
        "lif head",
        lif_shapes,
        lambda stage: groups(stage) * drives(stage) * lasting(stage),
        lif_amounts,
    ),
    Raw: Unit("raw head", lambda stage, neuron: []),
}
"""What each kind of neuron takes; its coefficients are in ``coefficients.json``."""


def drive_shapes(stage: Stage) -> Iterator[tuple[int, int]]:
    """Bits and rows of the tables of biases and signs."""
    f, free, units = stage.folding, stage.room is not None, stage.unit_count
    rows = stage.folds * (f.elements // units)
    if free or bool(stage.synapses.beta.any()):
        yield units * signed_width(stage.beta_bound), rows
    if negated(stage):
        joined = stage.skip_stage is not None
        yield (f.elements, stage.folds) if joined else (units, rows)


def unit_shapes(stage: Stage) -> Shapes:
    """Bits and rows of the tables of a neuron's own numbers."""
    if stage.neuron is None:
        return []
    return row(UNITS, stage.neuron, "the estimate").shapes(stage, stage.neuron)


def held_width(stage: Stage) -> int:
    """Bits of a result as it is held; a residual is added before."""
    skip = stage.skip_stage
    if skip is None:
        return stage.acc_width
    own = stage.acc_width + stage.synapses.shift + negated(stage)
    return min(stage.u_width, max(own, skip.acc_width) + 1)


def joined_folds(stage: Stage) -> bool:
    """Whether the fold of the result that is taken matters: for signs before a residual is
    added.
    """
    return stage.skip_stage is not None and negated(stage)


def negated(stage: Stage) -> bool:
    """Whether a channel is negated, or may be."""
    return stage.room is not None or bool(stage.synapses.negate.any())


def common(stage: Stage) -> dict[str, float]:
    """Amounts of what comes before a unit."""
    s, f = stage, stage.folding
    free, joined = s.room is not None, s.skip_stage is not None
    copies, count = f.windows * f.elements, f.windows * s.unit_count
    return {
        "one": 1,
        "folds": loop(s.folds),
        "skip": copies * held_width(s) * joined,
        "beta": count * s.u_width * (free or bool(s.synapses.beta.any())),
        "negate": (copies if joined else count) * s.acc_width * negated(s),
    }


def choosing(count: int, width: int) -> float:
    """LUTs that choose one of ``count`` words: one for four bits, wide multiplexers come for
    nothing.
    """
    return width * (count / 4 if count > 1 else 0)


def tables(stage: Stage, shapes: Iterable[tuple[int, int]], family: str) -> Memory:
    """Several tables."""
    return sum((numbers(stage, width, rows, family) for width, rows in shapes), Memory())


def large_tables(stage: Stage, family: str = "xc7") -> Memory:
    """Tables of thresholds, which may be what does not fit; nothing where there are none."""
    if stage.neuron is None or not stage.neuron.tabled:
        return NONE
    return tables(stage, unit_shapes(stage), family)


def numbers(stage: Stage, width: int, rows: int, family: str) -> Memory:
    """A table that is read in the same cycle: logic, or memory where it can be loaded."""
    if stage.room is not None:
        return storage(width, max(2, rows), registered=False, family=family)
    return table(width, rows, registered=False)
