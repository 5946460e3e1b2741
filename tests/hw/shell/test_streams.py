"""Gearbox and packer: every ratio, order, exact timing, idles crossed with stalls."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st
from spikeloom_hw.shell.gearbox import Gearbox
from spikeloom_hw.shell.packer import Packer

from tests.hw.streams import drive, pack, unpack

CROSS = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.4, 0.6)]
RATIOS = [
    *[(64, 8, 4, 1), (64, 8, 8, 3), (64, 8, 1, 8), (64, 16, 9, 6), (64, 8, 2, 64)],
    *[(128, 8, 5, 1), (128, 8, 8, 12), (128, 16, 16, 40), (128, 16, 10, 7)],
    *[
        (64, 1, 1, 64),
        (64, 1, 1, 98),
        (64, 2, 1, 3),
        (64, 4, 3, 49),
        (128, 1, 1, 784),
        (128, 4, 4, 31),
    ],
]


def beats_of(words: list[int], width: int, container: int, steps: int, group: int) -> list[int]:
    numbers = [
        n & ((1 << steps) - 1)
        for word in words
        for n in unpack(word, container, width // container)
    ]
    return [pack(numbers[k : k + group], steps) for k in range(0, len(numbers) - group + 1, group)]


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([64, 128]),
    st.sampled_from([1, 2, 4]),
    st.integers(0, 2),
    st.integers(1, 150),
    st.sampled_from(CROSS),
)
def test_gearbox_of_packed_words(
    width: int, container: int, unused: int, group: int, cross: tuple[float, float]
) -> None:
    """Several words to a byte: all widths of beats, below, at and above a memory word."""
    check_gearbox((width, container, max(1, container - unused), group), *cross)


@pytest.mark.parametrize(("idle", "stall"), CROSS)
@pytest.mark.parametrize("ratio", RATIOS)
def test_gearbox(ratio: tuple[int, int, int, int], idle: float, stall: float) -> None:
    check_gearbox(ratio, idle, stall)


def check_gearbox(ratio: tuple[int, int, int, int], idle: float, stall: float) -> None:
    """Every bit in its place, in the cycle that it must be there."""
    width, container, steps, group = ratio
    rng = np.random.default_rng(sum(ratio))
    words = [int.from_bytes(rng.bytes(width // 8), "little") for _ in range(42)]
    expected = beats_of(words, *ratio)
    box = Gearbox(width=width, container=container, steps=steps, group=group)
    logs = drive(box, {"i": words}, {"o": len(expected)}, idle=idle, stall=stall)
    assert logs["o"].data == expected
    if idle or stall:
        return
    # A beat leaves in the cycle after its last word, or after the beat before it; no cycle is lost
    # to either.
    came, times = logs["i"].times, logs["o"].times
    per_word = width // container
    last_word = [((k + 1) * group - 1) // per_word for k in range(len(expected))]
    assert times == [
        max(came[last_word[k]] + 1, times[k - 1] + 1 if k else 0) for k in range(len(expected))
    ]
    if group <= per_word:
        assert times == list(range(1, len(expected) + 1)), "a beat in every cycle"
    else:
        assert came == list(range(len(came))), "a word in every cycle"


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("group", [1, 3, 8, 12])
def test_gearbox_tells_unused_words(group: int, extra: int) -> None:
    """After the last beat of a job: nothing is left of the words that it needs, or a whole one."""
    beats, after = 8, 12
    left = [0] * (-(-beats * group // 8) + extra)
    box = Gearbox(width=64, container=8, steps=4, group=group)

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        taken = 0
        for _ in range(beats * 2 + after):
            ctx.set(box.i.valid, bool(left))
            ctx.set(box.o.ready, taken < beats)
            taken += taken < beats and ctx.get(box.o.valid)
            if left and ctx.get(box.i.ready):
                left.pop()
            await ctx.tick()
        assert taken == beats and bool(left or ctx.get(box.whole)) == bool(extra)

    simulator = Simulator(box)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_gearbox_refuses() -> None:
    for wrong in ({"steps": 9}, {"steps": 0}, {"group": 0}, {"width": 60}, {"width": 24}):
        with pytest.raises(ValueError, match="expected"):
            Gearbox(**{"width": 64, "container": 8, "steps": 4, "group": 1, **wrong})


@pytest.mark.parametrize(("idle", "stall"), CROSS)
@pytest.mark.parametrize("width", [32, 64, 128])
def test_packer(width: int, idle: float, stall: float) -> None:
    lanes, per_image, images = width // 32, 3, 5
    rng = np.random.default_rng(width)
    values = [int(v) for v in rng.integers(0, 1 << 32, per_image * images)]
    lasts = [(k + 1) % per_image == 0 for k in range(len(values))]
    packer = Packer(width=width)
    count = -(-len(values) // lanes)
    finished: list[int] = []

    def watch(ctx, cycle: int) -> None:  # type: ignore[no-untyped-def]
        ctx.set(packer.open, 1)
        ctx.set(packer.last_image, images - 1)
        if ctx.get(packer.finished):
            finished.append(cycle)

    payloads = [value | last << 32 for value, last in zip(values, lasts, strict=True)]
    feeds = drive(packer, {"i": payloads}, {"o": count}, idle=idle, stall=stall, watch=watch)
    for k, word in enumerate(feeds["o"].data):
        part = values[k * lanes : (k + 1) * lanes]
        data, mask, last = (
            word & ((1 << width) - 1),
            word >> width & ((1 << lanes) - 1),
            word >> (width + lanes),
        )
        assert (
            unpack(data, 32, lanes)[: len(part)] == part
            and mask == (1 << len(part)) - 1
            and last == (k == count - 1)
        )
    assert finished == [feeds["i"].times[k] for k, last in enumerate(lasts) if last]
    if not idle and not stall:
        assert feeds["i"].times == list(range(len(values)))
        assert feeds["o"].times == [min((k + 1) * lanes, len(values)) for k in range(count)]


def test_packer_refuses() -> None:
    with pytest.raises(ValueError, match="multiple of 32"):
        Packer(width=48)
