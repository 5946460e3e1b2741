"""What the units of every kind of neuron answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from amaranth import Module, Signal, Value
from amaranth.lib import wiring

from ..memory.parameters import Parameters, Place


@dataclass(frozen=True)
class Work:
    """What units are worked with: ``work`` is high in each cycle of it, ``step`` counts the time
    steps of a word.
    """

    place: Place
    parameters: Parameters
    work: Signal
    step: Signal


class Unit(ABC):
    """The units of one kind of neuron. Each finds one spike of a word per cycle of work.

    Attributes
    ----------
    by_step: whether the groups are worked on within a step, and not the steps within a group.
    """

    by_step: ClassVar[bool] = False

    def begin(self, m: Module, component: wiring.Component) -> None:
        """Called once, before anything else: what all units have in common. Nothing by default."""
        return

    def tables(self, m: Module, work: Work) -> None:
        """Called once, before the first unit: the tables that all of them read. None by default."""
        return

    @abstractmethod
    def spike(self, m: Module, work: Work, u: Signal, window: int, n: int) -> Value:
        """The spike of unit ``n`` of a window in this cycle of work, for its drive ``u``; and
        whatever the unit keeps until the next one.
        """


def elements(place: Place, n: int) -> Sequence[int]:
    """The channels of a fold that unit ``n`` works on, one after the other."""
    return range(n, place.groups * place.units, place.units)
