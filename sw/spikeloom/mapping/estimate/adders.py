"""Adder trees as ``spikeloom_hw.lib.adder_tree`` builds them: what one sum of a stage takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from spikeloom.mapping.estimate.weights import weight_bits
from spikeloom.mapping.plan.stage import Stage


@dataclass(frozen=True)
class Tree:
    """Attributes
    ----------
    amounts: bits of sums, by how they are made. registers: bits of all levels; shared: those that
        all elements have in common.
    """

    amounts: dict[str, int]
    registers: int
    shared: int = 0


def parts(count: int, most: int) -> list[int]:
    """``count`` terms in sums of ``most``, the last of what is left."""
    return [most] * (count // most) + ([count % most] if count % most else [])


def added(stage: Stage) -> Tree:
    """Event, dense and depthwise bodies: small sums, then two terms each."""
    s = stage
    width, gated = s.weight_width, s.body.gated(s)
    amounts: Counter[str] = Counter()
    terms, registers, shared = [], 0, 0
    for count in parts(s.lanes, s.first_terms):
        terms.append(min(s.acc_width, width + count - 1))
        if s.binary:
            # Whether a sum of so many is odd does not depend on the weights.
            registers, shared = registers + terms[-1] - 1, shared + 1
        else:
            registers += terms[-1]
        amounts.update(first(s, width, count, gated))
    for _ in range(s.tree_cycles - 1):
        pairs = [terms[k : k + 2] for k in range(0, len(terms), 2)]
        terms = [min(s.acc_width, max(pair) + 1) if len(pair) == 2 else pair[0] for pair in pairs]
        amounts["adder"] += sum(max(pair) for pair in pairs if len(pair) == 2)
        registers += sum(terms)
    return Tree(dict(amounts), registers, shared)


def first(stage: Stage, width: int, count: int, gated: bool) -> dict[str, int]:
    """A sum of the first level: a single term is a gate or nothing. Yosys makes an adder of terms
    of three bits or more.
    """
    if count == 1:
        return {"gates": width * stage.body.by_channel}
    if stage.binary:
        return {"binary": width + count - 2}
    if count > 2:
        return {"small": width + count - 1}
    return {"adder": width, "gates": width * gated} if width > ADDER else {"pairs": width + 1}


ADDER = 2
"""Bits of a term up to which Yosys makes no adder of it."""


def multiplied(stage: Stage) -> Tree:
    """Parallel bodies: four products in each sum, then four of these. Multipliers add and hold the
    first ones.

    Yosys adds all bits of four products at once, which takes away as many as are more than the sum
    has, and then an adder.
    """
    s = stage
    lanes, width, both = s.lanes, s.weight_width + s.i_code.steps, weight_bits(s) * s.i_code.steps
    inside = is_dsp(s.weight_width, s.i_code.steps)
    amounts: Counter[str] = Counter()
    registers = 0
    for level in range(s.tree_cycles):
        counts = parts(lanes, 4)
        for count in counts:
            wide = min(s.acc_width, width + count - 1)
            if level:
                amounts[NAMES[count]] += wide * (count > 1)
            elif not inside:
                amounts.update(
                    {
                        "partial": max(0, count * both - wide),
                        "adder": wide * (count > 1 or min(s.weight_width, s.i_code.steps) > 1),
                    }
                )
            registers += wide * (level > 0 or not inside)
        lanes, width = len(counts), min(s.acc_width, width + max(counts) - 1)
    return Tree(dict(amounts), registers)


NAMES = ("", "adder", "adder", "three", "four")
"""Sums by their terms."""

PRODUCT = 9
"""Bits from which Yosys takes a multiplier for a product, where its factors have 2 or more."""


def is_dsp(weight_width: int, steps: int) -> bool:
    """Whether Yosys takes a multiplier for a product."""
    return weight_width + steps >= PRODUCT and min(weight_width, steps) >= 2
