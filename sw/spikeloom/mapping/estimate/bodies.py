"""What a body is made of: scans, weights, adders, accumulators, the queue of results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spikeloom.mapping.estimate.adders import PRODUCT, Tree, added, is_dsp, multiplied
from spikeloom.mapping.estimate.components import Part, bits, fifo, loaders, loop
from spikeloom.mapping.estimate.memories import Memory
from spikeloom.mapping.estimate.weights import fixed, weight_count, weight_shape, weights
from spikeloom.mapping.plan.bodies import DENSE, DEPTHWISE, EVENT, MAX, PARALLEL, Body
from spikeloom.mapping.plan.stage import Stage


@dataclass(frozen=True)
class Inside:
    """What a body has between its words and its results: bits of registers, amounts that LUTs grow
    with, memories, multipliers.
    """

    registers: int
    amounts: dict[str, float]
    memory: Memory = Memory()
    dsp: int = 0


def body(stage: Stage, group: str, part: str, family: str) -> Iterator[Part]:
    """All parts of the body of a stage."""
    s = stage
    sums = s.folding.elements * s.folding.windows * s.acc_width
    rows = s.pass_words * base_step(s)
    base = bits((s.folds - 1) * rows + 1) * (s.body.adds and s.folds > 1)
    amounts: dict[str, float] = {"one": 1, "nest": loop(s.planes, s.folds) + base}
    # The base is a multiple of the rows of a fold: of a power of two the low bits are none.
    registers = loop(s.planes, s.folds) + max(0, base - (rows & -rows).bit_length() + 1)
    registers += s.result_depth.bit_length() + 2 * s.body_cycles + 1
    if s.result_depth == 1:
        registers += 1 + sums
    inside = BODIES[s.body](s)
    amounts |= inside.amounts
    registers += inside.registers
    if s.body.skips:
        amounts["queues"] = s.folding.windows * s.folding.banks
        yield scans(s, group, part)
    kind = f"{s.body.name} body"
    yield Part(group, part, kind, registers, amounts, inside.memory, inside.dsp)
    if s.room is not None:
        yield loaders(group, part, [weight_shape(s)] * weight_count(s))
    if s.result_depth > 1:
        yield fifo(group, part, sums, s.result_depth, family)


def comparing(stage: Stage) -> Inside:
    """Words that are held, and the greatest of them."""
    s = stage
    copies = s.folding.elements * s.folding.windows
    sums = copies * s.acc_width
    registers = s.queues[1] + copies * s.i_code.steps + sums + loop(s.pass_words) + 1
    joined = s.i_code.spike_train
    return Inside(registers, {"compare": sums * (not joined), "or": sums * joined})


def adding(stage: Stage) -> Inside:
    """Weights that are read, gated, and summed in a tree."""
    # All bits of a sum of a single weight are one spike, or nothing.
    return summing(stage, Tree({}, 1) if fixed(stage) else added(stage), 0)


def multiplying(stage: Stage) -> Inside:
    """Weights that are multiplied by words, and summed."""
    return summing(stage, multiplied(stage), multipliers(stage))


def summing(stage: Stage, adders: Tree, dsp: int) -> Inside:
    s, f = stage, stage.folding
    copies = f.elements * f.windows
    sums, memory = copies * s.acc_width, weights(s)
    amounts: dict[str, float] = {
        "issued": s.body.issued(f, s.i_code.steps),
        "logic": memory.logic,
    }
    if accumulating(s) == "multiplied" and s.acc_width >= PRODUCT:
        dsp += copies
    signed = s.i_code.signed and not s.body.whole_words
    amounts |= {name: copies * value for name, value in adders.amounts.items()}
    amounts |= {accumulating(s): sums, "negate": sums * signed}
    registers = copies * adders.registers + f.windows * adders.shared + sums
    registers += accumulating(s) != "held"
    registers += s.body_cycles * (signed and s.planes > 1) + addressing(s)
    return Inside(registers, amounts, memory, dsp)


BODIES: dict[Body, Callable[[Stage], Inside]] = {
    EVENT: adding,
    DENSE: adding,
    PARALLEL: multiplying,
    DEPTHWISE: adding,
    MAX: comparing,
}
"""What is inside of each body."""


def addressing(stage: Stage) -> int:
    """Registers between words and weights: addresses, and what gates the weights of a row; outside
    of an event body also the words.
    """
    s, f = stage, stage.folding
    if s.body.skips:
        return f.windows * f.banks * f.ports * (bits(s.bank_rows) + 1 + (s.zero_row is None))
    rows = s.folds * s.pass_words
    # Multipliers hold the words themselves, beside the register that is counted.
    held = 1 if s.body.multiplies and multipliers(s) else 2
    return held * s.queues[1] + 2 + loop(rows) + loop(s.pass_words)


def scans(stage: Stage, group: str, part: str) -> Part:
    """All scans of a body. Where the flags of a word are a power of two, nothing is added to find a
    row.
    """
    s = stage
    count, width = s.queues
    row, aligned = bits(s.bank_rows), base_step(s) == 1
    base = loop(s.folds * s.pass_words) if aligned and width > 1 else row
    ports = count * s.folding.ports
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
    width = stage.queues[1]
    return width if stage.body.skips and width & (width - 1) else 1


SHORT = 8
"""Flags up to which a scan finds the lowest one by gates."""


def multipliers(stage: Stage) -> int:
    """DSP blocks for the products of a parallel body."""
    s, f = stage, stage.folding
    return f.elements * f.windows * f.group if is_dsp(s.weight_width, s.i_code.steps) else 0


def accumulating(stage: Stage) -> str:
    """How an accumulator goes from plane to plane: as it is, shifted, or multiplied."""
    return "held" if stage.planes == 1 or stage.per_step else stage.i_code.horner
