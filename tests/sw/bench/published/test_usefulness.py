"""Which layer is busy longest, and what keeps the slowest event layer from its bound: empty words,
odd ports, the busiest queue.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from spikeloom.bench.published.usefulness import NOBODY, longest_and_slowest, lut_per_useful, works
from spikeloom.ir import golden
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate
from spikeloom.mapping.cycle_model.scan import Work

from tests.networks import random_plan, random_words


def queues_one_by_one(work: Work, image: int) -> float:
    """Every queue of every pass by itself, from the spikes of each word of it."""
    stage, f, layer = work.stage, work.stage.folding, work.stage.layer
    planes = stage.i_code.planes(work.words[image])[: stage.live]
    channels = planes.shape[1] // stage.groups
    (kh, kw), (sh, sw), pads = layer.kernel, layer.stride, layer.padding
    assert len(set(pads)) == 1
    padded = np.pad(planes, ((0, 0), (0, 0), (pads[0],) * 2, (pads[0],) * 2))
    folds_of_a_group = stage.folds // stage.groups
    total = 0.0
    oh, ow = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    for group in range(stage.groups):
        part = padded[:, group * channels : (group + 1) * channels]
        for plane in range(stage.planes):
            for y in range(oh):
                for x in range(0, ow, f.windows):
                    found = []
                    for window in range(f.windows):
                        left = (x + window) * sw
                        field = part[plane, :, y * sh : y * sh + kh, left : left + kw]
                        dealt = field.reshape(-1, f.group, kh, kw)[:, list(stage.dealt)]
                        size = f.group // f.banks
                        for low, high in pairwise(range(0, f.group + 1, size)):
                            spikes = dealt[:, low:high].sum(axis=1)
                            found.append(int(np.maximum(1, -(-spikes // f.ports)).sum()))
                    total += folds_of_a_group * sum(found) / len(found)
    return total


def test_the_mean_queue() -> None:
    seen = 0
    for seed in range(30):
        plan = random_plan(seed)
        for work in works(
            plan, golden.trace(plan.graph, random_words(np.random.default_rng(seed), plan.graph, 2))
        ).values():
            stage = work.stage
            if (
                stage.folding.body == "event"
                and len(set(stage.layer.padding)) == 1
                and stage.folds % stage.groups == 0
            ):
                assert work.mean_queue(1) == pytest.approx(queues_one_by_one(work, 1), rel=1e-12), (
                    seed,
                    stage.name,
                )
                seen += 1
    assert seen > 15


def test_the_slowest_event_layer() -> None:
    """Its busy cycles are those of the counters (but for work of no use after the last output,
    which they leave out); no queue takes less than the bound, none more than the busiest.
    """
    seen, equal = set(), 0
    for seed in range(30):
        plan = random_plan(seed)
        words = random_words(np.random.default_rng(seed), plan.graph, 3)
        trace = golden.trace(plan.graph, words)
        _, found = longest_and_slowest(plan, trace)
        event = {stage.name: stage for stage in plan.stages if stage.folding.body == "event"}
        if found == NOBODY:
            assert not event
            continue
        chosen = event[found.layer]
        counted = simulate(plan, words, BACK_TO_BACK).stages
        assert found.against_bound is not None and found.queues is not None
        busy = (
            found.against_bound
            * float(works(plan, trace)[chosen.name].synaptic.sum())
            / (chosen.lanes * chosen.folding.windows * chosen.folding.elements)
        )
        assert busy >= max(counted[name].busy for name in event) - 1e-6
        equal += busy == pytest.approx(counted[chosen.name].busy)
        assert found.queues >= 1 - 1e-9 and found.busiest >= 1 - 1e-9
        seen.add(found.layer)
    assert len(seen) > 2 and equal > 20


def test_the_layer_that_is_busy_longest() -> None:
    """Whatever its body, residuals among them, by the counters, which leave out work of no use
    after the last output.
    """
    bodies, equal, skips = set(), 0, 0
    for seed in (*range(30), 89, 291):
        plan = random_plan(seed)
        words = random_words(np.random.default_rng(seed), plan.graph, 2)
        longest, _ = longest_and_slowest(plan, golden.trace(plan.graph, words))
        counted = simulate(plan, words, BACK_TO_BACK).stages
        most = max(stage.busy for stage in counted.values()) / 2
        assert longest.cycles >= most and longest.layer in counted
        equal += longest.cycles == most
        skips += longest.layer.endswith(".skip")
        bodies.add(longest.body)
    assert {"event", "dense"} <= bodies and equal > 25 and skips


def test_layers_that_multiply_add_no_synapse() -> None:
    seen = 0
    for seed in range(30):
        plan = random_plan(seed)
        trace = golden.trace(plan.graph, random_words(np.random.default_rng(seed), plan.graph, 2))
        adding = {
            name: work.synaptic.mean()
            for name, work in works(plan, trace).items()
            if plan[name].folding.body != "parallel"
        }
        found = lut_per_useful(plan, trace, 100.0, 5000)
        assert (
            found == pytest.approx(100 * 5000 / sum(adding.values()))
            if sum(adding.values())
            else found is None
        )
        seen += len(adding) < len(plan.stages)
    assert seen > 3
