"""The driver: a network on a board, or on a simulated one, through pynq.

    from spikeloom.board import Accelerator
    with Accelerator("digits-cnn.bit") as accelerator:  # beside it digits-cnn.hwh and manifest.json
        y = accelerator.predict(x)                              # real numbers in, real numbers out
        y, seconds, per_second = accelerator.predict(x, profile=True)
        accelerator.measure(x)  # latency, sparsity, operations, power

It needs numpy, and pynq once an overlay is opened; nothing else, and Python 3.10.
"""

from __future__ import annotations

from spikeloom.driver.accelerator import Accelerator
from spikeloom.driver.errors import BoardError
from spikeloom.driver.measurement import Measurement
from spikeloom.driver.words import pack

__all__ = ["Accelerator", "BoardError", "Measurement", "pack"]
