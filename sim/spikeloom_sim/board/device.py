"""A pynq device that is a simulation: ``pynq.Overlay``, ``allocate``, ``MMIO``, ``Clocks`` and
whatever is built on them run unmodified.

with SimulatedBoard("build/digits-cnn") as board:
    overlay = pynq.Overlay(str(board.bitstream))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pynq
from pynq.pl_server.embedded_device import Metadata, RuntimeMetadataParser
from spikeloom.files import save_text
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import find_board
from spikeloom.interface.handoff import hwh_text, system_of
from spikeloom.interface.registers import ADDRESS_WIDTH

from spikeloom_sim.board.build import build
from spikeloom_sim.board.ddr import Block, Ddr
from spikeloom_sim.board.host import Registers, Window
from spikeloom_sim.board.model import Fault, MemoryModel
from spikeloom_sim.board.processor import PROCESSORS
from spikeloom_sim.board.simulation import BoardError, Simulation, Traffic

NO_BITSTREAM = "This is no bitstream. It stands for one on the simulated board.\n"

MISSING = object()


class SimulatedBoard(pynq.Device):  # type: ignore[misc]
    """The board of an emitted network. Inside ``with`` it is pynq's active device.

    Arguments: folder: with ``rtl/shell.v``, ``rtl/top.v`` and ``manifest.json``; what is built goes
    to ``sim/`` in it. memory: default ideal. faults: see :meth:`inject`. optimise: the compiler's
    level. top: ``ps7_top`` for the whole top of the open flow, below a model of the processing
    system. seed: of undefined bits in hardware and of what new memory holds; the same one gives the
    same cycles. Raises SpikeLoomError where there is no such network, or no tool to build it.
    """

    simulated = True
    """What it is, for programs that must not give a simulation's time for a board's."""

    def __init__(
        self,
        folder: Path | str,
        memory: MemoryModel | None = None,
        faults: Sequence[tuple[Fault, int]] = (),
        seed: int = 1,
        optimise: str = "-O2",
        top: str = "shell",
    ) -> None:
        super().__init__("simulated")
        self.folder = Path(folder)
        self.manifest = manifests.load(self.folder)
        library, rtl = build(self.folder, optimise, top), self.folder / "rtl"
        self.simulation = Simulation(library, 0, memory, seed, rtl)
        family = find_board(self.manifest.board).family
        processor = PROCESSORS[family]
        self.name = self.manifest.board
        self.arch = processor.arch
        self.capabilities = {"MEMORY_MAPPED": True}
        self.timestamp = ""
        self.base = system_of(self.manifest).base
        self.registers = Registers(self.simulation, 1 << ADDRESS_WIDTH)
        self.processor = processor.powered()
        self.default_memory = Ddr(self, self.simulation, *processor.memory, seed)
        for fault, after in faults:
            self.inject(fault, after)
        self.before: list[dict[str, Any]] = []

    @property
    def bitstream(self) -> Path:
        """``shell.bit`` beside ``manifest.json``, with its ``.hwh``: what to give to
        ``pynq.Overlay``. Written if there is no such file.
        """
        path = self.folder / "shell.bit"
        save_text(path.with_suffix(".hwh"), hwh_text(self.manifest))
        if not path.is_file():
            save_text(path, NO_BITSTREAM)
        return path

    @property
    def cycles(self) -> int:
        """Cycles of the fabric's clock since the board was made."""
        return self.simulation.cycles

    @property
    def traffic(self) -> Traffic:
        """What went over the memory port."""
        return self.simulation.traffic

    def memory(self, model: MemoryModel) -> None:
        """The memory behaves like this from now on."""
        self.simulation.memory(model)

    def inject(self, fault: Fault, after: int = 0) -> None:
        """A fault at the read or write burst that comes after so many others from now on."""
        self.simulation.inject(fault, after)

    def repair(self) -> None:
        """No fault is to come, and closed channels are open again."""
        self.simulation.repair()

    def __enter__(self) -> SimulatedBoard:
        clocks = pynq.Clocks
        self.before.append(
            {"device": vars(pynq.Device).get("_active_device", MISSING), "clocks": clocks.device}
        )
        pynq.Device.active_device = self
        self.use_clocks(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        before = self.before.pop()
        if before["device"] is MISSING:
            del pynq.Device._active_device
        else:
            pynq.Device.active_device = before["device"]
        self.use_clocks(before["clocks"])

    @staticmethod
    def use_clocks(device: Any) -> None:
        """pynq keeps the clocks of the first device that it sees."""
        pynq.Clocks.device = device
        if "_real_instance" in vars(pynq.Clocks):
            del pynq.Clocks._real_instance

    # What pynq asks of a device.

    def mmap(self, base_addr: int, length: int) -> Any:
        """Registers of shell or processing system as an array of 32-bit words. Raises BoardError
        where there are none.
        """
        if self.base <= base_addr < self.base + self.registers.size:
            return Window(self.registers, base_addr - self.base, length >> 2)
        for base, words in self.processor.items():
            if base <= base_addr and base_addr + length <= base + words.nbytes:
                return words[(base_addr - base) >> 2 :][: length >> 2]
        raise BoardError(
            f"registers at {base_addr:#x}: the simulated {self.name} has none there; the shell is"
            f" at {self.base:#x}"
        )

    def get_bitfile_metadata(self, bitfile_name: str, partial: bool = False) -> Any:
        path = Path(bitfile_name).with_suffix(".hwh")
        if partial:
            raise BoardError(f"{bitfile_name}: partial bitstreams cannot be simulated")
        if not path.is_file():
            raise BoardError(
                f"{path}: expected the hardware handoff of the bitstream, found none; see"
                " SimulatedBoard.bitstream"
            )
        return RuntimeMetadataParser(Metadata(input=path))

    def download(self, bitstream: Any, parser: Any = None) -> None:
        """Load the shell anew: registers and memories in fabric as they are built."""
        self.simulation.load()
        self.registers.seen.clear()
        self.post_download(
            bitstream, parser or self.get_bitfile_metadata(bitstream.bitfile_name), self.name
        )

    def close(self) -> None:
        """pynq 3.1 calls this before each download; there is nothing to close."""

    def get_memory(self, description: Any) -> Ddr:
        return self.default_memory

    def flush(self, bo: Block, offset: int, ptr: int, size: int) -> None:
        self.default_memory.copy(bo, offset, size, to_device=True)

    def invalidate(self, bo: Block, offset: int, ptr: int, size: int) -> None:
        self.default_memory.copy(bo, offset, size, to_device=False)
