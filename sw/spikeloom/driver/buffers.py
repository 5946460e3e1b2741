"""Memory that host and fabric share: allocated once, reused for every call, checked before the
fabric touches it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikeloom.driver.errors import BufferFault
from spikeloom.driver.words import Array
from spikeloom.files import first_line
from spikeloom.interface.manifest import Manifest


def words_for(count: int, manifest: Manifest) -> int:
    """Memory words that hold so many bytes."""
    return -(-count * 8 // manifest.memory_width)


def input_bytes(images: int, manifest: Manifest) -> int:
    return images * manifest.input.image_bytes


def output_bytes(images: int, manifest: Manifest) -> int:
    return images * manifest.output.beats * 4


def memory_of(buffer: Any) -> Array:
    """A buffer's memory as bytes, in a plain numpy array that shares it."""
    return np.asarray(buffer).reshape(-1).view(np.uint8)


def allocate(pynq: Any, device: Any, count: int, manifest: Manifest) -> Any:
    """A pynq buffer of at least so many bytes, whole memory words. Raises BufferFault if there is
    no room.
    """
    size = words_for(count, manifest) * manifest.memory_width // 8
    try:
        return pynq.allocate((size,), dtype=np.uint8, target=device)
    except (RuntimeError, MemoryError, OSError, ValueError) as error:
        raise BufferFault(
            f"buffer: {size} bytes of contiguous memory could not be allocated"
            f" ({first_line(error)}); free other buffers, or open with a smaller buffer_bytes"
        ) from error


def check(buffer: Any, count: int, manifest: Manifest, what: str) -> None:
    """Raises BufferFault unless the fabric may read or write ``count`` bytes of a buffer, up to the
    end of the last memory word.
    """
    step = manifest.memory_width // 8
    address = getattr(buffer, "device_address", None)
    if address is None or not isinstance(buffer, np.ndarray):
        raise BufferFault(
            f"{what} buffer: expected one of Accelerator.allocate or pynq.allocate, got"
            f" {type(buffer).__name__}"
        )
    if is_freed(buffer):
        raise BufferFault(f"{what} buffer: it was freed; allocate another one")
    if not buffer.flags.c_contiguous:
        raise BufferFault(f"{what} buffer: expected contiguous memory, got a view with gaps")
    if address % step:
        raise BufferFault(
            f"{what} buffer: expected an address that is a multiple of {step}, got {address:#x};"
            " use Accelerator.allocate"
        )
    needed = words_for(count, manifest) * step
    if buffer.nbytes < needed:
        raise BufferFault(
            f"{what} buffer: expected at least {needed} bytes (whole memory words), got"
            f" {buffer.nbytes}"
        )
    if address + needed > 1 << manifest.address_width:
        raise BufferFault(
            f"{what} buffer: address {address:#x} is beyond the {manifest.address_width} bits of"
            " the memory port"
        )


def is_freed(buffer: Any) -> bool:
    """Whether a buffer, or the one that it is a view of, was freed."""
    while isinstance(buffer, np.ndarray):
        if getattr(buffer, "freed", False):
            return True
        buffer = buffer.base
    return False


class Buffers:
    """One input and one output buffer that grow when more images come, up to a limit, and are kept.

    Arguments: limit: bytes of the larger of the two.
    """

    def __init__(self, pynq: Any, device: Any, manifest: Manifest, limit: int) -> None:
        self.pynq, self.device, self.manifest = pynq, device, manifest
        self.most = max(1, limit // max(input_bytes(1, manifest), output_bytes(1, manifest)))
        self.images = 0
        self.input: Any = None
        self.output: Any = None

    def reserve(self, images: int) -> int:
        """Make room for so many images, or as many as the limit allows; how many there is room for.
        Raises BufferFault.
        """
        wanted = min(images, self.most)
        if wanted > self.images or is_freed(self.input) or is_freed(self.output):
            self.free()
            self.input = allocate(
                self.pynq, self.device, input_bytes(wanted, self.manifest), self.manifest
            )
            self.output = allocate(
                self.pynq, self.device, output_bytes(wanted, self.manifest), self.manifest
            )
            self.images = wanted
        return self.images

    def free(self) -> None:
        """Give the memory back. Views of it must not be used any more."""
        self.images = 0
        for name in ("input", "output"):
            buffer, free = getattr(self, name), None
            setattr(self, name, None)
            if buffer is not None and not is_freed(buffer):
                free = getattr(buffer, "freebuffer", None)
            if free is not None:
                free()
