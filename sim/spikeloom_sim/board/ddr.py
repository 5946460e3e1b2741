"""The board's memory as ``pynq.allocate`` hands it out: every buffer twice, for host and device,
apart as a cache keeps them.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from pynq.buffer import PynqBuffer

from spikeloom_sim.board.simulation import BoardError, Simulation
from spikeloom_sim.network.beats import Bytes


class OutOfMemory(BoardError, RuntimeError):
    """There is no room for a buffer. A RuntimeError, as the board's own software raises."""


PAGE = 4096
"""Memory is mapped in pages: an access behind a buffer's end but inside its last page is answered
as on a board, with OKAY.
"""


@dataclass(eq=False)
class Block:
    """One buffer's memory: ``host`` is what the processor sees, ``device`` what the fabric sees
    (whole pages).
    """

    address: int
    host: Bytes
    device: Bytes
    buffer: weakref.ref[Any] | None = None
    freed: bool = False


class Ddr:
    """Contiguous memory from ``base``, ``size`` bytes of it; each buffer at a page of its own, with
    an unmapped page behind it.

    New memory holds random bytes on both sides, other ones.
    """

    def __init__(
        self, device: Any, simulation: Simulation, base: int, size: int, seed: int
    ) -> None:
        self.device, self.simulation, self.base, self.size = device, simulation, base, size
        self.next = base
        self.random = np.random.default_rng(seed)

    def place(self, span: int) -> int:
        """Address of ``span`` free bytes, the next ones after those given out last. Raises
        OutOfMemory if there are none.
        """
        taken = sorted(
            (start, start + data.nbytes + PAGE) for start, data in self.simulation.regions.items()
        )
        for begin in (self.next, self.base):
            at = begin
            for start, end in taken:
                if at + span <= start:
                    break
                at = max(at, end)
            if at + span <= self.base + self.size:
                self.next = at + span
                return at
        used = sum(data.nbytes for data in self.simulation.regions.values())
        raise OutOfMemory(
            f"memory: {span} bytes wanted, {used} of {self.size} are in use; free buffers with"
            " freebuffer()"
        )

    def garbage(self, size: int) -> Bytes:
        return np.frombuffer(bytearray(self.random.bytes(size)), dtype=np.uint8)

    def allocate(self, shape: int | Sequence[int], dtype: npt.DTypeLike, **_: Any) -> Any:
        """A buffer for ``pynq.allocate``. Raises OutOfMemory if there is no room."""
        count = prod(shape) if isinstance(shape, Sequence) else int(shape)
        size = max(1, count * np.dtype(dtype).itemsize)
        pages = -(-size // PAGE) * PAGE
        block = Block(self.place(pages + PAGE), self.garbage(size), self.garbage(pages))
        self.simulation.map(block.address, block.device)
        buffer = PynqBuffer(
            shape,
            dtype,
            bo=block,
            device=self.device,
            buffer=block.host,
            device_address=block.address,
            coherent=False,
        )
        block.buffer = weakref.ref(buffer)
        # With these three set, pynq gives freed memory back to return_pointer; without, it would
        # unmap what is not mapped.
        buffer.memory, buffer.pointer, buffer.return_to = self, block, self
        return buffer

    def return_pointer(self, block: Block) -> None:
        """A buffer was freed, or nobody has it any more: the fabric finds nothing there now."""
        block.freed = True
        buffer = block.buffer() if block.buffer is not None else None
        if buffer is not None:
            buffer.freed = True
        self.simulation.unmap(block.address)

    def copy(self, block: Block, offset: int, size: int, to_device: bool) -> None:
        """Bytes of a buffer from one side to the other. Raises BoardError if it was freed."""
        if block.freed:
            raise BoardError(f"memory at {block.address:#x}: was freed; allocate another buffer")
        part = slice(offset, min(offset + size, block.host.nbytes))
        if to_device:
            block.device[part] = block.host[part]
        else:
            block.host[part] = block.device[part]
