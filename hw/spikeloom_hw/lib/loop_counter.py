"""Loop counters, of which the loop nests of source and accumulators are chains."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Module, Mux, Signal


@dataclass(frozen=True)
class Counter:
    """``value`` runs 0..count-1, one further per ``step``; ``wrap`` is high in the step that leaves
    the last value.
    """

    value: Signal
    step: Signal
    wrap: Signal


def counter(m: Module, name: str, count: int, last: Signal | None = None) -> Counter:
    """A loop counter in the sync domain; the caller drives ``step``. ``last``: the last value,
    where it is not always ``count - 1``.
    """
    value, step, wrap = (
        Signal(range(max(2, count)), name=name),
        Signal(name=f"{name}_step"),
        Signal(name=f"{name}_wrap"),
    )
    if count == 1:
        m.d.comb += wrap.eq(step)
        return Counter(value, step, wrap)
    ends = value == (count - 1 if last is None else last)
    m.d.comb += wrap.eq(step & ends)
    with m.If(step):
        m.d.sync += value.eq(Mux(ends, 0, value + 1))
    return Counter(value, step, wrap)
