"""A target is met as measured on calibration inputs, whatever the closed form says of independent
spikes.
"""

from __future__ import annotations

import numpy as np
import pytest
from spikeloom.errors import CapacityError
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code, Ints
from spikeloom.mapping.estimate.cycles import network_interval
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.calibrate import settled
from spikeloom.mapping.search.schedule import schedule


def network() -> Graph:
    zero = np.zeros(8, dtype=np.int64)
    weight = np.random.default_rng(0).integers(-4, 4, (8, 128, 1, 1))
    return Graph(
        "bursts",
        (
            Input("x", (128, 1, 1), (128,), Code(1)),
            Layer("fc", "x", weight, Raw(None), zero, zero, zero),
        ),
    )


def bursts() -> Ints:
    """Half of the images are full, half are empty: no dealing evens that out, and independent
    spikes would be done sooner.
    """
    return np.repeat(np.arange(64) % 2, 128).reshape(64, 128, 1, 1)


def test_the_target_is_met_as_measured() -> None:
    goal = 20.0
    free = schedule(network(), "pynq-z2", {"x": 0.5}, target_fps=100e6 / goal)
    found = schedule(network(), "pynq-z2", words=bursts(), target_fps=100e6 / goal)
    assert network_interval(free) <= goal and network_interval(found) <= goal
    trace = golden.trace(network(), bursts())
    assert network_interval(settled(free, trace, lambda plan, aim: free, goal, rounds=1)) > goal
    assert found.foldings != free.foldings


def test_a_later_round_that_finds_nothing_leaves_what_was_found() -> None:
    trace, asked = golden.trace(network(), bursts()), []
    start = schedule(network(), "pynq-z2", {"x": 0.5}, target_fps=5e6)

    def choose(plan: Plan, aim: float) -> Plan:
        asked.append(aim)
        if len(asked) > 1:
            raise CapacityError("none")
        return start

    found = settled(start, trace, choose, 20.0)
    assert (
        found.foldings == start.foldings
        and network_interval(found) > 20
        and asked[1] < asked[0] == 20.0
    )
    assert asked[2:] == [
        (asked[1] + 20) / 2,
        (asked[1] + 3 * 20) / 4,
    ], "half as much faster, each time that nothing is that fast"
    with pytest.raises(CapacityError, match="none"):
        settled(start, trace, choose, 20.0)


def test_what_is_too_fast_to_be_had_is_not_the_end() -> None:
    """A plan that is as fast as wanted stands between the first one and one that there is not."""
    trace = golden.trace(network(), bursts())
    slow, fast = (schedule(network(), "pynq-z2", {"x": 0.5}, target_fps=fps) for fps in (5e6, 12e6))

    asked: list[float] = []

    def choose(plan: Plan, aim: float) -> Plan:
        asked.append(aim)
        if len(asked) == 2:
            raise CapacityError("none")
        return slow if len(asked) == 1 else fast

    assert (
        settled(slow, trace, choose, 20.0).foldings == fast.foldings
        and asked[1] < asked[2] < asked[0]
    )
