"""Adder trees as ``spikeloom_hw.tree`` builds them: what one sum of a stage takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from spikeloom.plan import Stage


@dataclass(frozen=True)
class Tree:
    """Attributes
    ----------
    amounts: bits of sums, by how they are made. registers: bits of all levels; shared: those that all elements have in common.
    """

    amounts: dict[str, int]
    registers: int
    shared: int = 0


def tree(stage: Stage) -> Tree:
    """Of one element and window."""
    return multiplied(stage) if stage.folding.body == "parallel" else added(stage)


def parts(count: int, most: int) -> list[int]:
    """``count`` terms in sums of ``most``, the last of what is left."""
    return [most] * (count // most) + ([count % most] if count % most else [])


def added(stage: Stage) -> Tree:
    """Event, dense and depthwise bodies: small sums, then two terms each."""
    s = stage
    width, gated = s.weight_width + s.binary, s.folding.body != "event" or s.zero_row is None
    amounts: Counter[str] = Counter()
    terms, registers, shared = [], 0, 0
    for count in parts(s.lanes, s.first_terms):
        terms.append(min(s.acc_width, width + count - 1))
        if s.binary:
            # Whether a sum of so many is odd does not depend on the weights.
            amounts["binary"] += (terms[-1] - 1) * (count > 1)
            registers, shared = registers + terms[-1] - 1, shared + 1
        else:
            amounts["adder" if s.first_terms == 2 else "small"] += small(width, count, s.first_terms)
            amounts["gates"] += width * gated
            registers += terms[-1]
    for _ in range(s.tree_cycles - 1):
        pairs = [terms[k : k + 2] for k in range(0, len(terms), 2)]
        terms = [min(s.acc_width, max(pair) + 1) if len(pair) == 2 else pair[0] for pair in pairs]
        amounts["adder"] += sum(max(pair) for pair in pairs if len(pair) == 2)
        registers += sum(terms)
    return Tree(dict(amounts), registers, shared)


def small(width: int, count: int, most: int) -> int:
    """Bits of a sum of the first level that take logic; in an adder the highest one does not."""
    if count == 1:
        return 0
    return width if most == 2 else width + count - 1


def multiplied(stage: Stage) -> Tree:
    """Parallel bodies: four products in each sum, then four of these. Multipliers add and hold the first ones."""
    s = stage
    lanes, width = s.lanes, s.weight_width + s.i_code.steps
    amounts: Counter[str] = Counter()
    registers = 0
    for level in range(s.tree_cycles):
        counts = parts(lanes, 4)
        for count in counts:
            wide = min(s.acc_width, width + (count - 1).bit_length())
            if level or not is_dsp(s.weight_width, s.i_code.steps):
                amounts[("", "one term", "two", "three", "four")[count]] += wide
                registers += wide
        lanes, width = len(counts), min(s.acc_width, width + (max(counts) - 1).bit_length())
    return Tree(dict(amounts), registers)


PRODUCT = 9
"""Bits from which Yosys takes a multiplier for a product, where its factors have 2 or more."""


def is_dsp(weight_width: int, steps: int) -> bool:
    """Whether Yosys takes a multiplier for a product."""
    return weight_width + steps >= PRODUCT and min(weight_width, steps) >= 2
