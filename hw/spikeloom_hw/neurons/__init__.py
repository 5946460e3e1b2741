"""Units of neurons: one per kind, and what makes it of a stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikeloom.ir.neurons import LIF, Neuron, SpikePack, Thresholds
from spikeloom.ir.neurons.thresholds import tables
from spikeloom.ir.number import signed_width
from spikeloom.ir.table import row
from spikeloom.mapping.plan.stage import Stage

from .lif import LIFUnit
from .spikepack import SpikePackUnit
from .thresholds import ThresholdsUnit
from .unit import Unit


def spikepack(stage: Stage, neuron: SpikePack) -> Unit:
    theta, loads = stage.parameters["theta"], stage.room is not None
    return SpikePackUnit(
        theta=theta.values,
        width=theta.width,
        tie=neuron.tie[:, None],
        tie_width=signed_width(1 if loads else int(neuron.tie.max())),
        ties=loads or bool(neuron.tie.any()),
    )


def thresholds(stage: Stage, neuron: Thresholds) -> Unit:
    return ThresholdsUnit(
        tables={live: table.thresholds for live, table in tables(stage.neurons).items()},
        runs=[run.live for run in stage.neurons],
        steps=neuron.code.steps,
        width=None if stage.room is None else signed_width(stage.u_bound + 1),
    )


def lif(stage: Stage, neuron: LIF) -> Unit:
    theta = stage.parameters["theta"]
    return LIFUnit(
        theta=theta.values[:, None],
        width=theta.width,
        leak=neuron.leak,
        hard_reset=neuron.hard_reset,
    )


UNITS: dict[type[Neuron], Callable[[Stage, Any], Unit]] = {
    SpikePack: spikepack,
    Thresholds: thresholds,
    LIF: lif,
}
"""The units of each kind of neuron that fires."""


def unit(stage: Stage) -> Unit | None:
    """The units of a stage; None where nothing fires."""
    neuron = stage.neuron
    if neuron is None or not neuron.fires:
        return None
    return row(UNITS, neuron, "the hardware")(stage, neuron)
