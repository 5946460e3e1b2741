"""The front: what no other point beats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from spikeloom.bench.sweep.pareto import dominates, front

POINTS = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 4), min_size=n, max_size=n), max_size=12)
)


@given(POINTS)
def test_nothing_beats_the_front_and_the_front_beats_the_rest(points):
    on = front(points)
    best = [point for point, kept in zip(points, on, strict=True) if kept]
    assert bool(best) == bool(points)
    for point, kept in zip(points, on, strict=True):
        assert kept != any(dominates(other, point) for other in best)
    assert all(
        min(points, key=lambda p: (p[k], *p)) in best
        for k in range(len(points[0]) if points else 0)
    )


@given(POINTS, st.randoms())
def test_order_and_repetition_do_not_matter(points, rng):
    on = {tuple(point): kept for point, kept in zip(points, front(points), strict=True)}
    more = points + points[: len(points) // 2]
    rng.shuffle(more)
    assert front(more) == [on[tuple(point)] for point in more]


@given(POINTS.filter(bool), st.data())
def test_a_point_made_worse_beats_no_more(points, data):
    """Where one cost of a dominated point grows, it stays off the front, and the others stay where
    they were.
    """
    on = front(points)
    k = data.draw(st.integers(0, len(points) - 1))
    axis = data.draw(st.integers(0, len(points[k]) - 1))
    worse = [list(point) for point in points]
    worse[k][axis] += 1
    after = front(worse)
    if not on[k]:
        assert after == on
    assert all(
        now or not before for j, (before, now) in enumerate(zip(on, after, strict=True)) if j != k
    )


def test_by_hand():
    assert front([[1, 5], [2, 2], [2, 3], [5, 1], [2, 2], [6, 6]]) == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert not dominates([1, 1], [1, 1])
