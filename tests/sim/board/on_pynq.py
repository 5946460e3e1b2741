"""The real pynq classes on the simulated board, of both families. Run by ``test_pynq.py``, once per
version of pynq.
"""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pynq
import pytest
from spikeloom.interface.registers import REGISTERS, register
from spikeloom_sim.board import BoardError, Fault, MemoryModel, SimulatedBoard
from spikeloom_sim.board.ddr import PAGE, OutOfMemory

BASE = {"pynq-z2": 0x4000_0000, "zcu104": 0xA000_0000}
CLOCK = {"pynq-z2": 100.0, "zcu104": 249.9975}


def folder(board: str) -> Path:
    return Path(os.environ["SPIKELOOM_BOARDS"], board)


@pytest.fixture(params=BASE)
def board(request: pytest.FixtureRequest) -> Iterator[SimulatedBoard]:
    with SimulatedBoard(folder(request.param), optimise="-O1") as board:
        yield board


@pytest.fixture
def overlay(board: SimulatedBoard) -> pynq.Overlay:
    return pynq.Overlay(str(board.bitstream))


def offset(name: str) -> int:
    return register(name).offset


def start(overlay: pynq.Overlay, source: int, target: int, words: int) -> None:
    registers = overlay.shell_0.register_map
    registers.input_address = source
    registers.output_address = target
    registers.input_words = words
    registers.control.start = 1


def copy(
    overlay: pynq.Overlay, source: pynq.buffer.PynqBuffer, target: pynq.buffer.PynqBuffer
) -> None:
    """Let the stand-in copy one buffer to another."""
    width = 8 if overlay.device.manifest.memory_width == 64 else 16
    start(overlay, source.physical_address, target.physical_address, target.nbytes // width)
    for _ in range(100):
        if overlay.shell_0.register_map.status.done:
            return
    pytest.fail("the copy did not end")


def test_version() -> None:
    assert pynq.__version__ == os.environ["SPIKELOOM_PYNQ"]


def test_overlay(board: SimulatedBoard, overlay: pynq.Overlay) -> None:
    description = overlay.ip_dict["shell_0"]
    assert (description["phys_addr"], description["addr_range"]) == (BASE[board.name], 0x10000)
    assert description["type"] == "spikeloom:spikeloom:shell:1.0"
    assert description["parameters"]["IDENTITY"] == board.manifest.identity
    assert overlay.is_loaded() and overlay.device is board and "shell_0" in overlay.__doc__
    assert type(overlay.shell_0) is pynq.DefaultIP and board.simulated


def test_register_map_has_every_register(overlay: pynq.Overlay) -> None:
    found = overlay.ip_dict["shell_0"]["registers"]
    for entry in REGISTERS:
        for k in range(entry.count):
            one = found[entry.name if entry.count == 1 else f"{entry.name}_{k}"]
            assert (one["address_offset"], one["size"]) == (
                entry.offset + k * entry.width // 8,
                entry.width,
            )
            assert one["description"] == entry.text
            fields = {
                name: (field["bit_offset"], field["bit_width"])
                for name, field in one["fields"].items()
            }
            assert fields == {field.name: (field.bit, field.width) for field in entry.fields}
    assert found["status"]["access"] == "read-only" and found["error"]["access"] == "read-write"
    assert "status" in repr(overlay.shell_0.register_map)


def test_mmio_and_register_map_see_the_same(overlay: pynq.Overlay) -> None:
    mmio, registers = overlay.shell_0.mmio, overlay.shell_0.register_map
    mmio.write(offset("input_words"), 0xFFFF_FFFE)
    assert mmio.read(offset("input_words")) == int(registers.input_words) == 0xFFFF_FFFE
    registers.input_words = 7
    assert pynq.MMIO(overlay.ip_dict["shell_0"]["phys_addr"] + offset("input_words"), 4).read() == 7
    assert overlay.shell_0.read(offset("input_words")) == 7
    mmio.write(offset("images"), bytes(range(8)))
    assert mmio.read(offset("input_words")) == 0x07060504
    assert mmio.read(offset("images"), 8) >> 32 == 0x07060504
    with pytest.raises(OverflowError):
        mmio.array[0] = 1 << 32
    with pytest.raises(IndexError):
        mmio.read(0x10000)


def test_register_array(overlay: pynq.Overlay) -> None:
    array = overlay.shell_0.mmio.array
    assert len(array) == 0x4000
    array[0x60 // 4 : 0x68 // 4] = [1, 2]
    part = array[0x60 // 4 : 0x6C // 4]
    assert np.asarray(part).tolist() == [0, 2, 0] == list(part) and part[-2] == 2
    assert part[:2].view("u8")[0] == 2 << 32 and array[0].dtype == np.uint32
    with pytest.raises(BoardError, match="32 or 64 bits"):
        array.view("f4")
    with pytest.raises(BoardError, match="without a step"):
        array[::2]


def test_copy(board: SimulatedBoard, overlay: pynq.Overlay) -> None:
    source, target = (
        pynq.allocate((10, 64), dtype=np.uint16),
        pynq.allocate(shape=1280, dtype=np.uint8),
    )
    source[:] = np.arange(640).reshape(10, 64)
    source.flush()
    copy(overlay, source, target)
    target.invalidate()
    assert (
        np.array_equal(target.view(np.uint16), np.arange(640))
        and overlay.shell_0.register_map.error.read_slverr == 0
    )
    assert board.traffic.beats_read == 1280 * 8 // board.manifest.memory_width


def test_a_forgotten_flush_shows(overlay: pynq.Overlay) -> None:
    source, target = pynq.allocate(64, dtype="u4"), pynq.allocate(64, dtype="u4")
    source[:] = 5
    copy(overlay, source, target)
    target.invalidate()
    assert not (target == 5).any()
    source[:16].sync_to_device()
    copy(overlay, source, target)
    target.sync_from_device()
    assert (target[:16] == 5).all() and not (target[16:] == 5).any()


def test_a_forgotten_invalidate_shows(overlay: pynq.Overlay) -> None:
    source, target = pynq.allocate(64, dtype="u4"), pynq.allocate(64, dtype="u4")
    source[:] = 5
    source.flush()
    copy(overlay, source, target)
    assert not (target == 5).any()
    target.invalidate()
    assert (target == 5).all()


def test_buffers(board: SimulatedBoard) -> None:
    first, second = pynq.allocate((3, 5), dtype=np.float32), pynq.allocate(1)
    assert (
        first.shape == (3, 5)
        and first.dtype == np.float32
        and second.dtype == np.uint32
        and not first.coherent
    )
    assert (
        first.physical_address % PAGE == 0
        and second.physical_address >= first.physical_address + 2 * PAGE
    )
    assert first[1:].physical_address == first.physical_address + 20
    with pytest.raises(OutOfMemory, match="in use; free buffers") as caught:
        pynq.allocate(1 << 30, dtype=np.uint8)
    assert isinstance(caught.value, RuntimeError) and isinstance(caught.value, BoardError)
    assert pynq.allocate(16, target=board).device is board


def test_freed_memory_is_gone(board: SimulatedBoard, overlay: pynq.Overlay) -> None:
    source, target = pynq.allocate(64), pynq.allocate(64)
    source.freebuffer()
    assert source.freed
    copy(overlay, source, target)
    assert overlay.shell_0.register_map.error.read_decerr == 1
    with pytest.raises(BoardError, match="was freed"):
        source.flush()
    assert target.physical_address in board.simulation.regions
    del target
    gc.collect()
    assert not board.simulation.regions
    with pynq.allocate(64) as kept:
        view = kept[3:]
    assert kept.freed and not board.simulation.regions and view.size == 61


def test_memory_can_be_used_again_and_again(board: SimulatedBoard) -> None:
    seen = {pynq.allocate(40 << 20, dtype=np.uint8).physical_address for _ in range(20)}
    assert len(seen) > 2 and not board.simulation.regions
    keep = [pynq.allocate(1000) for _ in range(30)]
    del keep[3:7]
    gc.collect()
    keep += [pynq.allocate(1500) for _ in range(30)]
    spans = sorted(
        (buffer.physical_address, buffer.physical_address + buffer.nbytes) for buffer in keep
    )
    assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False))


def test_clocks(board: SimulatedBoard, overlay: pynq.Overlay) -> None:
    assert pynq.Clocks.fclk0_mhz == pytest.approx(CLOCK[board.name], abs=1e-3)
    assert pynq.Clocks.cpu_mhz == pytest.approx(650 if board.name == "pynq-z2" else 1199.988)
    pynq.Clocks.fclk0_mhz = 50
    assert pynq.Clocks.fclk0_mhz == pytest.approx(50, rel=1e-3)
    overlay.download()
    assert pynq.Clocks.fclk0_mhz == pytest.approx(CLOCK[board.name], abs=1e-3)


def test_polling_backs_off(board: SimulatedBoard, overlay: pynq.Overlay) -> None:
    before, reads = board.cycles, 0
    while board.cycles < before + 1_000_000:
        overlay.shell_0.register_map.status.done  # noqa: B018
        reads += 1
    assert 30 <= reads <= 40
    overlay.shell_0.mmio.write(offset("images"), 1)
    before = board.cycles
    overlay.shell_0.mmio.read(offset("status"))
    assert board.cycles - before < 10


def test_download_resets(board: SimulatedBoard, overlay: pynq.Overlay) -> None:
    overlay.shell_0.mmio.write(offset("input_words"), 7)
    other = pynq.Overlay(str(board.bitstream), download=False)
    assert overlay.shell_0.mmio.read(offset("input_words")) == 7
    other.download()
    assert (
        other.shell_0.mmio.read(offset("input_words")) == 0
        and other.is_loaded()
        and not overlay.is_loaded()
    )
    pynq.Bitstream(str(board.bitstream)).download()


def test_faults_and_slow_memory(board: SimulatedBoard, overlay: pynq.Overlay) -> None:
    source, target = pynq.allocate(64), pynq.allocate(64)
    board.memory(MemoryModel(latency=(1000, 1000)))
    board.inject(Fault.READ_SLVERR)
    before = board.cycles
    copy(overlay, source, target)
    assert overlay.shell_0.register_map.error.read_slverr == 1 and board.cycles - before > 2000
    board.inject(Fault.READ_CLOSED)
    start(overlay, source.physical_address, target.physical_address, 8)
    board.simulation.advance(10_000)
    assert overlay.shell_0.register_map.status.busy
    board.repair()
    board.simulation.advance(10_000)
    assert overlay.shell_0.register_map.status.done


def test_faults_from_the_start() -> None:
    with SimulatedBoard(
        folder("pynq-z2"), faults=[(Fault.READ_DECERR, 0)], optimise="-O1"
    ) as board:
        overlay = pynq.Overlay(str(board.bitstream))
        copy(overlay, pynq.allocate(64), pynq.allocate(64))
        assert overlay.shell_0.register_map.error.read_decerr == 1


def test_what_is_not_there(board: SimulatedBoard, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="has none there; the shell is at 0x[4a]0000000"):
        pynq.MMIO(0x4300_0000, 4)
    (tmp_path / "x.bit").write_text("")
    with pytest.raises(
        BoardError, match=re.escape(f"{tmp_path / 'x.hwh'}: expected the hardware handoff")
    ):
        pynq.Overlay(str(tmp_path / "x.bit"))


def test_same_seed_same_garbage(board: SimulatedBoard) -> None:
    def contents(seed: int) -> tuple[bytes, bytes]:
        buffer = SimulatedBoard(board.folder, seed=seed, optimise="-O1").allocate(64, "u4")
        return buffer.tobytes(), buffer.bo.device.tobytes()

    host, device = contents(1)
    assert contents(1) == (host, device) and contents(2)[0] != host and device[: len(host)] != host


def test_two_boards_in_one_program() -> None:
    """pynq keeps the clocks of the first device that it sees, and the active device for ever."""
    outer, inner = (SimulatedBoard(folder(name), optimise="-O1") for name in BASE)
    before = vars(pynq.Device).get("_active_device")
    with outer:
        pynq.Overlay(str(outer.bitstream))
        with inner:
            pynq.Overlay(str(inner.bitstream))
            assert (
                pynq.Clocks.fclk0_mhz == pytest.approx(CLOCK["zcu104"], abs=1e-3)
                and pynq.Device.active_device is inner
            )
        assert (
            pynq.Clocks.fclk0_mhz == pytest.approx(CLOCK["pynq-z2"], abs=1e-3)
            and pynq.Device.active_device is outer
        )
    assert vars(pynq.Device).get("_active_device") is before
