"""Counters in fabric: what every stage did in each active cycle, and how many spikes it fired."""

from __future__ import annotations

from amaranth import Module, Mux, Signal
from amaranth.hdl import ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from spikeloom.plan import Plan, Stage

from .counting import ones

WIDTH = 64
"""Bits of a counter: none wraps in the life of a board."""


def engines(plan: Plan) -> list[Stage]:
    """Every accumulator array of the network: the stages, each followed by its residual's own."""
    found = []
    for stage in plan.stages:
        found.append(stage)
        if stage.skip_stage is not None:
            found.append(stage.skip_stage)
    return found


def counter_map(plan: Plan) -> list[tuple[str, int]]:
    """Names and addresses of all counters, in order.

    ``cycles`` (active ones), ``images``; per engine ``.busy``, ``.stalled``, ``.starved``, ``.synaptic``; per stream of spikes
    ``.nonzero`` and ``.spikes[t]``, t = 0 being the first plane.
    """
    names = ["cycles", "images"]
    for stage in engines(plan):
        names += [f"{stage.name}.{what}" for what in ("busy", "stalled", "starved", "synaptic")]
    for node in plan.graph.nodes:
        code = plan.graph.codes[node.name]
        if code is not None:
            names += [f"{node.name}.nonzero"] + [f"{node.name}.spikes[{t}]" for t in range(code.steps)]
    return [(name, address) for address, name in enumerate(names)]


class Counters(wiring.Component):
    """Adds what is offered to each counter in every cycle; one is read at a time.

    Ports
    -----
    clear: all counters to zero; a reset leaves them, so that they can be read after one.
    address: which one. data: its value, two cycles after the address.
    """

    def __init__(self, plan: Plan):
        self.names = [name for name, _ in counter_map(plan)]
        self.offers: dict[str, ValueLike] = {}
        super().__init__({"clear": In(1), "address": In(16), "data": Out(WIDTH)})

    def offer(self, name: str, amount: ValueLike) -> None:
        """What ``name`` grows by in this cycle. Called by the top, once per counter, before elaboration."""
        self.offers[name] = amount

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.Switch(self.address):
            for address, name in enumerate(self.names):
                amount = self.offers[name]
                step = Signal(max(1, len(amount)), name=f"step{address}")
                value = Signal(WIDTH, name=f"counter{address}", reset_less=True)
                m.d.sync += [step.eq(amount), value.eq(Mux(self.clear, 0, value + step))]
                with m.Case(address):
                    m.d.sync += self.data.eq(value)
            with m.Default():
                m.d.sync += self.data.eq(0)
        return m


def offer_stream(m: Module, counters: Counters, name: str, valid: ValueLike, words: list[ValueLike]) -> None:
    """Spikes by plane and words that are not zero, of one beat; counted one cycle later, off the path of the neurons."""
    steps = len(words[0])
    fired = Signal(name=f"{name}_fired")
    held = [Signal(steps, name=f"{name}_fired{k}") for k in range(len(words))]
    m.d.sync += [fired.eq(valid), *(to.eq(word) for to, word in zip(held, words, strict=True))]
    words = held
    counters.offer(f"{name}.nonzero", Mux(fired, ones([word != 0 for word in words]), 0))
    for t in range(steps):
        counters.offer(f"{name}.spikes[{t}]", Mux(fired, ones([word[steps - 1 - t] for word in words]), 0))
