"""Which settings a sweep trains: the product of a few axes, as numbers and as the text of an
option.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import MAX_STEPS, integer, number
from spikeloom.nn.configure import AS_BUILT, PerLayer

MAX_WEIGHT_BITS = 8


@dataclass(frozen=True)
class Point:
    """One combination of settings, trained once per seed."""

    spike_penalty: float = 0.0
    steps: PerLayer = AS_BUILT
    weight_bits: PerLayer = AS_BUILT


@dataclass(frozen=True)
class Grid:
    """All combinations of three axes; ``seeds`` trainings of each, with seeds 0, 1, ...

    Raises SpikeLoomError if an axis is empty or a number is out of range.
    """

    spike_penalties: tuple[float, ...] = (0.0,)
    steps: tuple[PerLayer, ...] = (AS_BUILT,)
    weight_bits: tuple[PerLayer, ...] = (AS_BUILT,)
    seeds: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        if not (self.spike_penalties and self.steps and self.weight_bits):
            raise SpikeLoomError(
                "sweep: expected at least one value on every axis, found an empty one"
            )
        object.__setattr__(
            self,
            "spike_penalties",
            tuple(number(penalty, "spike penalty") for penalty in self.spike_penalties),
        )
        for penalty in self.spike_penalties:
            if not (penalty >= 0 and math.isfinite(penalty)):
                raise SpikeLoomError(f"spike penalty: expected a number >= 0, found {penalty:g}")
        if self.seeds < 1:
            raise SpikeLoomError(f"seeds: expected at least 1, found {self.seeds}")
        _check("time steps", self.steps, MAX_STEPS)
        _check("weight bits", self.weight_bits, MAX_WEIGHT_BITS)

    def points(self) -> tuple[Point, ...]:
        """In the order of the axes, the last one fastest; each once."""
        return tuple(
            dict.fromkeys(
                Point(*choice)
                for choice in product(self.spike_penalties, self.steps, self.weight_bits)
            )
        )


def _check(what: str, axis: Iterable[PerLayer], largest: int) -> None:
    for choice in axis:
        for found in (choice.every, *(given for _, given in choice.layers)):
            if found is not None and not 1 <= integer(found, what) <= largest:
                raise SpikeLoomError(f"{what}: expected 1 to {largest}, found {found}")


def penalties(texts: Sequence[str]) -> tuple[float, ...]:
    """Numbers from options like ``0,1e-4``. Raises SpikeLoomError for anything else."""
    found = []
    for item in _items(texts):
        try:
            found.append(float(item))
        except ValueError:
            raise SpikeLoomError(
                f"--spike-penalty: expected numbers, e.g. 0,0.1,0.5, found {item!r}"
            ) from None
    return tuple(dict.fromkeys(found)) or (0.0,)


def per_layer(option: str, texts: Sequence[str]) -> tuple[PerLayer, ...]:
    """An axis from options like ``2,4`` for all layers, and ``conv1=8`` or ``conv1=4:8`` for one of
    them, by module name.

    Raises SpikeLoomError for anything else, and for a layer named twice.
    """
    every: list[int | None] = []
    layers: dict[str, list[int]] = {}
    for item in _items(texts):
        name, equals, values = item.rpartition("=")
        numbers = list(_numbers(option, item, values))
        if not equals and len(numbers) == 1:
            every += numbers
        elif name and name not in layers:
            layers[name] = numbers
        elif name:
            raise SpikeLoomError(
                f"{option}: {name} is named twice; give all its values at once, as {name}=2:4"
            )
        else:
            raise _odd(option, item)
    choices = product(
        dict.fromkeys(every or [None]), *(dict.fromkeys(numbers) for numbers in layers.values())
    )
    return tuple(PerLayer(first, tuple(zip(layers, rest, strict=True))) for first, *rest in choices)


def _items(texts: Sequence[str]) -> list[str]:
    return [item.strip() for text in texts for item in text.split(",")]


def _numbers(option: str, item: str, values: str) -> Iterator[int]:
    for value in values.split(":"):
        if not value.strip().isdecimal():
            raise _odd(option, item)
        yield int(value)


def _odd(option: str, item: str) -> SpikeLoomError:
    return SpikeLoomError(
        f"{option}: expected whole numbers for all layers or by layer, e.g. 2,4,fc1=8 or fc1=4:8,"
        f" found {item!r}"
    )
