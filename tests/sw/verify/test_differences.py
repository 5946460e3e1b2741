"""The first place in which two rungs part is found exactly."""

from __future__ import annotations

import numpy as np
from spikeloom.ir import golden
from spikeloom.verify.differences import first_count_difference, first_difference

from tests.networks import random_graph, random_words


def test_every_single_flipped_spike_is_found() -> None:
    rng = np.random.default_rng(3)
    for seed in range(12):
        graph = random_graph(seed, 3)
        seen = golden.trace(graph, random_words(rng, graph, 3))
        node = graph.nodes[int(rng.integers(len(graph.nodes)))]
        words = seen[node.name].copy()
        spot = tuple(int(rng.integers(n)) for n in words.shape)
        code = graph.codes[node.name]
        plane = int(rng.integers(code.steps)) + 1 if code is not None else None
        words[spot] ^= 1 << (code.steps - plane) if code is not None and plane is not None else 5
        found = first_difference(graph, ("golden", seen), ("other", {**seen, node.name: words}))
        assert found is not None
        assert (
            found.layer,
            found.image,
            found.channel,
            found.row,
            found.column,
            found.plane,
            found.count,
        ) == (node.name, *spot, plane, 1)
        assert node.name in str(found) and "other differs from golden" in str(found)


def test_equal_rungs_have_no_difference_and_the_first_layer_wins() -> None:
    graph = random_graph(7, 3)
    seen = golden.trace(graph, random_words(np.random.default_rng(0), graph, 2))
    assert first_difference(graph, ("a", seen), ("b", dict(seen))) is None
    broken = {name: words ^ 1 for name, words in seen.items()}
    found = first_difference(graph, ("a", seen), ("b", broken))
    assert found is not None and found.layer == graph.nodes[0].name and found.count == found.total


def test_one_spike_too_many_is_counted() -> None:
    graph = random_graph(11, 3)
    seen = golden.trace(graph, random_words(np.random.default_rng(1), graph, 2))
    counts = {}
    for name, code in graph.codes.items():
        if code is not None:
            counts[name] = [
                int(n) for n in code.planes(seen[name]).reshape(code.steps, -1).sum(axis=1)
            ]
    assert first_count_difference(graph, seen, counts, "RTL") is None
    name = list(counts)[-1]
    counts[name][-1] += 1
    line = first_count_difference(graph, seen, counts, "RTL")
    assert line is not None and f"layer {name}, plane {len(counts[name])}:" in line
