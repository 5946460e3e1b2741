"""The queues between a spike source and a body: what their words are cut from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth import Array, Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


def early_signature(width: int) -> wiring.Signature:
    """A queue (``valid``, ``payload``), and what is written into it in this cycle (``arrives``,
    ``fresh``). ``ready``: the word of the queue is taken or, where there is none, the one that
    arrives.
    """
    return wiring.Signature(
        {
            "valid": Out(1),
            "payload": Out(width),
            "arrives": Out(1),
            "fresh": Out(width),
            "ready": In(1),
        }
    )


@dataclass(frozen=True)
class Queues:
    """Queues of one engine.

    Parameters
    ----------
    count: how many there are: one for all windows, or ``banks`` for each. width: bits of a word.
    whole: words are whole beats of all windows; else the flags of one plane.
    early: a word can be taken as it arrives, past an empty queue, since the body holds one itself.
    order: channels of a beat in the order of the flags.
    """

    count: int
    width: int
    whole: bool = False
    early: bool = False
    order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1 or self.width < 1:
            raise ValueError(
                f"queues: expected one of one bit at least, got {self.count} of {self.width} bits"
            )

    @property
    def signature(self) -> wiring.Signature:
        """Words of one queue."""
        return early_signature(self.width) if self.early else stream.Signature(self.width)

    def ports(self, name: str, flow: type[In] | type[Out]) -> dict[str, wiring.Member]:
        """A port for each of them, ``name`` with a number behind it."""
        return {f"{name}{q}": flow(self.signature) for q in range(self.count)}

    def cut(self, m: Module, beats: Sequence[Signal], plane: Signal, steps: int) -> list[Value]:
        """The word of each queue, given the beat of each window, of words of so many planes, and
        the plane that is being scanned.
        """
        if self.whole:
            return [Cat(*beats)]
        flags = []
        for window, beat in enumerate(beats):
            selected = Signal(len(self.order), name=f"flags{window}")
            planes = [
                Cat(beat[c * steps + steps - 1 - t] for c in self.order) for t in range(steps)
            ]
            m.d.comb += selected.eq(Array(planes)[plane] if steps > 1 else planes[0])
            flags.append(selected)
        if not self.early:
            return [Cat(*flags)]
        return [
            beat[first : first + self.width]
            for beat in flags
            for first in range(0, len(self.order), self.width)
        ]
