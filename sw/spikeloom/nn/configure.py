"""Time steps and weight widths of a network that is built already: set from outside, for all layers
or by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from spikeloom.errors import SpikeLoomError
from spikeloom.nn.layers import QuantConv2d, QuantLinear
from spikeloom.nn.neuron import Neuron

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class PerLayer:
    """A number for all layers, None for what each was built with; and other numbers for some, by
    module name.
    """

    every: int | None = None
    layers: tuple[tuple[str, int], ...] = ()

    def of(self, names: list[str], what: str) -> dict[str, int]:
        """The number of each named layer that has one. Raises SpikeLoomError naming what the
        network has not.
        """
        unknown = [name for name, _ in self.layers if name not in names]
        if unknown:
            expected = (
                f"one of {', '.join(names)}" if names else "none, the network has no such layers"
            )
            raise SpikeLoomError(
                f"{what} of {unknown[0]!r}: the network has no such layer; expected {expected}"
            )
        if self.every is not None and not names:
            raise SpikeLoomError(
                f"{what}: the network has no layer of spikeloom.nn whose {what} could be set"
            )
        return ({} if self.every is None else dict.fromkeys(names, self.every)) | dict(self.layers)


AS_BUILT = PerLayer()


def neurons(model: nn.Module) -> dict[str, Neuron]:
    """All neurons by module name."""
    return {name: m for name, m in model.named_modules() if isinstance(m, Neuron)}


def weighted(model: nn.Module) -> dict[str, QuantConv2d | QuantLinear]:
    """All layers with quantized weights by module name."""
    return {
        name: m for name, m in model.named_modules() if isinstance(m, QuantConv2d | QuantLinear)
    }


def configure(model: M, *, steps: PerLayer = AS_BUILT, weight_bits: PerLayer = AS_BUILT) -> M:
    """Set T of the neurons and the width of the weights, before training; returns the same module.

    The planes of the input (``QuantInput``, ``Events``) stay: they belong to the data. A LIF
    network takes its T from the frames of its input where its first neuron has no ``repeat``.

    Raises SpikeLoomError naming a layer that is not there, or the number that is out of range.
    """
    spiking, layers = neurons(model), weighted(model)
    wanted = steps.of(list(spiking), "time steps"), weight_bits.of(list(layers), "weight bits")
    for name, number in wanted[0].items():
        spiking[name].set_steps(number)
    for name, number in wanted[1].items():
        layers[name].set_weight_bits(number)
    return model


def described(numbers: Mapping[str, int]) -> str:
    """Numbers by layer as short text: the most frequent one, then the layers that have another,
    e.g. ``2 conv1=8``.
    """
    if not numbers:
        return "–"
    common = Counter(numbers.values()).most_common(1)[0][0]
    return " ".join(
        [str(common), *(f"{name}={number}" for name, number in numbers.items() if number != common)]
    )
