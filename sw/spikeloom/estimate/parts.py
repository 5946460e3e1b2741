"""What a stage is made of: for every part of it the memories, the registers, and the amounts that its LUTs grow with.

Each amount is one that the hardware has (``spikeloom_hw``): the bits of an adder, the flags of a scan. How many LUTs one of it takes is
in ``coefficients.json``, by the kind of the part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from spikeloom.estimate.memories import Memory, loaded, storage, table
from spikeloom.graph import Layer
from spikeloom.plan import Stage

NONE = Memory()


@dataclass(frozen=True)
class Part:
    """Attributes
    ----------
    group, part: as the table of a synthesis calls them. kind: which coefficients it has. memory: its memories.
    registers: bits. amounts: what its LUTs grow with, by name. dsp: multipliers.
    """

    group: str
    part: str
    kind: str
    registers: int
    amounts: Mapping[str, float] = field(default_factory=dict)
    memory: Memory = NONE
    dsp: int = 0


def bits(count: int) -> int:
    """Of a number from 0 to ``count - 1``, one at least."""
    return max(1, (count - 1).bit_length())


def loop(*counts: int) -> int:
    """Bits of a nest of loop counters; one that counts to 1 has none."""
    return sum(bits(count) for count in counts if count > 1)


def fifo(group: str, part: str, width: int, depth: int, family: str, count: int = 1) -> Part:
    """Some queues of one shape: memory, two pointers and the level."""
    pointers = 2 * bits(depth) + depth.bit_length()
    return Part(
        group, part, "fifo", count * pointers, {"pointers": count * pointers, "one": count},
        storage(width, depth, registered=False, family=family) * count,
    )  # fmt: skip


def selecting(steps: int) -> int:
    """LUTs that take one plane of a word and mask it."""
    return 1 if steps <= 2 else 2 if steps <= 4 else 3 if steps <= 8 else 6


def queue_widths(stage: Stage) -> tuple[int, int]:
    """How many queues there are, and the bits of a word in each."""
    f = stage.folding
    if f.body == "event":
        return f.windows * f.banks, f.group // f.banks
    return 1, f.windows * f.group * (stage.i_code.steps if f.body in ("parallel", "max") else 1)


def source(stage: Stage, group: str, part: str, family: str) -> Iterator[Part]:
    """Line buffer, fetch and queues."""
    s, f, steps = stage, stage.folding, stage.i_code.steps
    row_beats = s.i_shape[2] * s.beats
    capacity, image = s.rows * row_beats, s.i_shape[1] * row_beats
    beat = f.group * steps
    count, width = queue_widths(s)
    whole = f.body in ("parallel", "max")
    nest = loop(s.words, s.layer.kernel[1], s.layer.kernel[0], s.planes, s.folds, s.o_shape[2] // f.windows, s.o_shape[1])
    level = (max(capacity, image)).bit_length() + (capacity + image).bit_length() + 2
    reserved = count * (s.pass_words + 2).bit_length()
    slots = 3 * bits(s.rows) if s.rows > 1 else 0
    ring = storage(beat, max(2, capacity), f.windows, family=family)
    held = loop(s.planes) + (loop(s.folds) if f.body == "max" else 0)
    amounts = {
        "one": 1,
        "nest": nest,
        "level": level,
        "reserved": reserved,
        "slots": slots,
        "address": f.windows * bits(capacity),
        "select": f.windows * (beat if whole else f.group * selecting(steps)),
        "ring": ring.lutram,
        "deep": f.windows * beat * (ceil(capacity / 64) - 1) if ring.lutram else 0,
    }
    registers = nest + bits(capacity) + level + reserved + slots + f.windows + 2 + held
    yield Part(group, part, "source", registers, amounts, ring)
    yield fifo(group, part, width, s.pass_words + 2, family, count)


@dataclass(frozen=True)
class Tree:
    """An adder tree: bits of sums of two, three and four terms, and of all its registers."""

    two: int
    three: int
    four: int
    registers: int


def tree(stage: Stage, lanes: int, width: int, multiplied: bool) -> Tree:
    """As ``spikeloom_hw.tree`` builds it for one sum. A sum is no wider than its terms make it; multipliers add and hold the first ones."""
    sums = [0, 0, 0, 0, 0]
    registers = 0
    for level in range(stage.tree_cycles):
        counts = [4] * (lanes // 4) + ([lanes % 4] if lanes % 4 else [])
        for count in counts:
            wide = min(stage.acc_width, width + bits(count) * (count > 1))
            if level or not multiplied:
                sums[count] += wide
                registers += wide
        lanes, width = len(counts), min(stage.acc_width, width + (2 if max(counts) > 2 else 1 if max(counts) > 1 else 0))
    return Tree(sums[2], sums[3], sums[4], registers)


def body(stage: Stage, group: str, part: str, family: str) -> Iterator[Part]:
    """Weights, adders, accumulators, and the queue of results."""
    s, f, steps = stage, stage.folding, stage.i_code.steps
    copies = f.elements * f.windows
    sums = copies * s.acc_width
    queues, queue_width = queue_widths(s)
    lanes = f.banks * f.ports if f.body == "event" else f.group if f.body in ("dense", "parallel") else 1
    count = s.pass_words if f.body != "event" else 1
    registers = loop(s.planes, s.folds) + (s.result_depth).bit_length() + 2 * s.body_cycles + loop(count)
    signed = s.i_code.signed and f.body not in ("parallel", "max")
    amounts: dict[str, float] = {"one": 1}
    memory, dsp = NONE, 0
    if f.body == "max":
        registers += queue_width + copies * steps + sums + 1
        amounts |= {"compare": sums * (s.i_code.base != 1), "or": sums * (s.i_code.base == 1)}
    else:
        issued = queues * f.ports if f.body == "event" else queue_width
        width = s.weight_width
        if f.body == "parallel":
            if is_dsp(width, steps):
                dsp = copies * f.group
            else:
                amounts |= {"product": copies * f.group * width * steps, "partial": copies * f.group * width * (steps - 1)}
            width += steps
        memory = weights(s)
        sum_tree = tree(s, lanes, width, bool(dsp))
        if fixed(s):
            # All bits of a sum are one spike, or nothing.
            sum_tree = Tree(0, 0, 0, 1)
        if dsp and f.body == "parallel" and copies == 1:
            # Factors that nothing else takes are held in the multiplier.
            registers -= queue_width
            memory = replace(memory, ff=0)
        if accumulating(s) == "multiplied" and s.acc_width >= PRODUCT:
            dsp += copies
        amounts |= {
            "two": copies * sum_tree.two,
            "three": copies * sum_tree.three,
            "four": copies * sum_tree.four,
            "gates": copies * lanes * s.weight_width if f.body != "parallel" else 0,
            accumulating(s): sums,
            "negate": sums * signed,
            "issued": issued,
            "logic": memory.logic,
        }
        registers += copies * sum_tree.registers + sums + (queues * f.ports if f.body == "event" else queue_width + 1)
    if f.body == "event":
        amounts["queues"] = queues
        part_width, rows = f.group // f.banks, s.folds * s.pass_words * (f.group // f.banks)
        scan = part_width + bits(rows) + loop(s.pass_words) + 1
        yield Part(
            group, part, "scan", queues * scan,
            {
                "one": queues,
                "flags": queues * part_width * f.ports,
                "row": queues * bits(rows) * f.ports,
                "base": queues * bits(rows),
                "count": queues * loop(s.pass_words),
            },
        )  # fmt: skip
    yield Part(group, part, f"{f.body} body", registers, amounts, memory, dsp)
    if s.room is not None:
        yield loaders(group, part, [weight_shape(s)] * weight_count(s))
    yield fifo(group, part, sums, s.result_depth, family)


def fixed(stage: Stage) -> bool:
    """Whether every element has a single input, and that one weight, which is then no memory."""
    f = stage.folding
    return f.body == "depthwise" and stage.folds * stage.pass_words == 1 and stage.room is None


PRODUCT = 9
"""Bits from which Yosys takes a multiplier for a product, where its factors have 2 or more."""


def is_dsp(weight_width: int, steps: int) -> bool:
    """Whether Yosys takes a multiplier for a product."""
    return weight_width + steps >= PRODUCT and min(weight_width, steps) >= 2


def accumulating(stage: Stage) -> str:
    """How an accumulator goes from plane to plane: as it is, shifted, or multiplied."""
    base = stage.i_code.base
    if stage.folding.body == "parallel" or base == 1:
        return "held"
    return "shifted" if base & (base - 1) == 0 else "multiplied"


def weights(stage: Stage) -> Memory:
    """Weight memories of all banks, and of all windows where they can be loaded."""
    f, (width, rows) = stage.folding, weight_shape(stage)
    if stage.room is not None:
        return loaded(width, rows, f.ports, f.weights) * weight_count(stage)
    return table(width, rows, f.ports * f.windows if f.body == "event" else 1, kind=f.weights) * f.banks


def weight_shape(stage: Stage) -> tuple[int, int]:
    """Bits and rows of one memory of weights. Of weights that are fixed, bits that never change are no memory."""
    s, f = stage, stage.folding
    stored = s.layer.weight_bits if s.room is None and isinstance(s.layer, Layer) else s.weight_width
    rows = s.folds * s.pass_words * (f.group // f.banks if f.body == "event" else 1)
    width = stored * f.elements * (f.group if f.body in ("dense", "parallel") else 1)
    return width, rows if s.room is None else max(2, rows)


def weight_count(stage: Stage) -> int:
    """Memories of weights that can be loaded."""
    return stage.folding.banks * (stage.folding.windows if stage.folding.body == "event" else 1)


def loaders(group: str, part: str, shapes: Sequence[tuple[int, int]]) -> Part:
    """What fills memories of these widths and depths at run time."""
    registers = addresses = 0
    for width, depth in shapes:
        chunks = -(-width // 32)
        registers += (32 * chunks if chunks > 1 else width) + 36
        addresses += bits(max(2, depth)) + loop(chunks)
    return Part(group, part, "loader", registers + addresses, {"one": len(shapes), "addresses": addresses})
