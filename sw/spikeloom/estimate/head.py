"""What the neuron units of a stage are made of, and the tables of their numbers."""

from __future__ import annotations

from spikeloom.estimate.memories import Memory, storage, table
from spikeloom.estimate.parts import NONE, Part, bits, loop
from spikeloom.graph import Layer, Pool
from spikeloom.neuron import LIF, Raw, SpikePack, Table
from spikeloom.plan import Stage, signed_width


def head(stage: Stage, family: str) -> Part:
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
    memory = numbers(s, f.elements * signed_width(s.beta_bound), s.folds, family) + numbers(s, f.elements * turns, s.folds, family)
    if isinstance(neuron, Raw):
        width = s.u_width if s.o_code is None else s.o_code.steps
        if not adds and layer.skip is None:
            width -= layer.shift  # bits that are always 0
        looked_up = bool(memory.logic or memory.lutram)
        return Part(s.name, "head", "raw head", 1 + copies * width + loop(s.folds) * looked_up, amounts | {"logic": memory.logic}, memory)
    groups, steps = f.elements // f.neurons, neuron.code.steps
    units = f.windows * f.neurons
    words = copies * steps
    lif = isinstance(neuron, LIF) and steps > 1  # a membrane of a single step need not be kept
    registers = 1 + drives * (1 + lif) + words + loop(groups, steps, s.folds) + loop(s.folds) + loop(steps) * s.per_step
    amounts |= {
        "ring": drives,
        "words": words * (groups > 1),
        "unit": units * s.u_width,
        "turn": drives * (1 + lif) * (groups > 1),
        "tie": units * s.u_width * (isinstance(neuron, SpikePack) and (free or bool(neuron.tie.any()))),
        "leak": units * s.u_width * bool(lif and neuron.leak) if isinstance(neuron, LIF) else 0,
    }
    memory += unit_tables(s, layer, family)
    amounts["logic"] = memory.logic
    kind = {SpikePack: "spikepack", Table: "table", LIF: "lif"}[type(neuron)]
    return Part(s.name, "head", f"{kind} head", registers, amounts, memory)


def unit_tables(stage: Stage, layer: Layer, family: str) -> Memory:
    """Thresholds of all units."""
    s, f, neuron = stage, stage.folding, layer.neuron
    groups = s.folds * f.elements // f.neurons
    if isinstance(neuron, Table):
        return threshold_tables(s, family)
    if isinstance(neuron, LIF):
        return numbers(s, f.neurons * signed_width(s.theta_bound), groups, family)
    assert isinstance(neuron, SpikePack)
    places = [abs(int(place)) for place in neuron.code.place_values]
    ties = f.neurons * (s.room is not None or bool(neuron.tie.any()))
    width = f.neurons * signed_width(s.theta_bound * max(places))
    return numbers(s, width, groups * len(places), family) + numbers(s, ties, groups, family)


def threshold_tables(stage: Stage, family: str = "xc7") -> Memory:
    """One per neuron unit, each for its share of the channels; nothing where there are none."""
    layer = stage.layer
    if isinstance(layer, Pool) or not isinstance(layer.neuron, Table):
        return NONE
    f = stage.folding
    rows = stage.o_shape[0] // f.neurons << layer.neuron.code.steps
    return numbers(stage, stage.u_width, rows, family) * (f.neurons * f.windows)


def numbers(stage: Stage, width: int, rows: int, family: str) -> Memory:
    """A table that is read in the same cycle: logic, or memory where it can be loaded."""
    if width == 0:
        return NONE
    if stage.room is not None:
        return storage(width, max(2, rows), registered=False, family=family)
    return table(width, rows, registered=False)


def loaders(stage: Stage, part: str, memories: list[tuple[int, int]]) -> Part:
    """What fills memories of these widths and depths at run time."""
    chunks = [-(-width // 32) for width, _ in memories]
    registers = sum(32 * count + bits(count) + bits(depth) + 36 for count, (_, depth) in zip(chunks, memories, strict=True))
    return Part(stage.name, part, "loader", registers, {"one": len(memories), "words": 32 * sum(chunks)})
