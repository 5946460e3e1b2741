"""How many of everything an engine has, and what its weights lie in."""

from __future__ import annotations

from dataclasses import dataclass

MEMORIES = ("auto", "lut", "block")
"""What weights may lie in. Not UltraRAM: it holds nothing at first, and even weights that can be
loaded are there from the start.
"""


@dataclass(frozen=True)
class Folding:
    """How many of everything one engine has.

    Attributes
    ----------
    body: name of its body, see :mod:`spikeloom.mapping.plan.bodies`: "event" (only spikes that
        fired), "dense" (every flag of a word), "parallel" (all planes of a word at once),
        "depthwise" (each element has its own input channel), "max" (pooling).
    group: channels in one input beat.
    banks: parts of a beat with a queue and a weight memory each (event body).
    ports: spikes that each bank takes per cycle, 1 or 2 (event body).
    elements: output channels computed side by side (FINN: PE).
    windows: adjacent output positions computed side by side (FINN: MMV).
    neurons: neuron units per window.
    weights: what the weights lie in: "lut", "block" (block RAM), or "auto": what the synthesis
        takes by itself.
    """

    body: str
    group: int
    banks: int = 1
    ports: int = 1
    elements: int = 1
    windows: int = 1
    neurons: int = 1
    weights: str = "auto"
