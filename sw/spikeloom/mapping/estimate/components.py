"""What a stage is made of: for every part of it the memories, the registers, and the amounts that
its LUTs grow with.

Each amount is one that the hardware has (``spikeloom_hw``): the bits of an adder, the flags of a
scan. How many LUTs one of it takes is in ``coefficients.json``, by the kind of the part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from spikeloom.mapping.estimate.memories import Memory, storage
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


def source(stage: Stage, group: str, part: str, family: str) -> Iterator[Part]:
    """Line buffer, fetch and queues."""
    s, f, steps = stage, stage.folding, stage.i_code.steps
    row_beats = s.i_shape[2] * s.beats
    capacity, image = s.rows * row_beats, s.i_shape[1] * row_beats
    beat = f.group * steps
    count, width = s.queues
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
    depth = s.pass_words + 2 - s.body.skips
    reserved = count * depth.bit_length()
    # Where an image is whole turns of the ring, all begin in the same slot; where it has one row of
    # windows, that is where all windows are.
    apart = s.i_shape[1] % s.rows > 0 and s.o_shape[1] > 1
    slots = (2 + apart) * bits(s.rows) if s.rows > 1 else 0
    ring = storage(beat, max(2, capacity), f.windows, family=family)
    held = loop(s.planes) + (0 if s.body.adds else loop(s.folds))
    amounts = {
        "one": 1,
        "nest": nest,
        "level": level,
        "reserved": reserved,
        "slots": slots,
        "address": f.windows * bits(capacity),
        "select": f.windows * (beat if s.body.whole_words else f.group * selecting(steps)),
        "ring": ring.lutram,
        "deep": f.windows * beat * (ceil(capacity / 64) - 1) if ring.lutram else 0,
    }
    registers = nest + bits(capacity) + level + reserved + slots + f.windows + 2 + held
    yield Part(group, part, "source", registers, amounts, ring)
    yield fifo(group, part, width, depth, family, count)


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
