"""The points that no other one beats."""

from __future__ import annotations

from collections.abc import Sequence


def dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether ``a`` is nowhere larger than ``b``, and somewhere smaller; all numbers are costs."""
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(
        x < y for x, y in zip(a, b, strict=True)
    )


def front(costs: Sequence[Sequence[float]]) -> list[bool]:
    """Which points are not dominated by any other. Equal points are both on the front, or both off
    it.
    """
    return [not any(dominates(other, mine) for other in costs) for mine in costs]
