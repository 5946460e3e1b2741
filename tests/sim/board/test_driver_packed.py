"""The driver on simulated boards of networks with words of 1 and 2 bits, which share bytes in
memory; 4 bits are in ``test_driver.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from spikeloom.driver import Accelerator, pack
from spikeloom.driver.errors import BufferFault
from spikeloom.driver.words import view_out
from spikeloom.ir import golden
from spikeloom.ir.number import Ints
from spikeloom.mapping import cycle_model
from spikeloom.mapping.plan.plan import Plan
from spikeloom_hw.emit import emit
from spikeloom_sim.board import SimulatedBoard

from tests.networks import random_plan, random_words
from tests.packing import laid

SEEDS = {126: 1, 156: 2}
"""Random networks to bits of a word; images of 4 bytes and of 1."""

IMAGES = 11

Opened = tuple[Accelerator, Plan, Ints]


@pytest.fixture(scope="module", params=SEEDS)
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opened]:
    """A driver, the plan of its network, and words (N, C, H, W)."""
    rng, folder = np.random.default_rng(request.param), tmp_path_factory.mktemp("packed")
    plan = random_plan(rng)
    emit(plan, folder)
    with (
        SimulatedBoard(folder, optimise="-O0") as board,
        Accelerator(board.bitstream, buffer_bytes=100) as accelerator,
    ):
        assert accelerator.manifest.input.container_bits == SEEDS[request.param]
        yield accelerator, plan, random_words(rng, plan.graph, IMAGES)


def test_words_and_real_numbers_give_the_golden_models_answer(opened: Opened) -> None:
    """In several jobs, of which each image is a part of a memory word."""
    accelerator, plan, words = opened
    form, expected = accelerator.manifest.input, golden.integers(plan.graph, words)
    real = (words - form.zero_point) * form.scale
    for x in (words, words.astype(np.int8), real.reshape(IMAGES, *form.real_shape)):
        found = accelerator.execute(x)
        assert np.array_equal(found.reshape(expected.shape), expected)


def test_every_spike_is_counted(opened: Opened) -> None:
    accelerator, plan, words = opened
    measured, timing = (
        accelerator.measure(words),
        cycle_model.simulate(plan, words, cycle_model.BACK_TO_BACK),
    )
    for stream in measured.streams:
        assert stream.spikes == tuple(timing.streams[stream.name].spikes)
    step = accelerator.manifest.memory_width // 8
    jobs = -(-IMAGES // accelerator.buffers.images)
    assert 0 <= measured.input.bytes - IMAGES * accelerator.manifest.input.image_bytes < jobs * step


def test_own_buffers(opened: Opened) -> None:
    """Written by the driver, and with the bytes that are packed apart; what lies behind the images
    does not matter.
    """
    accelerator, plan, words = opened
    form = accelerator.manifest.input
    into, out = accelerator.allocate(IMAGES)
    size, expected = IMAGES * form.image_bytes, golden.integers(plan.graph, words)
    for apart in (False, True):
        into[:] = 255
        if apart:
            into[:size] = pack(words, form).reshape(-1)
            into.sync_to_device()
        else:
            assert accelerator.write(into, words) == IMAGES
        assert bytes(into[:size]) == laid(words, form)
        accelerator.run(into, out, IMAGES)
        out.sync_from_device()
        found = accelerator.integers(view_out(np.asarray(out), accelerator.manifest.output, IMAGES))
        assert np.array_equal(found, expected)
    with pytest.raises(BufferFault, match="share a byte"):
        accelerator.view(into, IMAGES)
