"""What the neuron units of a stage are made of, and the tables of their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spikeloom.ir.graph import Layer, Pool
from spikeloom.ir.neurons import LIF, Raw, SpikePack, Table
from spikeloom.mapping.estimate.components import NONE, Part, loaders, loop
from spikeloom.mapping.estimate.memories import Memory, storage, table
from spikeloom.mapping.plan.plan import Stage, signed_width


def head(stage: Stage, family: str) -> Iterator[Part]:
    """Neuron units, and what fills their tables where these can be loaded."""
    yield units(stage, family)
    if stage.room is not None:
        yield loaders(stage.name, "head", [*drive_shapes(stage), *unit_shapes(stage)])


def drive_shapes(stage: Stage) -> Iterator[tuple[int, int]]:
    """Bits and rows of the tables of biases and signs."""
    f, layer = stage.folding, stage.layer
    assert isinstance(layer, Layer)
    free, units = stage.room is not None, unit_count(stage)
    groups = f.elements // units
    if free or bool(layer.beta.any()):
        yield units * signed_width(stage.beta_bound), stage.folds * groups
    if negated(stage, layer):
        yield (
            (f.elements, stage.folds)
            if stage.skip_stage is not None
            else (units, stage.folds * groups)
        )


def unit_count(stage: Stage) -> int:
    """Neuron units per window; an integer output needs one per element."""
    f, layer = stage.folding, stage.layer
    return f.elements if isinstance(layer, Pool) or isinstance(layer.neuron, Raw) else f.neurons


def units(stage: Stage, family: str) -> Part:
    """Results that are held, the choice between them, drives and units."""
    s, f, layer = stage, stage.folding, stage.layer
    copies = f.windows * f.elements
    if isinstance(layer, Pool):
        flips = copies * s.acc_width * bool(layer.flip.any())
        registers = 1 + copies * s.acc_width + loop(s.folds) * bool(flips)
        return Part(s.name, "head", "pool head", registers, {"one": 1, "flip": flips})
    if isinstance(layer.neuron, Raw):
        return raw(s, layer, family)
    neuron = layer.neuron
    groups, steps, count = f.elements // f.neurons, neuron.code.steps, f.windows * f.neurons
    drives, lasting = count * s.u_width, steps > 1
    # The bits that a table's unit has found are those of its word, where no other group follows;
    # the last one matters to addresses alone.
    found = count * ((steps - 1) * (groups > 1) + (steps & (steps - 1) > 0))
    kept = {SpikePack: drives * lasting, Table: found, LIF: groups * drives * lasting}[type(neuron)]
    memory = tables(s, drive_shapes(s), family) + tables(s, unit_shapes(s), family)
    tabled = any((*drive_shapes(s), *unit_shapes(s)))
    # The last bit of a word is handed on as it is found, where no group comes after it.
    registers = 1 + copies * held_width(s) + kept + copies * steps - count
    registers += loop(groups, steps) + loop(s.folds) * tabled + loop(s.folds) * joined_folds(s)
    amounts: dict[str, float] = common(s, layer) | {
        "choice": count * choosing(groups, held_width(s)),
        "groups": groups * (groups > 1),
        "words": copies * steps * (groups > 1),
        "unit": drives,
        "kept": drives * lasting,
        "tie": (
            drives
            * (isinstance(neuron, SpikePack) and (s.room is not None or bool(neuron.tie.any())))
        ),
        "logic": memory.logic,
    }
    if isinstance(neuron, LIF):
        amounts |= {
            "leak": drives * bool(lasting and neuron.leak),
            "members": count * choosing(groups, s.u_width) * lasting,
        }
    kind = {SpikePack: "spikepack", Table: "table", LIF: "lif"}[type(neuron)]
    return Part(s.name, "head", f"{kind} head", registers, amounts, memory)


def raw(stage: Stage, layer: Layer, family: str) -> Part:
    """An integer output: results that are held, and a bias."""
    s, f = stage, stage.folding
    memory = tables(s, drive_shapes(s), family)
    width = held_width(s) if s.o_code is None else min(held_width(s), s.o_code.steps)
    tabled = any(drive_shapes(s))
    registers = (
        1
        + f.windows * f.elements * width
        + loop(s.folds) * tabled
        + loop(s.folds) * joined_folds(s)
    )
    return Part(
        s.name, "head", "raw head", registers, common(s, layer) | {"logic": memory.logic}, memory
    )


def held_width(stage: Stage) -> int:
    """Bits of a result as it is held; a residual is added before."""
    skip, layer = stage.skip_stage, stage.layer
    if skip is None:
        return stage.acc_width
    assert isinstance(layer, Layer)
    return min(
        stage.u_width,
        max(stage.acc_width + layer.shift + negated(stage, layer), skip.acc_width) + 1,
    )


def joined_folds(stage: Stage) -> bool:
    """Whether the fold of the result that is taken matters: for signs before a residual is
    added.
    """
    assert isinstance(stage.layer, Layer)
    return stage.skip_stage is not None and negated(stage, stage.layer)


def negated(stage: Stage, layer: Layer) -> bool:
    """Whether a channel is negated, or may be."""
    return stage.room is not None or bool(layer.negate.any())


def common(stage: Stage, layer: Layer) -> dict[str, float]:
    """Amounts of what comes before a unit."""
    s, f = stage, stage.folding
    free, joined = s.room is not None, s.skip_stage is not None
    copies, count = f.windows * f.elements, f.windows * unit_count(s)
    return {
        "one": 1,
        "folds": loop(s.folds),
        "skip": copies * held_width(s) * joined,
        "beta": count * s.u_width * (free or bool(layer.beta.any())),
        "negate": (copies if joined else count) * s.acc_width * negated(s, layer),
    }


def choosing(count: int, width: int) -> float:
    """LUTs that choose one of ``count`` words: one for four bits, wide multiplexers come for
    nothing.
    """
    return width * (count / 4 if count > 1 else 0)


def unit_shapes(stage: Stage) -> Iterator[tuple[int, int]]:
    """Bits and rows of the tables of thresholds and ties."""
    s, f, layer = stage, stage.folding, stage.layer
    assert isinstance(layer, Layer)
    neuron, groups = layer.neuron, s.folds * f.elements // f.neurons
    if isinstance(neuron, Table):
        yield from [(s.u_width, groups << neuron.code.steps)] * (f.neurons * f.windows)
    elif isinstance(neuron, LIF):
        yield f.neurons * signed_width(s.theta_bound), groups
    elif isinstance(neuron, SpikePack):
        places = [abs(int(place)) for place in neuron.code.place_values]
        yield f.neurons * signed_width(s.theta_bound * max(places)), groups * len(places)
        if s.room is not None or bool(neuron.tie.any()):
            yield f.neurons, groups


def tables(stage: Stage, shapes: Iterable[tuple[int, int]], family: str) -> Memory:
    """Several tables."""
    return sum((numbers(stage, width, rows, family) for width, rows in shapes), Memory())


def threshold_tables(stage: Stage, family: str = "xc7") -> Memory:
    """One per neuron unit, each for its share of the channels; nothing where there are none."""
    layer = stage.layer
    if isinstance(layer, Pool) or not isinstance(layer.neuron, Table):
        return NONE
    return tables(stage, unit_shapes(stage), family)


def numbers(stage: Stage, width: int, rows: int, family: str) -> Memory:
    """A table that is read in the same cycle: logic, or memory where it can be loaded."""
    if stage.room is not None:
        return storage(width, max(2, rows), registered=False, family=family)
    return table(width, rows, registered=False)
