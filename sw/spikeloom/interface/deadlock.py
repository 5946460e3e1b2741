"""Why hardware does not go on: read from its counters, taken twice while it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LOOK = 256
"""Cycles between two looks at the counters of hardware that hangs."""


def stuck(names: Sequence[str], before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """Which stage holds the others up, from counters taken twice during the hang."""
    state = {}
    for name in names:
        moved = {
            kind: after.get(f"{name}.{kind}", 0) - before.get(f"{name}.{kind}", 0)
            for kind in ("stalled", "starved", "busy")
        }
        state[name] = max(moved, key=lambda kind: moved[kind]) if any(moved.values()) else "silent"
    stalled = [name for name in names if state[name] == "stalled"]
    culprit = stalled[-1] if stalled else next(iter(names), "the network")
    listing = ", ".join(f"{name} {state[name]}" for name in names)
    return (
        f"look behind {culprit} ({listing})"
        if stalled
        else f"look at {culprit} and its input ({listing})"
    )
