"""Units of SpikePack neurons: one comparison and one subtraction per time step."""

from __future__ import annotations

import numpy as np
from amaranth import Module, Mux, Signal, Value

from .unit import Unit, Work


class SpikePackUnit(Unit):
    """``s = (u >= theta)``, ``u -= s * theta``, with the threshold of each time step.

    Parameters
    ----------
    theta: (channels, T) thresholds of each time step. width: bits of one.
    tie: (channels, 1) where 1, a last spike that leaves nothing is cleared. tie_width: bits of one.
    ties: whether there is such a channel, or may be.
    """

    def __init__(
        self, *, theta: np.ndarray, width: int, tie: np.ndarray, tie_width: int, ties: bool
    ):
        if theta.ndim != 2 or tie.shape != (len(theta), 1):
            raise ValueError(
                f"expected thresholds (C, T) and ties (C, 1), got {theta.shape} and {tie.shape}"
            )
        self.theta, self.width = theta, width
        self.tie, self.tie_width, self.ties = tie, tie_width, ties

    def tables(self, m: Module, work: Work) -> None:
        read = work.parameters.by_channel
        self.thetas = read("theta", self.theta, self.width, work.place, work.step)
        self.flags = read("tie", -self.tie, self.tie_width, work.place, Signal(1))

    def spike(self, m: Module, work: Work, u: Value, window: int, n: int) -> Value:
        rest = Signal.like(u, name=f"rest{window}_{n}")
        spike = Signal(name=f"spike{window}_{n}")
        theta, steps = self.thetas[n], self.theta.shape[1]
        if steps > 1:
            left = Signal.like(u, name=f"left{window}_{n}")
            with m.If(work.work):
                m.d.sync += left.eq(rest)
            u = Mux(work.step == 0, u, left)
        fires = u >= theta
        m.d.comb += rest.eq(Mux(fires, u - theta, u))
        if self.ties:
            cleared = self.flags[n][0] & (work.step == steps - 1) & (rest == 0)
            m.d.comb += spike.eq(fires & ~cleared)
        else:
            m.d.comb += spike.eq(fires)
        return spike
