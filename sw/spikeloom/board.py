"""The driver under the name that users import: see :mod:`spikeloom.driver`."""

from spikeloom.driver import Accelerator, BoardError, Measurement, pack

__all__ = ["Accelerator", "BoardError", "Measurement", "pack"]
