"""SpikeLoom: quantized spiking networks from PyTorch to FPGA, bit for bit.

    from spikeloom import nn, export, freeze, compile
    acc = compile(model, board="pynq-z2", calibration=X)    # a torch module, or the path of a QONNX file
    acc.golden(X); acc.simulate(X); acc.layers; acc.report()

Importing the package needs numpy alone: torch, onnx, amaranth and the simulator come in where they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spikeloom.errors import CapacityError, SpikeLoomError, UnsupportedError

if TYPE_CHECKING:
    from spikeloom.facade import Accelerator, Simulation, compile

__all__ = ["Accelerator", "CapacityError", "Simulation", "SpikeLoomError", "UnsupportedError", "compile"]


def __getattr__(name: str) -> Any:
    if name in ("Accelerator", "Simulation", "compile"):
        from spikeloom import facade

        return getattr(facade, name)
    raise AttributeError(f"module 'spikeloom' has no attribute {name!r}")
