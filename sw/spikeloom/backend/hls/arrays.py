"""The numbers of a stage as the arrays that the headers take: weights, biases, thresholds, tables,
factors of a residual.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikeloom.ir.graph import Layer, Pool
from spikeloom.ir.neurons import LIF, Raw, SpikePack, Table
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.plan import Stage, signed_width
from spikeloom.mapping.plan.weight_layout import weight_rows

LINE = 138


@dataclass(frozen=True, eq=False)
class Numbers:
    """One array of C++: ``static const <kind> <name>[...][...]``."""

    name: str
    kind: str
    values: Ints

    @property
    def declaration(self) -> str:
        return f"static const {self.kind} {self.name}{''.join(f'[{n}]' for n in self.values.shape)}"

    @property
    def text(self) -> str:
        """The definition, line by line."""
        return f"{self.declaration} = {braced(self.values)};"


def braced(values: Ints) -> str:
    """Nested braces; a row of numbers in lines of at most LINE characters."""
    if values.ndim > 1:
        return "{\n" + ",\n".join(braced(part) for part in values) + "}"
    lines, line = [], ""
    for number in values.tolist():
        item = f"{number}LL" if abs(number) >> 31 else str(number)
        if len(line) + len(item) + 2 > LINE:
            lines.append(line)
            line = ""
        line += f"{', ' if line else ''}{item}"
    return "{" + ",\n".join([*lines, line]) + "}"


def weights(stage: Stage) -> Ints:
    """(banks, rows, elements) of an event body, else (rows, weights of a word); two's complement as
    unsigned numbers, or 1 for +1.
    """
    banks = [weight_rows(stage, bank) for bank in range(stage.folding.banks)]
    rows = np.stack(banks) if stage.folding.body == "event" else banks[0]
    return (rows > 0).astype(np.int64) if stage.binary else rows & ((1 << stage.stored_width) - 1)


def betas(stage: Stage, units: int) -> Ints:
    """(time steps or 1, rows, units): one where all numbers of time steps have the same."""
    found = [
        other.layer.beta.reshape(-1, units)
        for other in (*stage.fewer, stage)
        if isinstance(other.layer, Layer)
    ]
    alike = all(np.array_equal(rows, found[-1]) for rows in found)
    return np.stack(found[-1:] if alike else found)


def searched(stage: Stage) -> tuple[Ints, tuple[int, ...]]:
    """The tables of a stage: (channels, thresholds of one number of planes after those of another),
    and where those of each run begin.
    """
    tables = {
        t.code.live: t
        for t in (
            other.layer.neuron for other in (*stage.fewer, stage) if isinstance(other.layer, Layer)
        )
        if isinstance(t, Table)
    }
    starts, at = {}, 0
    for live in sorted(tables):
        starts[live] = at
        at += tables[live].thresholds.shape[1]
    joined = np.concatenate([tables[live].thresholds for live in sorted(tables)], axis=1)
    lives = [other.o_code.live for other in (*stage.fewer, stage) if other.o_code is not None]
    return joined, tuple(starts[live] for live in lives)


def units_of(stage: Stage) -> int:
    """Neuron units per window; without a neuron all elements leave at once."""
    plain = isinstance(stage.layer, Pool) or isinstance(stage.layer.neuron, Raw)
    return stage.folding.elements if plain else stage.folding.neurons


def theta_width(stage: Stage) -> int:
    """Bits of what a drive is compared with; 1 without a neuron."""
    neuron = stage.layer.neuron if isinstance(stage.layer, Layer) else None
    if isinstance(neuron, SpikePack):
        return signed_width(stage.theta_bound * int(np.abs(neuron.code.place_values).max()))
    if isinstance(neuron, Table):
        return signed_width(int(np.abs(searched(stage)[0]).max()))
    return signed_width(stage.theta_bound) if isinstance(neuron, LIF) else 1


def numbers(stage: Stage, name: str) -> Iterator[Numbers]:
    """Every array of a stage; ``name`` is its identifier."""
    layer = stage.layer
    if isinstance(layer, Pool):
        flipped = layer.flip * ((1 << stage.i_code.steps) - 1) ^ stage.i_code.sign_bit
        yield Numbers(f"{name}_flip", f"ap_uint<{stage.i_code.steps}>", flipped)
        return
    units, wide = units_of(stage), theta_width(stage)
    yield Numbers(f"{name}_weights", f"ap_uint<{stage.stored_width}>", weights(stage))
    yield Numbers(f"{name}_beta", f"ap_int<{signed_width(stage.beta_bound)}>", betas(stage, units))
    yield Numbers(f"{name}_negate", "ap_uint<1>", layer.negate.reshape(-1, units))
    if stage.skip_stage is not None:
        elements = stage.folding.elements
        yield Numbers(f"{name}_turn", "ap_uint<1>", layer.negate.reshape(-1, elements))
        yield Numbers(
            f"{name}_kappa",
            f"ap_int<{stage.skip_stage.weight_width}>",
            layer.kappa.reshape(-1, elements),
        )
    if isinstance(layer.neuron, SpikePack):
        places = np.abs(layer.neuron.code.place_values)
        theta = layer.neuron.theta.reshape(-1, units, 1) * places
        yield Numbers(f"{name}_theta", f"ap_int<{wide}>", theta)
        yield Numbers(f"{name}_tie", "ap_uint<1>", layer.neuron.tie.reshape(-1, units))
    elif isinstance(layer.neuron, LIF):
        yield Numbers(f"{name}_theta", f"ap_int<{wide}>", layer.neuron.theta.reshape(-1, units))
    elif isinstance(layer.neuron, Table):
        joined, _ = searched(stage)
        yield Numbers(
            f"{name}_theta", f"ap_int<{wide}>", joined.reshape(-1, units, joined.shape[1])
        )
