"""What goes in and what comes out: formats, cutting into jobs, buffers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spikeloom.driver import Accelerator, pack
from spikeloom.driver.errors import BufferFault, InputError
from spikeloom.driver.words import Images
from spikeloom.interface.manifest import InputFormat, OutputFormat
from spikeloom.ir import golden
from spikeloom.ir.nodes import Input
from spikeloom.ir.number import Code

from tests.packing import laid
from tests.sw.driver.conftest import Maker, answer
from tests.sw.driver.fake import IMAGE_CYCLES, manifest


def test_real_numbers_words_and_integers_agree(make: Maker, words: np.ndarray) -> None:
    accelerator, _ = make()
    y = accelerator.predict(words)
    assert y.dtype == np.float64 and np.array_equal(y, 0.25 * answer(words) + np.arange(1, 6))
    for x in (words * 0.5, (words * 0.5).astype(np.float32), words.astype(np.int64)):
        assert np.array_equal(accelerator.predict(x), y)
    assert np.array_equal(accelerator.execute(words), answer(words))


def test_real_numbers_are_quantized_as_the_golden_model_does(make: Maker) -> None:
    accelerator, _ = make()
    x = np.random.default_rng(1).normal(3, 4, (50, 2, 3, 4))
    form = accelerator.manifest.input
    source = Input("x", form.shape, form.real_shape, form.code, form.scale)
    assert np.array_equal(accelerator.execute(x), answer(golden.quantize(source, x)))


def test_large_batches_are_cut_into_jobs_of_reused_buffers(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    for _ in range(3):
        accelerator.predict(words)
    starts = board.shell.starts
    assert [start["images"] for start in starts] == [41, 29] * 3
    assert (
        len({start["input_address"] for start in starts}) == 1
        and len({start["output_address"] for start in starts}) == 1
    )
    assert starts[0]["input_words"] == -(-41 * 12 // 8)


def test_profile_gives_seconds_and_rate_of_the_fabric(make: Maker, words: np.ndarray) -> None:
    accelerator, _ = make()
    _, seconds, rate = accelerator.predict(words, profile=True)
    assert seconds == pytest.approx(70 * IMAGE_CYCLES / 50e6) and rate == pytest.approx(
        70 / seconds
    )


def test_buffers_grow_are_freed_and_come_back(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    accelerator.predict(words[:1])
    accelerator.predict(words[:2])
    assert board.shell.freed == 2
    with accelerator:
        accelerator.predict(words[:1])
    assert board.shell.freed == 4
    assert np.array_equal(accelerator.execute(words[:3]), answer(words[:3]))


@pytest.mark.parametrize(
    ("code", "x"),
    [
        (Code(5, signed=True), np.array([-16, 15, -1, 0])),
        (Code(12), np.array([0, 4095, 256, 1])),
        (Code(3, 3), np.array([0, 7, 5, 2])),
        (Code(8), np.array([0, 255, 128, 1], dtype=np.uint8)),
    ],
)
def test_words_of_every_format(make: Maker, code: Code, x: np.ndarray) -> None:
    """The containers hold the words, and signed ones in two's complement."""
    form = InputFormat((4, 1, 1), (4,), code, 1)
    accelerator, _ = make(manifest(input=form))
    value = int(code.value(code.word(x) if code.base == 2 else x).sum())
    assert accelerator.execute(x[None])[0].tolist() == [(k + 1) * value - 7 for k in range(5)]


def test_channels_are_innermost_in_memory(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    accelerator.execute(words[:1])
    memory = board.shell.memory[board.shell.starts[0]["input_address"]]
    assert memory[:12].tobytes() == laid(words[:1], accelerator.manifest.input)


def test_one_channel_needs_no_axis_and_one_copy(make: Maker) -> None:
    form = InputFormat((1, 3, 4), (1, 3, 4), Code(8), 1)
    accelerator, _ = make(manifest(input=form))
    x = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert np.array_equal(accelerator.execute(x), answer(x)) and Images(x, form).passes == 1
    assert Images(x.astype(np.int32), form).passes == 3 and Images(x[:, None] / 2, form).passes > 3


def test_events_come_as_zeros_and_ones_or_as_words(make: Maker) -> None:
    form = InputFormat((2, 1, 3), (3, 2, 1, 3), Code(3, 1), 2, events=True)
    accelerator, _ = make(manifest(input=form))
    events = np.random.default_rng(0).integers(0, 2, (4, 3, 2, 1, 3))
    expected = accelerator.execute(events)
    assert expected[:, 0].tolist() == (events.sum(axis=(1, 2, 3, 4)) - 7).tolist()
    for x in (
        events.astype(bool),
        events.astype(float),
        events[:, 0] * 4 + events[:, 1] * 2 + events[:, 2],
    ):
        assert np.array_equal(accelerator.execute(x), expected)


def test_spiking_output_maps(make: Maker, words: np.ndarray) -> None:
    form = OutputFormat((5, 1, 2), Code(32 // 2, 3))
    accelerator, _ = make(manifest(output=form, scale=(1.0,), bias=(0.0,)))
    ramp = (np.arange(10) + 1) * words[:2].reshape(2, -1).sum(axis=1, dtype=np.int64)[:, None] - 7
    value = Code(16, 3).value(ramp).reshape(2, 1, 2, 5).transpose(0, 3, 1, 2)
    assert np.array_equal(accelerator.predict(words[:2]), value) and np.array_equal(
        accelerator.execute(words[:2]), value
    )


@pytest.mark.parametrize(
    ("x", "says"),
    [
        ([[1.0]], "expected a numpy array, got list"),
        (np.zeros((0, 2, 3, 4)), "at least one image"),
        (np.float64(1), "numpy array"),
        (np.zeros((2, 3, 4)), "expected (batch, 2, 3, 4), got (2, 3, 4)"),
        (
            np.zeros((1, 2, 3, 5), dtype=np.uint8),
            "expected words (batch, 2, 3, 4), got (1, 2, 3, 5)",
        ),
        (np.full((1, 2, 3, 4), np.nan), "NaN"),
        (np.full((1, 2, 3, 4), np.inf), "infinity"),
        (np.zeros((1, 2, 3, 4), dtype=complex), "complex"),
        (np.full((1, 2, 3, 4), "a"), "expected numbers"),
        (np.full((1, 2, 3, 4), 16), "expected words 0 to 15, found 16 to 16"),
        (np.full((1, 2, 3, 4), -1), "give real numbers as floats"),
        (np.array([None]), "expected (batch"),
    ],
)
def test_wrong_inputs_are_refused_and_nothing_is_lost(
    make: Maker, words: np.ndarray, x: object, says: str
) -> None:
    accelerator, board = make()
    before = accelerator.predict(words)
    count = len(board.shell.starts)
    for call in (accelerator.predict, accelerator.execute, accelerator.measure):
        with pytest.raises(InputError) as caught:
            call(x)  # type: ignore[operator]
        assert says in str(caught.value) and "\n" not in str(caught.value)
    assert len(board.shell.starts) == count and np.array_equal(accelerator.predict(words), before)


def test_own_buffers_run_without_a_copy(make: Maker, words: np.ndarray) -> None:
    accelerator, _ = make()
    into, out = accelerator.allocate(3)
    assert accelerator.write(into, words[:3]) == 3
    done = accelerator.run(into, out, 3)
    out.sync_from_device()
    assert (done.images, done.words_read, done.words_written, done.cycles) == (3, 5, 8, 300)
    assert np.array_equal(np.asarray(out)[:60].view("<i4").reshape(3, 5), answer(words[:3]))


def test_words_of_whole_bytes_are_written_in_place(make: Maker, words: np.ndarray) -> None:
    accelerator, _ = make(manifest(input=replace(manifest().input, code=Code(5))))
    into, out = accelerator.allocate(3)
    view = accelerator.view(into, 3)
    view[...] = words[:3].transpose(0, 2, 3, 1)
    assert np.shares_memory(view, into) and bytes(into[:72]) == laid(
        words[:3], accelerator.manifest.input
    )
    into.sync_to_device()
    accelerator.run(into, out, 3)
    out.sync_from_device()
    assert np.array_equal(np.asarray(out)[:60].view("<i4").reshape(3, 5), answer(words[:3]))
    with pytest.raises(BufferFault, match="at least 96 bytes"):
        accelerator.view(into, 4)


def test_words_that_share_bytes_are_not_written_in_place(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    into, out = accelerator.allocate(3)
    with pytest.raises(
        BufferFault,
        match="2 words of 4 bits share a byte.*Accelerator.write.*spikeloom.driver.pack",
    ):
        accelerator.view(into, 3)
    with pytest.raises(BufferFault, match="at least 48 bytes"):
        accelerator.write(into, words[:4])
    with pytest.raises(InputError, match="found 16 to 16"):
        accelerator.write(into, np.full((1, 2, 3, 4), 16))
    assert not board.shell.memory[into.device_address].any()
    into[:36] = pack(words[:3], accelerator.manifest.input).ravel()
    into.sync_to_device()
    accelerator.run(into, out, 3)
    out.sync_from_device()
    assert np.array_equal(np.asarray(out)[:60].view("<i4").reshape(3, 5), answer(words[:3]))


def test_buffers_that_do_not_fit_are_refused(make: Maker) -> None:
    accelerator, board = make()
    into, out = accelerator.allocate(4)
    small, _ = accelerator.allocate(3)
    freed, _ = accelerator.allocate(4)
    part = freed[8:]
    freed.freebuffer()
    far = accelerator.allocate(4)[0]
    far.device_address = (1 << 32) - 8
    refused = {
        "at least 48 bytes": (small, out),
        "was freed": (freed, out),
        "it was freed": (part, out),
        "multiple of 8": (into[4:], out),
        "contiguous": (accelerator.allocate(16)[0][::2], out),
        "got ndarray": (np.zeros(48, dtype=np.uint8), out),
        "at least 80 bytes": (into, out[:72]),
        "32 bits of the memory port": (far, out),
    }
    for says, (one, other) in refused.items():
        with pytest.raises(BufferFault, match=says):
            accelerator.run(one, other, 4)
    with pytest.raises(InputError, match="at least one image"):
        accelerator.run(into, out, 0)
    assert not board.shell.starts


def test_no_room_for_buffers_is_said(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    board.room = 100
    with pytest.raises(BufferFault, match="496 bytes of contiguous memory could not be allocated"):
        accelerator.predict(words)
    board.room = 1 << 20
    assert np.array_equal(accelerator.execute(words), answer(words))


def test_a_freed_buffer_of_its_own_is_replaced(make: Maker, words: np.ndarray) -> None:
    accelerator, _ = make()
    accelerator.predict(words)
    accelerator.buffers.input.freebuffer()
    assert np.array_equal(accelerator.execute(words), answer(words))


def test_throughput_test_has_finns_keys(make: Maker, words: np.ndarray) -> None:
    names = (
        "runtime[ms] throughput[images/s] DRAM_in_bandwidth[MB/s] DRAM_out_bandwidth[MB/s]"
        " fclk[mhz] batch_size fold_input[ms] "
    )
    names += (
        "pack_input[ms] copy_input_data_to_device[ms] copy_output_data_from_device[ms]"
        " unpack_output[ms] unfold_output[ms]"
    )
    accelerator, _ = make()
    found = accelerator.throughput_test(words)
    assert (
        set(names.split()) <= set(found)
        and found["source"] == "simulated"
        and found["batch_size"] == 41
    )
    assert (
        found["runtime[ms]"] == pytest.approx(41 * IMAGE_CYCLES / 50e3) and found["fclk[mhz]"] == 50
    )
    assert found["DRAM_in_bandwidth[MB/s]"] == pytest.approx(62 * 8 / found["runtime[ms]"] / 1000)
    assert all(
        found[name] is None
        for name in names.split()
        if name.endswith(("device[ms]", "input[ms]", "output[ms]"))
    )


def test_throughput_test_makes_its_own_images(make: Maker) -> None:
    form = replace(manifest().input, code=Code(4, signed=True), narrow=True)
    accelerator, _ = make(manifest(input=form))
    assert accelerator.throughput_test()["throughput[images/s]"] == pytest.approx(
        50e6 / IMAGE_CYCLES
    )


def test_it_says_what_it_is(make: Maker) -> None:
    accelerator, _ = make()
    assert repr(accelerator) == "<fake on pynq-z2, simulated, 50 MHz>" and isinstance(
        accelerator, Accelerator
    )
