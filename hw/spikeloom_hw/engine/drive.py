"""The drive of neurons: ``u = (±v << f) + kappa x + beta``, of sums v, held as they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from ..lib.mux import choose
from ..lib.runtime_steps import chosen, whole
from ..memory.parameters import Parameters, Place


@dataclass(frozen=True)
class Sums:
    """Sums of one accumulator array: bits of one, the base of the planes, and how many planes are
    missing, see :mod:`spikeloom_hw.lib.runtime_steps`.
    """

    width: int
    base: int
    missing: Sequence[int]


@dataclass(frozen=True, eq=False)
class Drive:
    """The numbers of a drive, and what makes it.

    Parameters
    ----------
    windows, elements: results side by side. width: bits of u.
    sums: v. joined: what is added before, kappa x; None without a residual.
    shift: f. negate: (channels,) where 1, v is negated. negates: whether one is, or may be.
    betas: (runs, channels), see :mod:`spikeloom_hw.lib.runtime_steps`; of one run where all are
        alike. beta_width: bits of one. adds: whether one is not 0, or may be.
    """

    windows: int
    elements: int
    width: int
    sums: Sums
    joined: Sums | None
    shift: int
    negate: np.ndarray
    negates: bool
    betas: np.ndarray
    beta_width: int
    adds: bool

    def held(
        self,
        m: Module,
        component: wiring.Component,
        parameters: Parameters,
        take: Signal,
        fold: Signal,
    ) -> list[Signal]:
        """The result in work, for every window and element: v, or with a residual all of the drive
        but its bias.
        """
        joined, sums = self.joined, self.sums
        negate: list[Value | None] = []
        places = skip_places = None
        if joined is not None:
            negate = self.negations(parameters, self.elements, fold)
            places = chosen(m, component, "v_places", sums.missing)
            skip_places = chosen(m, component, "skip_places", joined.missing)
        held = []
        for n in range(self.windows * self.elements):
            width = sums.width if joined is None else self.width
            value = Signal(signed(width), name=f"held{n}")
            v: Value = component.i.payload.word_select(n, sums.width).as_signed()
            if joined is not None:
                x = component.skip.payload.word_select(n, joined.width).as_signed()
                kappa = whole(m, skip_places, joined.base, joined.missing, x, f"kappa{n}")
                v = whole(m, places, sums.base, sums.missing, v, f"v{n}")
                v = (turned(v, negate[n % self.elements]) << self.shift) + kappa
            with m.If(take):
                m.d.sync += value.eq(v)
            held.append(value)
        return held

    def negations(self, parameters: Parameters, count: int, row: Signal) -> list[Value | None]:
        """Whether each of ``count`` channels is negated; None where none ever is."""
        if not self.negates:
            return [None] * count
        rows = self.negate.reshape(-1, count).tolist()
        return [flag[0] for flag in parameters.rows("negate", rows, 1, row)]

    def units(
        self,
        m: Module,
        component: wiring.Component,
        parameters: Parameters,
        held: list[Signal],
        place: Place,
    ) -> list[Signal]:
        """u of every window and unit, for the group in work."""
        units, joined = place.units, self.joined is not None
        row = Signal(range(max(2, place.folds * place.groups)), name="row")
        m.d.comb += row.eq(place.fold * place.groups + place.group)
        negate = [None] * units if joined else self.negations(parameters, units, row)
        beta = self.biases(m, component, parameters, units, row) if self.adds else []
        missing = self.sums.missing
        places = None if joined else chosen(m, component, "v_places", missing)
        drives = []
        for n in range(self.windows * units):
            window, unit = divmod(n, units)
            first, after = window * self.elements + unit, (window + 1) * self.elements
            v = choose(held[first:after:units], place.group)
            if not joined:
                v = whole(m, places, self.sums.base, missing, v, f"v{n}")
                v = turned(v, negate[unit]) << self.shift
            drive = Signal(signed(self.width), name=f"drive{n}")
            m.d.comb += drive.eq(v + beta[unit] if self.adds else v)
            drives.append(drive)
        return drives

    def biases(
        self,
        m: Module,
        component: wiring.Component,
        parameters: Parameters,
        units: int,
        row: Signal,
    ) -> list[Value]:
        """The biases of the units, for the time steps that are run."""
        rows = self.betas.reshape(-1, units).tolist()
        if len(self.betas) == 1:
            return parameters.rows("beta", rows, self.beta_width, row)
        index = Signal(range(len(rows)), name="beta_row")
        m.d.comb += index.eq(component.steps * (len(rows) // len(self.betas)) + row)
        return parameters.rows("beta", rows, self.beta_width, index)


def turned(v: Value, negate: Value | None) -> Value:
    return v if negate is None else Mux(negate, -v, v)
