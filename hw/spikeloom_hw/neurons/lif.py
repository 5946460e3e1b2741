"""Units of IF and LIF neurons: leak, integrate, fire, reset."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from amaranth import Module, Mux, Signal, Value, signed

from ..lib.mux import choose
from .unit import Unit, Work, elements


class LIFUnit(Unit):
    """``m -= m >> leak``, ``m += u``, ``s = (m >= theta)``, then reset.

    Parameters
    ----------
    theta: (channels, 1) thresholds. width: bits of one. leak: bits of the shift; 0 for none.
    hard_reset: to zero, instead of by the threshold.
    """

    by_step: ClassVar[bool] = True

    def __init__(self, *, theta: np.ndarray, width: int, leak: int, hard_reset: bool):
        if theta.ndim != 2 or theta.shape[1] != 1 or leak < 0:
            raise ValueError(f"expected thresholds (C, 1) and a leak, got {theta.shape}, {leak}")
        self.theta, self.width, self.leak, self.hard_reset = theta, width, leak, hard_reset

    def tables(self, m: Module, work: Work) -> None:
        self.thetas = work.parameters.by_channel(
            "theta", self.theta, self.width, work.place, Signal(1)
        )

    def spike(self, m: Module, work: Work, u: Value, window: int, n: int) -> Value:
        members = elements(work.place, n)
        membranes = [Signal(signed(len(u)), name=f"membrane{window}_{e}") for e in members]
        membrane = choose(membranes, work.place.group)
        held = Signal.like(u, name=f"held{window}_{n}")
        charged = Signal.like(u, name=f"charged{window}_{n}")
        spike, after = Signal(name=f"spike{window}_{n}"), Signal.like(u, name=f"after{window}_{n}")
        leaked = held - (held >> self.leak) if self.leak else held
        reset = 0 if self.hard_reset else charged - self.thetas[n]
        m.d.comb += [
            held.eq(Mux(work.step == 0, 0, membrane)),
            charged.eq(leaked + u),
            spike.eq(charged >= self.thetas[n]),
            after.eq(Mux(spike, reset, charged)),
        ]
        for g, register in enumerate(membranes):
            with m.If(work.work & (work.place.group == g)):
                m.d.sync += register.eq(after)
        return spike
