"""How often an image comes out: which images are looked at, and what the memory port holds back."""

from __future__ import annotations

from math import prod
from types import SimpleNamespace

import numpy as np
import pytest
from spikeloom.bench.published import pace
from spikeloom.bench.published.pace import earliest_beats, intervals
from spikeloom.ir import golden
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate_trace

from tests.networks import random_plan, random_words


def test_the_port_holds_back_what_comes_too_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that is slower than the port keeps its own pace, a faster one gets that of the
    port.
    """
    for seed in range(12):
        plan = random_plan(seed)
        trace = golden.trace(plan.graph, random_words(np.random.default_rng(seed), plan.graph, 20))
        beats = prod(plan.graph.input.shape) // plan.input_group
        monkeypatch.setattr(pace, "ends", lambda *_, beats=beats: (SimpleNamespace(cycles=beats),))
        free = intervals(plan, trace)
        assert earliest_beats(plan, 20) is None
        assert free.tolist() == simulate_trace(plan, trace, BACK_TO_BACK).intervals[1:].tolist()
        slow = 3.3 * max(free.max(), beats)
        monkeypatch.setattr(pace, "ends", lambda *_, slow=slow: (SimpleNamespace(cycles=slow),))
        early = earliest_beats(plan, 20)
        assert (
            early is not None
            and len(early) == 20 * beats
            and early[beats * 7] == pytest.approx(7 * slow, abs=1)
        )
        assert intervals(plan, trace).mean() == pytest.approx(slow, rel=0.1), seed
        assert np.diff(
            simulate_trace(plan, trace, BACK_TO_BACK, offers=early).first
        ) == pytest.approx(np.full(19, slow), abs=1)


def test_the_port_of_a_board() -> None:
    """784 words of 2 bits in 8 beats: 24.5 cycles of a PYNQ-Z2's port, 12.25 of a ZCU104's."""
    source = SimpleNamespace(shape=(784, 1, 1), name="x", code=SimpleNamespace(steps=2))
    graph = SimpleNamespace(
        input=source, output=SimpleNamespace(name="y"), shapes={"y": (10, 1, 1)}
    )
    for board, cycles in (("pynq-z2", 24.5), ("zcu104", 12.25)):
        found = earliest_beats(SimpleNamespace(graph=graph, board=board, input_group=98), 3)
        assert found == [int(beat * cycles / 8) for beat in range(24)]
