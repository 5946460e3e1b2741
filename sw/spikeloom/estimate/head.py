"""What the neuron units of a stage are made of, and the tables of their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spikeloom.estimate.memories import Memory, storage, table
from spikeloom.estimate.parts import NONE, Part, loaders, loop
from spikeloom.graph import Layer, Pool
from spikeloom.neuron import LIF, Raw, SpikePack, Table
from spikeloom.plan import Stage, signed_width


def head(stage: Stage, family: str) -> Iterator[Part]:
    """Neuron units, and what fills their tables where these can be loaded."""
    yield units(stage, family)
    if stage.room is not None:
        yield loaders(stage.name, "head", [shape for shape in (*drive_shapes(stage), *unit_shapes(stage)) if shape[0]])


def drive_shapes(stage: Stage) -> Iterator[tuple[int, int]]:
    """Bits and rows of the tables of biases and signs."""
    f, layer = stage.folding, stage.layer
    assert isinstance(layer, Layer)
    yield f.elements * signed_width(stage.beta_bound), stage.folds
    yield f.elements * (stage.room is not None or bool(layer.negate.any())), stage.folds


def units(stage: Stage, family: str) -> Part:
    """Drives, rings of registers, units."""
    s, f, layer = stage, stage.folding, stage.layer
    copies = f.windows * f.elements
    if isinstance(layer, Pool):
        flips = copies * s.acc_width * bool(layer.flip.any())
        amounts = {"one": 1, "flip": flips}
        return Part(s.name, "head", "pool head", 1 + copies * s.acc_width + loop(s.folds) * bool(flips), amounts)
    neuron = layer.neuron
    drives = copies * s.u_width
    free = s.room is not None
    adds, turns = free or bool(layer.beta.any()), free or bool(layer.negate.any())
    amounts = {
        "one": 1,
        "beta": drives * (adds and layer.skip is None),
        "skip": drives * (layer.skip is not None and not adds),
        "both": drives * (layer.skip is not None and adds),
        "negate": copies * s.acc_width * turns,
        "folds": loop(s.folds),
    }
    memory = tables(s, drive_shapes(s), family)
    if isinstance(neuron, Raw):
        width = s.u_width if s.o_code is None else s.o_code.steps
        if not adds and layer.skip is None:
            width -= layer.shift  # bits that are always 0
        looked_up = bool(memory.logic or memory.lutram)
        return Part(s.name, "head", "raw head", 1 + copies * width + loop(s.folds) * looked_up, amounts | {"logic": memory.logic}, memory)
    groups, steps = f.elements // f.neurons, neuron.code.steps
    count = f.windows * f.neurons
    words = copies * steps
    lif = isinstance(neuron, LIF) and steps > 1  # a membrane of a single step need not be kept
    registers = 1 + drives * (1 + lif) + words + loop(groups, steps, s.folds) + loop(s.folds) + loop(steps) * s.per_step
    amounts |= {
        "ring": drives,
        "words": words * (groups > 1),
        "unit": count * s.u_width,
        "turn": drives * (1 + lif) * (groups > 1),
        "tie": count * s.u_width * (isinstance(neuron, SpikePack) and (free or bool(neuron.tie.any()))),
        "leak": count * s.u_width * bool(lif and neuron.leak) if isinstance(neuron, LIF) else 0,
    }
    memory += tables(s, unit_shapes(s), family)
    amounts["logic"] = memory.logic
    kind = {SpikePack: "spikepack", Table: "table", LIF: "lif"}[type(neuron)]
    return Part(s.name, "head", f"{kind} head", registers, amounts, memory)


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
        yield f.neurons * (s.room is not None or bool(neuron.tie.any())), groups


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
    if width == 0:
        return NONE
    if stage.room is not None:
        return storage(width, max(2, rows), registered=False, family=family)
    return table(width, rows, registered=False)
