"""Retrained weights on the simulated board: from a plan of the same shape, through the driver, to
outputs of the other network.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.files import save_arrays
from spikeloom.interface.weight_file import Load
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.mapping.plan.headroom import fitted
from spikeloom.mapping.plan.plan import Plan
from spikeloom_hw.emit import emit, load_words

from tests.hw.memory.test_loading import SEEDS, other, roomy
from tests.networks import random_words


def plain(seed: int) -> bool:
    """Input words are the numbers that they stand for."""
    plan = roomy(seed)
    return plan is not None and plan.graph.input.code.base == 2 and not plan.graph.input.code.signed


def changed(plan: Plan, seed: int) -> Plan:
    """Another network of the same shape, with an output scale of its own."""
    graph = fitted(plan.graph, plan.rooms, other(np.random.default_rng(seed), plan))
    return replace(plan, graph=replace(graph, scale=graph.scale * 3, bias=graph.bias + 0.5))


def weights_file(path: Path, identity: str, plan: Plan) -> Path:
    graph: Graph = plan.graph
    made = Load(
        identity,
        "other",
        load_words(plan),
        graph.scale,
        graph.bias,
        graph.input.scale,
        graph.input.zero_point,
    )
    save_arrays(path, made.arrays())
    return path


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if plain(seed)][:2])
def test_predictions_are_the_other_networks(tmp_path: Path, seed: int) -> None:
    from spikeloom.driver import Accelerator, BoardError
    from spikeloom_sim.board import Fault, SimulatedBoard, random_memory

    plan = roomy(seed)
    assert plan is not None
    made = emit(plan, tmp_path)
    networks = [changed(plan, k) for k in (1, 2)]
    files = [
        weights_file(tmp_path / f"w{k}.npz", made.identity, network)
        for k, network in enumerate(networks)
    ]
    words = random_words(np.random.default_rng(seed), plan.graph, 6)

    def real(network: Plan) -> np.ndarray:
        return golden.dequantize(network.graph, golden.integers(network.graph, words))

    with SimulatedBoard(tmp_path, random_memory(seed), optimise="-O0") as board:
        with Accelerator(board.bitstream, tmp_path / "manifest.json") as accelerator:
            assert np.array_equal(accelerator.predict(words), real(plan))
            for path, network in zip([*files, files[0]], [*networks, networks[0]], strict=True):
                accelerator.load_weights(path)
                assert np.array_equal(accelerator.predict(words), real(network))
            with pytest.raises(BoardError, match="other hardware"):
                accelerator.load_weights(
                    weights_file(tmp_path / "foreign.npz", "0" * 64, networks[1])
                )
            assert np.array_equal(accelerator.predict(words), real(networks[0]))
            board.inject(Fault.READ_SLVERR)
            with pytest.raises(BoardError, match="SLVERR"):
                accelerator.load_weights(files[1])
            with pytest.raises(BoardError, match="call load_weights again"):
                accelerator.predict(words)
            accelerator.load_weights(files[1])
            assert np.array_equal(accelerator.predict(words), real(networks[1]))
