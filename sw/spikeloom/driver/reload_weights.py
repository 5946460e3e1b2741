"""Another network on the same hardware: weights from a file of ``spikeloom weights`` into the
memories of the fabric.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from spikeloom.driver import buffers
from spikeloom.driver.errors import MismatchError
from spikeloom.driver.session import Session
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import weight_file
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.weight_file import Load


def read(path: Path, manifest: Manifest) -> Load:
    """The file, for this hardware. Raises MismatchError where it is for other hardware, or none."""
    try:
        found = weight_file.load(path)
        weight_file.check(found, manifest, str(path))
    except SpikeLoomError as error:
        raise MismatchError(str(error)) from None
    return found


def fill(session: Session, found: Load) -> None:
    """Write the weights into the fabric and see that they came. Raises JobError, or MismatchError
    where other words came than were sent.
    """
    loaded, manifest = session.loaded, session.loaded.manifest
    buffer = buffers.allocate(loaded.pynq, loaded.device, found.words.nbytes, manifest)
    try:
        memory = buffers.memory_of(buffer)
        memory[...] = 0
        memory[: found.words.nbytes] = found.words.astype("<u4").view(np.uint8)
        buffer.sync_to_device()
        words = buffers.words_for(found.words.nbytes, manifest)
        sent = (
            words * manifest.memory_width // 32,
            zlib.crc32(memory[: words * manifest.memory_width // 8].tobytes()),
        )
        came = session.engine.load(buffer.device_address, words)
    finally:
        buffer.freebuffer()
    if came != sent:
        raise MismatchError(
            f"{manifest.name}: sent {sent[0]} words of weights with CRC {sent[1]:08x}, {came[0]}"
            f" with {came[1]:08x} came; load again"
        )


def described(manifest: Manifest, found: Load) -> Manifest:
    """The manifest with what the host must know of the other network."""
    source = replace(manifest.input, scale=found.input_scale, zero_point=found.input_zero_point)
    return replace(
        manifest, input=source, scale=tuple(found.scale.tolist()), bias=tuple(found.bias.tolist())
    )
