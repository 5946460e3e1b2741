"""Curves at equal accuracy: on the points, between them, and never beyond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spikeloom.bench.neurons.equal_accuracy import (
    BELOW,
    INTERPOLATED,
    NOT_REACHED,
    equal,
    means,
    read_at,
)
from spikeloom.bench.neurons.spikepack_vs_lif import LIF, SPIKEPACK, Point

CURVE = [(100.0, 0.7), (200.0, 0.8), (400.0, 0.9), (800.0, 0.88)]


def point(kind: str, steps: int, accuracy: float, cycles: float, seed: int = 0) -> Point:
    right = round(accuracy * 1000)
    return Point(
        kind,
        steps,
        seed,
        right,
        1000,
        364,
        accuracy - 0.02,
        accuracy + 0.02,
        0.2,
        64,
        cycles,
        cycles + 50,
        0,
    )


@pytest.mark.parametrize(
    ("accuracy", "cycles", "how"),
    [
        (0.7, 100, INTERPOLATED),
        (0.75, 150, INTERPOLATED),
        (0.8, 200, INTERPOLATED),
        (0.88, 360, INTERPOLATED),  # the first crossing, not the last point
        (0.9, 400, INTERPOLATED),
        (0.9001, None, NOT_REACHED),
        (0.6, 100, BELOW),
    ],
)
def test_read_at(accuracy, cycles, how):
    at, found = read_at(CURVE, accuracy)
    assert found == how and at == (None if cycles is None else pytest.approx(cycles))


def test_read_at_nothing():
    assert read_at([], 0.5) == (None, NOT_REACHED)


shares = st.lists(st.floats(0.1, 0.9), min_size=1, max_size=5)


@given(shares, st.floats(0, 1))
def test_never_beyond_the_points(curve, accuracy):
    points = [(100.0 * 2**k, share) for k, share in enumerate(curve)]
    at, how = read_at(points, accuracy)
    assert (at is None) == (accuracy > max(curve)) == (how == NOT_REACHED)
    if at is not None:
        assert points[0][0] <= at <= points[-1][0]
        assert (how == BELOW) == (accuracy < curve[0])
        assert how == BELOW or any(y >= accuracy for x, y in points if x >= at)
        assert how == BELOW or all(y < accuracy for x, y in points if x < at)


def test_means_and_spread():
    found = means(
        [
            point(LIF, 2, 0.8, 210),
            point(SPIKEPACK, 1, 0.7, 100),
            point(SPIKEPACK, 1, 0.74, 110, 1),
            point(SPIKEPACK, 1, 0.72, 120, 2),
        ]
    )
    first, second = found
    assert (first.kind, first.seeds, second.kind, second.seeds) == (SPIKEPACK, 3, LIF, 1)
    assert (first.accuracy, first.lowest, first.highest) == pytest.approx((0.72, 0.7, 0.74))
    assert first.deviation == pytest.approx(0.02) and second.deviation == 0
    assert first.cycles == pytest.approx(110)


def test_at_equal_accuracy():
    spikepack = [
        point(SPIKEPACK, steps, share, cycles)
        for steps, share, cycles in ((1, 0.7, 100), (2, 0.8, 200), (4, 0.9, 400))
    ]
    lif = [
        point(LIF, steps, share, cycles)
        for steps, share, cycles in ((1, 0.65, 90), (2, 0.75, 300), (4, 0.9, 900), (8, 0.95, 1800))
    ]
    below, between, on, beyond = equal(spikepack + lif)
    assert (below.how, below.spikepack, below.whole_steps) == (
        BELOW,
        100,
        1,
    ) and below.ratio == pytest.approx(0.9)
    assert (between.how, between.spikepack, between.whole_steps) == (
        INTERPOLATED,
        pytest.approx(150),
        2,
    )
    assert between.ratio == pytest.approx(2) and between.whole_ratio == pytest.approx(1.5)
    assert (on.whole_steps, on.ratio, on.whole_ratio) == (
        4,
        pytest.approx(2.25),
        pytest.approx(2.25),
    )
    assert (beyond.how, beyond.spikepack, beyond.ratio, beyond.whole_steps, beyond.seed_ratios) == (
        NOT_REACHED,
        None,
        None,
        None,
        (),
    )


def test_every_seed_has_its_own_ratio():
    points = [
        point(SPIKEPACK, steps, share, cycles, seed)
        for seed in (0, 1)
        for steps, share, cycles in ((1, 0.7, 100), (2, 0.8, 200))
    ]
    (one,) = equal([*points, point(LIF, 1, 0.75, 300, 0), point(LIF, 1, 0.79, 380, 1)])
    assert one.seed_ratios == pytest.approx((2, 2))
    assert one.accuracy == pytest.approx(0.77) and one.ratio == pytest.approx(340 / 170)


def test_without_spikepack_nothing_is_equal():
    assert equal([point(LIF, 1, 0.7, 100)]) == []
