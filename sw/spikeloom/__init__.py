"""SpikeLoom: quantized spiking networks from PyTorch to FPGA, bit for bit.

    from spikeloom import nn, export, freeze, compile
    export(model, X.shape[1:], "trained.onnx")              # QONNX, as trained
    freeze("trained.onnx", "model.onnx")                    # integers, the reference from there on
    # Both in one; a torch module, or the path of a QONNX file:
    acc = compile(model, board="pynq-z2", calibration=X)
    acc.golden(X); acc.simulate(X); acc.layers; acc.report()

Importing the package needs numpy alone: torch, onnx, amaranth and the simulator come in where they
are used.
"""

from __future__ import annotations

from spikeloom.errors import CapacityError, SpikeLoomError, UnsupportedError

# Not typing's: its import would take most of the time in which a Ctrl-C shows a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from spikeloom.accelerator import Accelerator, Simulation
    from spikeloom.frontend.freeze import freeze
    from spikeloom.nn.export import write_trained as export
    from spikeloom.pipeline import compile

__all__ = [
    "Accelerator",
    "CapacityError",
    "Simulation",
    "SpikeLoomError",
    "UnsupportedError",
    "compile",
    "export",
    "freeze",
]

LAZY = {
    "Accelerator": ("accelerator", "Accelerator"),
    "Simulation": ("accelerator", "Simulation"),
    "compile": ("pipeline", "compile"),
    "export": ("nn.export", "write_trained"),
    "freeze": ("frontend.freeze", "freeze"),
}
"""Name -> module and its name there."""


def __getattr__(name: str) -> Any:
    if name in LAZY:
        from importlib import import_module

        module, attribute = LAZY[name]
        return getattr(import_module(f"spikeloom.{module}"), attribute)
    raise AttributeError(f"module 'spikeloom' has no attribute {name!r}")
