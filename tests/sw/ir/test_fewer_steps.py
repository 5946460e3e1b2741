"""Fewer time steps: the golden model against its definition, torch against it, and the cycle model
against the engine played.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.ir import golden
from spikeloom.ir.fewer_steps import most_steps, with_steps
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Raw, SpikePack, Thresholds, per_channel
from spikeloom.ir.neurons.thresholds import coarse_thresholds
from spikeloom.ir.nodes import Input, Layer, MaxPool, Node, SumPool
from spikeloom.ir.number import Code, Cut, Ints, cut
from spikeloom.ir.windows import conv
from spikeloom.mapping.cycle_model import BACK_TO_BACK, ONE_AT_A_TIME, simulate
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom.progress import silent

from tests.networks import plain_folding, plan_of, random_foldings, random_graph, random_words
from tests.ticks import Machine

ZERO, ONE = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)


def networks(count: int, first: int = 0, most: int = 1 << 30) -> Iterator[tuple[int, Graph]]:
    """Random networks of several time steps that can do with fewer; ``most``: words that they fetch
    per image with one of everything.
    """
    seed = first
    while count:
        graph = random_graph(seed)
        plain = plan_of(graph, {node.name: plain_folding(graph, node) for node in graph.nodes[1:]})
        words = sum(s.positions * s.folds * s.planes * s.pass_words for s in plain.stages)
        try:
            if (
                words <= most
                and most_steps(graph) > 1
                and all(with_steps(graph, steps) for steps in range(1, most_steps(graph)))
            ):
                count -= 1
                yield seed, graph
        except UnsupportedError:
            pass
        seed += 1


def slow(graph: Graph, words: Ints, steps: int) -> tuple[dict[str, Ints], np.ndarray]:
    """Words of every node and the real output with so many steps, from the full network alone,
    plane by plane.
    """
    seen = {graph.input.name: words}
    counted: dict[str, Fraction] = {graph.input.name: Fraction(1)}
    for node in graph.nodes[1:]:
        code = graph.code(node.source)
        counted[node.name] = counted[node.source]
        if isinstance(node, MaxPool | SumPool):
            seen[node.name] = node.compute([seen[node.source]], [code])
            continue
        neuron = node.neuron
        total = 1 if isinstance(neuron, Raw) else neuron.code.steps
        run = min(total, steps)

        def drive(planes: Ints, code: Code, joined: Ints | int, node: Layer = node) -> Ints:
            v = np.int64(0)
            for place, plane in zip(code.place_values, planes, strict=True):
                v = v + place * conv(plane, node.weight, node.stride, node.padding, node.groups)
            u = (np.where(per_channel(node.negate), -v, v) << node.shift) + per_channel(node.beta)
            return u + per_channel(node.kappa) * joined

        if graph.per_step(node):
            skips = graph.code(node.skip).planes(seen[node.skip]) if node.skip else [0] * total
            parts = [
                drive(plane[None], Code(1), skip)
                for plane, skip in zip(code.planes(seen[node.source]), skips, strict=True)
            ]
            u = np.stack(parts[:run])
        else:
            u = drive(
                code.planes(seen[node.source]),
                code,
                graph.code(node.skip).value(seen[node.skip]) if node.skip else 0,
            )
        if isinstance(neuron, Raw):
            seen[node.name] = u if neuron.code is None else neuron.code.word(u)
        elif isinstance(neuron, LIF):
            counted[node.name] = Fraction(total, run)
            seen[node.name] = leaky(neuron, u if graph.per_step(node) else np.stack([u] * run)) << (
                total - run
            )
        else:
            counted[node.name] = Fraction(1)
            seen[node.name] = neuron.fire(u) if run == total else coarse(neuron, u, total - run)
    last = graph.output
    values, rate = (
        (
            seen[last.name]
            if (code := graph.codes[last.name]) is None
            else code.value(seen[last.name])
        ),
        counted[last.name],
    )
    fixed = (
        last.beta
        if isinstance(last, Layer) and isinstance(last.neuron, Raw)
        else np.zeros(values.shape[1], dtype=np.int64)
    )
    whole = float(rate) * (values - per_channel(fixed)) + per_channel(fixed)
    return seen, golden.dequantize(graph, whole)


def leaky(neuron: LIF, currents: Ints) -> Ints:
    """As many steps as there are currents, one bit each."""
    membrane, word = np.zeros_like(currents[0]), np.zeros_like(currents[0])
    for current in currents:
        membrane = membrane - (membrane >> neuron.leak if neuron.leak else 0) + current
        fires = membrane >= per_channel(neuron.theta)
        membrane = np.where(
            fires, 0 if neuron.hard_reset else membrane - per_channel(neuron.theta), membrane
        )
        word = 2 * word + fires
    return word


def coarse(neuron: SpikePack | Thresholds, u: Ints, silent: int) -> Ints:
    """How many steps of the coarser code the drive has passed, each step by its definition."""
    code = neuron.code
    values = [int(v) - code.min_value for v in code.codebook][:: 1 << silent]
    rank = np.zeros_like(u)
    for k in range(1, len(values)):
        for c in range(u.shape[1]):
            if isinstance(neuron, Thresholds):
                rank[:, c] += u[:, c] >= line(neuron, c, Fraction(values[k - 1] + values[k], 2))
            elif (
                code.base == 2
            ):  # half of what is lost on the way from one value to the next is given first
                rank[:, c] += 2 * u[:, c] + int(neuron.theta[c]) * (
                    (1 << silent) - 1
                ) >= 2 * values[k] * int(neuron.theta[c])
            else:
                rank[:, c] += u[:, c] >= values[k] * int(neuron.theta[c])
    return (rank << silent) ^ code.sign_bit


def line(table: Thresholds, channel: int, at: Fraction) -> Fraction:
    """The drive at which a table that rounds to the nearest answers ``at``, on the straight line
    between two of its steps.
    """
    values = [int(v) - table.code.min_value for v in table.code.codebook]
    middles = [Fraction(a + b, 2) for a, b in zip(values, values[1:], strict=False)]
    k = max(k for k in range(len(middles) - 1) if middles[k] <= at)
    low, high = (int(t) for t in table.thresholds[channel, k : k + 2])
    return low + (high - low) * (at - middles[k]) / (middles[k + 1] - middles[k])


@pytest.mark.parametrize(("seed", "graph"), list(networks(30, most=20_000)))
def test_golden_is_its_definition(seed: int, graph: Graph) -> None:
    words = random_words(np.random.default_rng(seed), graph, 3)
    for steps in range(1, most_steps(graph) + 1):
        found = with_steps(graph, steps)
        expected, real = slow(graph, words, steps)
        trace = golden.trace(found, words)
        for name, code in found.codes.items():
            assert np.array_equal(trace[name], expected[name]), (name, steps)
            assert code is None or not (trace[name] & ((1 << code.silent) - 1)).any(), name
        np.testing.assert_allclose(
            golden.dequantize(found, golden.integers(found, words)), real, rtol=1e-12
        )


@pytest.mark.parametrize(("seed", "graph"), list(networks(10, 500, 20_000)))
def test_torch_is_golden(seed: int, graph: Graph) -> None:
    from spikeloom.verify.torch_model import torch_words

    x = np.random.default_rng(seed).integers(0, 2, (3, *graph.input.real_shape)).astype(np.float32)
    words = golden.quantize(graph.input, x)
    for steps in range(1, most_steps(graph)):
        found = with_steps(graph, steps)
        expected = golden.trace(found, words)
        for name, seen in torch_words(found, x, silent).items():
            assert np.array_equal(seen, expected[name]), (name, steps)


@pytest.mark.parametrize(("seed", "graph"), list(networks(8, 900, 1500)))
def test_cycles_are_those_of_the_engine_played(seed: int, graph: Graph) -> None:
    rng = np.random.default_rng(seed)
    plan, words = plan_of(graph, random_foldings(rng, graph)), random_words(rng, graph, 2)
    fewer = plan.with_steps(1 + seed % (most_steps(graph) - 1))
    for mode in (ONE_AT_A_TIME, BACK_TO_BACK):
        timing = simulate(fewer, words, mode)
        machine = Machine(fewer, words, mode == ONE_AT_A_TIME, None, None)
        machine.run(2 * int(timing.last[-1]) + 5000)
        assert (machine.source.first, machine.sink.last) == (
            timing.first.tolist(),
            timing.last.tolist(),
        )
        assert machine.counters() == timing.counters()


@given(st.integers(2, 16), st.data())
@settings(max_examples=200, deadline=None)
def test_halves_go_up_at_the_coarser_step(steps: int, data: st.DataObject) -> None:
    """A neuron that rounds x = u / theta rounds to multiples of 2^(T - T') as well, and clips to
    the largest of them.
    """
    theta, x_theta = data.draw(st.integers(1, 1000)), data.draw(st.integers(-(1 << 20), 1 << 26))
    silent, signed = data.draw(st.integers(1, steps - 1)), data.draw(st.booleans())
    code = Code(steps, signed=signed)
    half = theta + (
        theta << steps if signed else 0
    )  # twice the beta: half a threshold, and the offset of signed words
    neuron = SpikePack(code, 2 * theta * ONE, ONE)
    layer = Layer("a", "x", ONE.reshape(1, 1, 1, 1), neuron, half * ONE, ZERO, ZERO, 1)
    found = with_steps(Graph("g", (Input("x", (1, 1, 1), (1,), Code(16)), layer)), steps - silent)[
        "a"
    ]
    assert isinstance(found, Layer) and isinstance(found.neuron, SpikePack)
    word = found.neuron.fire((2 * x_theta * ONE + found.beta).reshape(1, 1, 1, 1))
    rounded = floor(Fraction(x_theta, theta << silent) + Fraction(1, 2)) << silent
    assert int(code.value(word).item()) == min(
        max(rounded, code.min_value), code.max_value + 1 - (1 << silent)
    )


@given(st.integers(2, 8), st.integers(2, 4), st.integers(1, 999), st.data())
@settings(max_examples=100, deadline=None)
def test_a_table_that_rounds_to_the_nearest_still_does(
    steps: int, base: int, theta: int, data: st.DataObject
) -> None:
    code, silent = Code(steps, base), data.draw(st.integers(1, steps - 1))
    middles = code.codebook[1:] + code.codebook[:-1]
    found = coarse_thresholds(Thresholds(code, (theta * middles)[None]), silent)
    values = code.codebook[:: 1 << silent]
    assert found.tolist() == [(theta * (values[1:] + values[:-1])).tolist()]


@pytest.mark.parametrize(("base", "silent"), [(2, 3), (3, 0), (4, 6), (6, 3), (1, 0)])
def test_planes_of_a_sum(base: int, silent: int) -> None:
    """A sum of cut words is a multiple of what is missing: its planes below are known to be 0, the
    others are not.
    """
    neuron = (
        LIF(Code(5, 1), 600 * ONE, 0, False) if base == 1 else SpikePack(Code(5, base), ONE, ZERO)
    )
    layer = Layer("a", "x", ONE.reshape(1, 1, 1, 1), neuron, ZERO, ZERO, ZERO)
    source = Input("x", (1, 2, 2), (1, 2, 2), Code(12))
    graph = with_steps(
        Graph("g", (source, layer, SumPool("b", "a", (2, 2), (1, 1), (0, 0, 0, 0)))), 2
    )
    words = np.random.default_rng(0).integers(0, 1 << 10, (500, 1, 2, 2))
    trace = golden.trace(graph, words)
    assert graph.code("b").silent == silent
    assert (np.bitwise_or.reduce(trace["b"].ravel()) & ((2 << silent) - 1)) == 1 << silent


def test_a_steady_train_answers_the_same_after_every_step() -> None:
    """Neurons that fire in every step: what is read of fewer steps is scaled up, the constant is
    not.
    """
    train = LIF(Code(8, 1), ONE, 0, True)
    weight = np.array([[3], [-2]], dtype=np.int64).reshape(2, 1, 1, 1)
    pair = np.array([5, -7], dtype=np.int64)
    nodes: list[Node] = [
        Input("x", (1, 1, 1), (1,), Code(4)),
        Layer("a", "x", ONE.reshape(1, 1, 1, 1), train, ZERO, ZERO, ZERO),
    ]
    nodes.append(Layer("b", "a", weight, Raw(None), pair, 0 * pair, 0 * pair, 2))
    graph = Graph("g", tuple(nodes), np.array([0.5, 0.25]), np.array([1.0, 2.0]))
    words = np.array([[[[9]]]])
    expected = golden.dequantize(graph, golden.integers(graph, words))
    for steps in range(1, 9):
        found = with_steps(graph, steps)
        assert np.allclose(golden.dequantize(found, golden.integers(found, words)), expected), steps
        assert golden.integers(found, words)[0, 0, 0, 0] == (3 * steps << 2) + 5


def test_all_steps_are_the_network_itself() -> None:
    graph = next(networks(1))[1]
    plan = plan_of(graph, random_foldings(0, graph))
    assert with_steps(graph, None) is graph is with_steps(graph, most_steps(graph))
    assert plan.with_steps(most_steps(graph)) is plan and plan.fewer == ()
    assert cut(Code(3), 0) == Code(3) != cut(Code(3), 1)


@pytest.mark.parametrize("steps", [0, -1, 99, 1.5, "2"])
def test_other_steps_are_refused(steps: object) -> None:
    with pytest.raises(SpikeLoomError, match="time steps") as error:
        with_steps(next(networks(1))[1], steps)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_no_plane_left_is_refused() -> None:
    with pytest.raises(SpikeLoomError, match="0 to 2, got 3"):
        Cut(3, 2, False, 3)


@pytest.mark.parametrize("between", [False, True])
def test_a_layer_that_counts_spikes_is_refused_by_name(between: bool) -> None:
    """A SpikePack layer on the counts of an LIF layer, also through a pool: T / T' times a count is
    no integer.
    """
    weight = ONE.reshape(1, 1, 1, 1)
    nodes: list[Node] = [Input("x", (1, 2, 2), (1, 2, 2), Code(4))]
    nodes.append(Layer("a", "x", weight, LIF(Code(3, 1), ONE, 0, True), ZERO, ZERO, ZERO))
    nodes += [SumPool("p", "a", (2, 2), (1, 1), (0, 0, 0, 0))] * between
    nodes.append(
        Layer("late", nodes[-1].name, weight, SpikePack(Code(2), ONE, ZERO), ZERO, ZERO, ZERO)
    )
    graph = Graph("g", tuple(nodes))
    assert with_steps(graph, 3) is graph
    with pytest.raises(
        UnsupportedError, match=f"late: counts the spikes of {'p' if between else 'a'}"
    ):
        with_steps(graph, 2)


def test_the_choice_survives_the_plan_on_disk(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """``fewer_steps`` is kept; a plan without it has neither the key nor another hash than
    before.
    """
    graph = next(networks(1))[1]
    plain = plan_of(
        graph,
        {node.name: f for node in graph.nodes[1:] for f in [random_foldings(1, graph)[node.name]]},
    )
    chosen = Plan(
        graph,
        plain.foldings,
        plain.board,
        plain.clock_mhz,
        plain.density,
        plain.density_source,
        {},
        True,
    )
    for plan in (plain, chosen):
        plan_file.save(plan, tmp_path)
        loaded = plan_file.load(tmp_path)
        assert loaded.fewer_steps is plan.fewer_steps
        assert plan_file.hashes(loaded) == plan_file.hashes(plan)
        assert ("runtime_steps" in (tmp_path / "plan.json").read_text()) is plan.fewer_steps
    assert len(chosen.fewer) == most_steps(graph) - 1
    assert [stage.fewer[0].name for stage in chosen.stages] == [
        stage.name for stage in plain.stages
    ]


def test_biases_have_room_for_every_number_of_steps() -> None:
    theta = np.array([1000], dtype=np.int64)
    layer = Layer(
        "a", "x", ONE.reshape(1, 1, 1, 1), SpikePack(Code(4), theta, ZERO), ONE, ZERO, ZERO
    )
    graph = Graph("g", (Input("x", (1, 1, 1), (1,), Code(4)), layer))
    one = {"a": Folding("event", 1)}
    plain, chosen = (
        Plan(graph, one, "pynq-z2", 100.0, {}, "none", {}, fewer)["a"] for fewer in (False, True)
    )
    assert (plain.beta_bound, chosen.beta_bound) == (1, 3501)
    assert chosen.u_width > plain.u_width
