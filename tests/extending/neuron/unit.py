"""Units of resting neurons."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from amaranth import Module, Mux, Signal, Value, signed

from ..lib.mux import choose
from .unit import Unit, Work, elements


class RestingUnit(Unit):
    """Integrate, fire unless it has just fired, reset to zero.

    Parameters
    ----------
    theta: (channels, 1) thresholds. width: bits of one.
    """

    by_step: ClassVar[bool] = True

    def __init__(self, *, theta: np.ndarray, width: int):
        if theta.ndim != 2 or theta.shape[1] != 1:
            raise ValueError(f"expected thresholds (C, 1), got {theta.shape}")
        self.theta, self.width = theta, width

    def tables(self, m: Module, work: Work) -> None:
        self.thetas = work.parameters.by_channel(
            "theta", self.theta, self.width, work.place, Signal(1)
        )

    def spike(self, m: Module, work: Work, u: Value, window: int, n: int) -> Value:
        members = elements(work.place, n)
        membranes = [Signal(signed(len(u)), name=f"membrane{window}_{e}") for e in members]
        fired = [Signal(name=f"fired{window}_{e}") for e in members]
        first = work.step == 0
        charged = Signal.like(u, name=f"charged{window}_{n}")
        spike = Signal(name=f"spike{window}_{n}")
        m.d.comb += [
            charged.eq(Mux(first, 0, choose(membranes, work.place.group)) + u),
            spike.eq((charged >= self.thetas[n]) & (first | ~choose(fired, work.place.group))),
        ]
        for g, (membrane, before) in enumerate(zip(membranes, fired, strict=True)):
            with m.If(work.work & (work.place.group == g)):
                m.d.sync += [membrane.eq(Mux(spike, 0, charged)), before.eq(spike)]
        return spike
