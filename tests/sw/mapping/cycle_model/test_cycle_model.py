"""The cycle model against the engine played cycle by cycle, on random networks and foldings."""

from __future__ import annotations

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import SpikePack
from spikeloom.ir.nodes import Input, Layer, Node
from spikeloom.ir.number import Code
from spikeloom.mapping.cycle_model import BACK_TO_BACK, ONE_AT_A_TIME, simulate
from spikeloom.mapping.plan import plan as plans
from spikeloom.mapping.plan.plan import Folding, Plan

from tests.networks import plan_of, random_plan, random_words
from tests.ticks import Machine


def play(
    plan: Plan,
    words: np.ndarray,
    mode: str,
    offers: list[int] | None = None,
    pattern: np.ndarray | None = None,
) -> None:
    """Both models, and equality of everything they tell."""

    def accepts(time: int) -> int:
        assert pattern is not None
        later = np.flatnonzero(pattern[time:])
        return time + int(later[0]) if len(later) else max(time, len(pattern))

    sink = accepts if pattern is not None else None
    timing = simulate(plan, words, mode, offers=offers, accepts=sink)
    machine = Machine(plan, words, mode == ONE_AT_A_TIME, offers, sink)
    machine.run(2 * int(timing.last[-1]) + 5000)
    assert machine.source.first == timing.first.tolist()
    assert machine.sink.last == timing.last.tolist()
    assert machine.counters() == timing.counters()
    shape = (len(words), *np.array(plan.graph.shapes[plan.graph.output.name])[[1, 2, 0]])
    trace = golden.trace(plan.graph, words)[plan.graph.output.name]
    assert machine.sink.values == trace.transpose(0, 2, 3, 1).reshape(-1).tolist(), shape


@pytest.mark.parametrize("seed", range(24))
def test_model_equals_the_engine_played(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng)
    words = random_words(rng, plan.graph, 3)
    play(plan, words, ONE_AT_A_TIME)
    play(plan, words, BACK_TO_BACK)


@pytest.mark.parametrize("group", [6, 3, 2, 1])
@pytest.mark.parametrize(
    ("steps", "elements", "side"), [(1, 6, 5), (1, 1, 4), (2, 6, 4), (3, 3, 3)]
)
def test_short_passes(group: int, steps: int, elements: int, side: int) -> None:
    """Passes of 1, 2, 3 and 6 words, where fetches wait for pops of other passes; two layers, so
    that rows are waited for.
    """
    rng = np.random.default_rng(group)
    zero = np.zeros(6, dtype=np.int64)
    fire = SpikePack(Code(steps), zero + 2, zero)
    nodes: list[Node] = [Input("x", (6, side, side), (6, side, side), Code(steps))]
    for name, source in (("a", "x"), ("b", "a")):
        nodes.append(Layer(name, source, rng.integers(-1, 3, (6, 6, 1, 1)), fire, zero, zero, zero))
    plan = plan_of(
        Graph("short", tuple(nodes)),
        {name: Folding("event", group, elements=elements) for name in ("a", "b")},
    )
    for density in (0.2, 0.6, 1.0):
        play(plan, random_words(rng, plan.graph, 2, density), BACK_TO_BACK)
    pattern = rng.random(2000) < 0.15
    play(plan, random_words(rng, plan.graph, 2), BACK_TO_BACK, pattern=pattern)


def test_a_residual_that_is_too_short_is_told_from_a_slow_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two 5 x 5 layers and a residual around both: with one beat of FIFO nothing ever comes out,
    and both models say so.
    """
    zero, ones = np.zeros(1, dtype=np.int64), np.ones((1, 1, 5, 5), dtype=np.int64)
    fire = SpikePack(Code(2), zero + 5, zero)
    nodes: list[Node] = [Input("x", (1, 8, 8), (1, 8, 8), Code(2))]
    for name, source, skip in (("a", "x", None), ("b", "a", None), ("c", "b", "x")):
        nodes.append(
            Layer(name, source, ones, fire, zero, zero, zero + 1, padding=(2, 2, 2, 2), skip=skip)
        )
    graph = Graph("deep", tuple(nodes))
    words = random_words(np.random.default_rng(0), graph, 2)
    plan = plan_of(graph, {name: Folding("dense", 1) for name in ("a", "b", "c")})
    play(plan, words, BACK_TO_BACK)
    monkeypatch.setattr(plans, "fifo_depth", lambda plan, stage, port: int(port.waits))
    plan = plan_of(graph, plan.foldings)
    with pytest.raises(SpikeLoomError, match="too shallow"):
        simulate(plan, words)
    with pytest.raises(AssertionError, match="hangs"):
        Machine(plan, words, True).run(20_000)


@pytest.mark.parametrize("seed", range(60, 76))
def test_with_gaps_and_stalls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng)
    words = random_words(rng, plan.graph, 3)
    beats = int(np.prod(words.shape)) // plan.input_group
    offers = np.cumsum(rng.integers(0, int(rng.choice((2, 4, 12))), beats)).tolist()
    pattern = rng.random(3000) < rng.choice((0.2, 0.5, 0.9))
    play(plan, words, BACK_TO_BACK, offers, pattern)


def test_wrong_requests_are_refused() -> None:
    plan = random_plan(0)
    words = random_words(np.random.default_rng(0), plan.graph, 2)
    for bad, mode in (
        (words, "sideways"),
        (words[:0], BACK_TO_BACK),
        (words[:, :, :, :0], BACK_TO_BACK),
        (words[0], BACK_TO_BACK),
    ):
        with pytest.raises(SpikeLoomError) as error:
            simulate(plan, bad, mode)
        assert "\n" not in str(error.value)
