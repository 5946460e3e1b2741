"""What a stage is made of: for every part of it the memories, the registers, and the amounts that
its LUTs grow with.

Each amount is one that the hardware has (``spikeloom_hw``): the bits of an adder, the flags of a
scan. How many LUTs one of it takes is in ``coefficients.json``, by the kind of the part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from spikeloom.mapping.estimate.adders import PRODUCT, Tree, is_dsp, tree, weight_bits
from spikeloom.mapping.estimate.memories import Memory, loaded, storage, table
from spikeloom.mapping.plan.plan import Stage

NONE = Memory()


@dataclass(frozen=True)
class Part:
    """Attributes
    ----------
    group, part: as the table of a synthesis calls them. kind: which coefficients it has. memory:
        its memories.
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
        group,
        part,
        "fifo",
        count * pointers,
        {"pointers": count * pointers, "one": count},
        storage(width, depth, registered=False, family=family) * count,
    )


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
    nest = loop(
        s.words,
        s.layer.kernel[1],
        s.layer.kernel[0],
        s.planes,
        s.folds,
        s.o_shape[2] // f.windows,
        s.o_shape[1],
    )
    level = (max(capacity, image)).bit_length() + (capacity + image).bit_length() + 2
    depth = s.pass_words + 2 - (f.body == "event")
    reserved = count * depth.bit_length()
    # Where an image is whole turns of the ring, all begin in the same slot; where it has one row of
    # windows, that is where all windows are.
    apart = s.i_shape[1] % s.rows > 0 and s.o_shape[1] > 1
    slots = (2 + apart) * bits(s.rows) if s.rows > 1 else 0
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
    yield fifo(group, part, width, depth, family, count)


def body(stage: Stage, group: str, part: str, family: str) -> Iterator[Part]:
    """Weights, adders, accumulators, and the queue of results."""
    s, f = stage, stage.folding
    copies = f.elements * f.windows
    sums = copies * s.acc_width
    rows = s.pass_words * base_step(s)
    base = bits((s.folds - 1) * rows + 1) * (f.body != "max" and s.folds > 1)
    amounts: dict[str, float] = {"one": 1, "nest": loop(s.planes, s.folds) + base}
    # The base is a multiple of the rows of a fold: of a power of two the low bits are none.
    registers = loop(s.planes, s.folds) + max(0, base - (rows & -rows).bit_length() + 1)
    registers += s.result_depth.bit_length() + 2 * s.body_cycles + 1
    if s.result_depth == 1:
        registers += 1 + sums
    memory, dsp = NONE, 0
    if f.body == "max":
        registers += queue_widths(s)[1] + copies * s.i_code.steps + sums + loop(s.pass_words) + 1
        amounts |= {"compare": sums * (s.i_code.base != 1), "or": sums * (s.i_code.base == 1)}
    else:
        memory, dsp = weights(s), 0
        issued = f.windows * f.banks * f.ports if f.body == "event" else queue_widths(s)[1]
        amounts |= {"issued": issued, "logic": memory.logic}
        # All bits of a sum of a single weight are one spike, or nothing.
        adders = Tree({}, 1) if fixed(s) else tree(s)
        if f.body == "parallel":
            dsp = multipliers(s)
        if accumulating(s) == "multiplied" and s.acc_width >= PRODUCT:
            dsp += copies
        signed = s.i_code.signed and f.body != "parallel"
        amounts |= {name: copies * value for name, value in adders.amounts.items()}
        amounts |= {accumulating(s): sums, "negate": sums * signed}
        registers += (
            copies * adders.registers
            + f.windows * adders.shared
            + sums
            + (accumulating(s) != "held")
        )
        registers += s.body_cycles * (signed and s.planes > 1) + addressing(s)
    if f.body == "event":
        amounts["queues"] = f.windows * f.banks
        yield scans(s, group, part)
    yield Part(group, part, f"{f.body} body", registers, amounts, memory, dsp)
    if s.room is not None:
        yield loaders(group, part, [weight_shape(s)] * weight_count(s))
    if s.result_depth > 1:
        yield fifo(group, part, sums, s.result_depth, family)


def addressing(stage: Stage) -> int:
    """Registers between words and weights: addresses, and what gates the weights of a row; outside
    of an event body also the words.
    """
    s, f = stage, stage.folding
    if f.body == "event":
        return f.windows * f.banks * f.ports * (bits(s.bank_rows) + 1 + (s.zero_row is None))
    rows = s.folds * s.pass_words
    # Multipliers hold the words themselves, beside the register that is counted.
    held = 1 if f.body == "parallel" and multipliers(s) else 2
    return held * queue_widths(s)[1] + 2 + loop(rows) + loop(s.pass_words)


def scans(stage: Stage, group: str, part: str) -> Part:
    """All scans of a body. Where the flags of a word are a power of two, nothing is added to find a
    row.
    """
    s, f = stage, stage.folding
    count, width = queue_widths(s)
    row, aligned = bits(s.bank_rows), base_step(s) == 1
    base = loop(s.folds * s.pass_words) if aligned and width > 1 else row
    ports = count * f.ports
    return Part(
        group,
        part,
        "scan",
        count * (width + base + loop(s.pass_words) + 2),
        {
            "one": count,
            "head": count * width,
            "flags": ports * width * (width > SHORT),
            "gates": ports * width * (width <= SHORT),
            "index": ports * loop(width) * width / 2,
            "row": ports * row * (not aligned),
            "idle": ports * row * (s.zero_row is not None),
            "base": count * base,
            "count": count * loop(s.pass_words),
        },
    )


def base_step(stage: Stage) -> int:
    """How far the rows of a scan go with a word, apart from those that the number of a flag
    says.
    """
    width = queue_widths(stage)[1]
    return width if stage.folding.body == "event" and width & (width - 1) else 1


SHORT = 8
"""Flags up to which a scan finds the lowest one by gates."""


def multipliers(stage: Stage) -> int:
    """DSP blocks for the products of a parallel body."""
    s, f = stage, stage.folding
    return f.elements * f.windows * f.group if is_dsp(s.weight_width, s.i_code.steps) else 0


def fixed(stage: Stage) -> bool:
    """Whether every element has a single input, and that one weight, which is then no memory."""
    f = stage.folding
    return f.body == "depthwise" and stage.folds * stage.pass_words == 1 and stage.room is None


def accumulating(stage: Stage) -> str:
    """How an accumulator goes from plane to plane: as it is, shifted, or multiplied."""
    base = stage.i_code.base
    if stage.planes == 1 or stage.per_step or base == 1:
        return "held"
    return "shifted" if base & (base - 1) == 0 else "multiplied"


def weights(stage: Stage) -> Memory:
    """Weight memories of all banks, and of all windows where they can be loaded."""
    f, (width, rows) = stage.folding, weight_shape(stage)
    if stage.room is not None:
        return loaded(width, rows, f.ports, f.weights) * weight_count(stage)
    return (
        table(width, rows, f.ports * f.windows if f.body == "event" else 1, kind=f.weights)
        * f.banks
    )


def weight_shape(stage: Stage) -> tuple[int, int]:
    """Bits and rows of one memory of weights. Of weights that are fixed, bits that never change are
    no memory.
    """
    s, f = stage, stage.folding
    rows = s.folds * s.pass_words if f.body != "event" else s.bank_rows + (s.zero_row is not None)
    width = weight_bits(s) * f.elements * (f.group if f.body in ("dense", "parallel") else 1)
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
    return Part(
        group, part, "loader", registers + addresses, {"one": len(shapes), "addresses": addresses}
    )
