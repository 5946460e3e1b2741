"""The port through which weights reach an accumulator array: the address of a row out, the row of
weights in, one cycle later.

What fills it is another matter: a memory that holds the weights for good, one that a chain of
loaders fills, later a stream or a prefetcher. It must have the row one cycle later, always: the
array does not wait. What fetches from afar keeps the rows of a pass ready before the pass begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from amaranth import Module, Mux, Signal, Value
from amaranth.hdl import ValueLike

from .loading import Chain, Loader
from .outside import OutsideMemory
from .weights import Weights


class WeightPort(Protocol):
    """Weights of an engine by bank. All windows read the same ones."""

    loads: bool
    """Whether they can be loaded: the array then has ports for the chain of loaders."""

    @property
    def outside(self) -> list[OutsideMemory]:
        """Memories in files, once all is built."""

    def begin(self, m: Module, chain: Chain | None) -> None:
        """Called once, before anything is read."""

    def open(self, bank: int, window: int) -> None:
        """Called before a window reads a bank; more than once does no harm."""

    def read(
        self, bank: int, window: int, port: int, row: ValueLike, enable: ValueLike, name: str
    ) -> Value:
        """A row, one cycle after its address. Each port of a window reads by itself; what is read
        while ``enable`` is low does not matter.
        """


class Held:
    """Weights in memories.

    Parameters
    ----------
    rows: of each bank, ``width`` bits each; what is loaded has them at first. style: attributes of
        the memories. files: what the names of the files begin with that hold the rows; "" where the
        Verilog does.
    """

    def __init__(
        self, *, rows: Sequence[Sequence[int]], width: int, style: dict[str, str], files: str = ""
    ):
        if width < 1 or not all(rows):
            raise ValueError(f"weights: expected rows of one bit at least, got {width} bits")
        self.rows, self.width, self.style, self.files = rows, width, style, files

    def memory(self, rows: Sequence[int], *, written: bool, name: str) -> Weights:
        return Weights(rows=rows, width=self.width, style=self.style, written=written, name=name)


class FixedWeights(Held):
    """Weights that stay as they are: one memory per bank, with a port for every reader."""

    loads = False

    def begin(self, m: Module, chain: Chain | None) -> None:
        self.m, self.memories = m, dict[int, Weights]()

    @property
    def outside(self) -> list[OutsideMemory]:
        return outside(self.memories.values())

    def open(self, bank: int, window: int) -> None:
        if bank in self.memories:
            return
        rows = [*self.rows[bank]]
        rows += rows * (2 - len(rows))
        name = self.files and f"{self.files}{bank}"
        memory = self.memory(rows, written=False, name=name)
        self.m.submodules[f"weights{bank}"] = self.memories[bank] = memory

    def read(
        self, bank: int, window: int, port: int, row: ValueLike, enable: ValueLike, name: str
    ) -> Value:
        return self.memories[bank].read(self.m, row, enable)


class LoadedWeights(Held):
    """Weights that a chain of loaders fills: one memory per bank and window, since block RAM has no
    third port to write through.
    """

    loads = True

    def begin(self, m: Module, chain: Chain | None) -> None:
        if chain is None:
            raise ValueError("weights that are loaded need a chain of loaders, got none")
        self.m, self.chain = m, chain
        self.memories: dict[tuple[int, int], tuple[Weights, Loader]] = {}

    @property
    def outside(self) -> list[OutsideMemory]:
        return outside(memory for memory, _ in self.memories.values())

    def open(self, bank: int, window: int) -> None:
        if (bank, window) in self.memories:
            return
        rows = [*self.rows[bank]]
        rows += [0] * (2 - len(rows))
        name = f"weights{bank}" + (f"_{window}" if window else "")
        file = self.files and f"{self.files}{name.removeprefix('weights')}"
        memory = self.memory(rows, written=True, name=file)
        self.m.submodules[name] = memory
        loader = self.chain.loader(name, rows, self.width)
        self.memories[bank, window] = memory, loader

    def read(
        self, bank: int, window: int, port: int, row: ValueLike, enable: ValueLike, name: str
    ) -> Value:
        """A loader writes through the address of the first port, so that one port of a block RAM
        does for both.
        """
        m, (memory, loader) = self.m, self.memories[bank, window]
        if port:
            return memory.read(m, row, enable)
        address = Signal(range(max(2, loader.depth)), name=f"{name}_address")
        m.d.comb += address.eq(Mux(loader.write, loader.row, row))
        memory.write(m, address, loader.value, loader.write)
        return memory.read(m, address, enable)


def outside(memories: Iterable[Weights]) -> list[OutsideMemory]:
    return [m.memory for m in memories if isinstance(m.memory, OutsideMemory)]
