"""Single layers and a whole network under cocotb and Verilator, against torch's own integers, with
idles and stalls crossed.
"""

from __future__ import annotations

from pathlib import Path

import find_libpython
import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.golden import quantize
from spikeloom.ir.graph import Graph
from spikeloom.mapping.plan.plan import Plan
from spikeloom.progress import silent
from spikeloom.verify.torch_model import torch_words
from spikeloom_hw.emit import emit
from spikeloom_hw.memory import weights
from spikeloom_sim.cocotb_benches import run

from tests.networks import random_plan

pytestmark = pytest.mark.skipif(
    find_libpython.find_libpython() is None,
    reason="cocotb needs libpython as a shared library, which is not installed",
)


def torch_vectors(graph: Graph, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random real inputs: their words, and what torch answers."""
    source, rng = graph.input, np.random.default_rng(seed)
    shape = (count, *source.real_shape)
    x = (
        (rng.random(shape) < 0.3).astype(np.float32)
        if source.events
        else (rng.normal(size=shape) * source.code.max_value * source.scale).astype(np.float32)
    )
    words = torch_words(graph, x, silent)[graph.output.name]
    code = graph.codes[graph.output.name]
    return quantize(source, x), words if code is None else code.value(words)


SEED = 24
"""Of a small network with a residual, a parallel, an event and a dense body."""


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("top")
    plan = random_plan(np.random.default_rng(SEED), 3)
    assert {stage.folding.body for stage in plan.stages} == {"parallel", "event", "dense"} and any(
        stage.skip_stage for stage in plan.stages
    )
    emit(plan, folder)
    run.save_vectors(folder, *torch_vectors(plan.graph, 3, 1))
    return folder


def test_top_equals_torch(emitted: Path) -> None:
    assert run.run(emitted) == 5


def test_weights_in_files_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "MOST_INSIDE", 0)
    plan = random_plan(np.random.default_rng(SEED), 3)
    emit(plan, tmp_path)
    assert list((tmp_path / "rtl").glob("*.mem"))
    run.save_vectors(tmp_path, *torch_vectors(plan.graph, 3, 1))
    assert run.run(tmp_path) == 5


def layer_plan(body: str) -> Plan:
    """The first random network that is one layer with this body, folded and with a neuron of
    several steps where there is one.
    """
    for seed in range(10_000):
        plan = random_plan(np.random.default_rng(seed))
        stage = plan.stages[0]
        several = not stage.body.adds or (stage.o_code is not None and stage.o_code.steps > 1)
        if (
            len(plan.stages) == 1
            and stage.folding.body == body
            and stage.folds > 1
            and several
            and stage.o_shape[1:] != (1, 1)
        ):
            return plan
    raise AssertionError(f"no layer with body {body}")


@pytest.mark.parametrize("body", ["event", "parallel", "depthwise"])
def test_layer_equals_torch(body: str, tmp_path: Path) -> None:
    plan = layer_plan(body)
    emit(plan, tmp_path)
    run.save_vectors(tmp_path, *torch_vectors(plan.graph, 2, 1))
    assert run.run(tmp_path) == 5


def test_a_wrong_value_fails_the_bench(emitted: Path) -> None:
    with np.load(emitted / "vectors.npz") as vectors:
        words, values = vectors["words"], vectors["values"].copy()
    values.flat[-1] += 1
    run.save_vectors(emitted, words, values)
    with pytest.raises(SpikeLoomError, match="5 of 5 benches failed"):
        run.run(emitted)
