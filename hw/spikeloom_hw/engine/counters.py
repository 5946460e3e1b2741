"""Counters in fabric: what every stage did in each active cycle, and how many spikes it fired."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from ..lib.mux import choose
from ..lib.popcount import ones_of_many

WIDTH = 64
"""Bits of a counter: none wraps in the life of a board."""

ADDRESS_WIDTH = 16


class Counters(wiring.Component):
    """Adds what is offered to each counter in every cycle; one is read at a time.

    Parameters
    ----------
    names: of the counters, by address. checksums: whether streams have a CRC.

    Ports
    -----
    clear: all counters to zero; a reset leaves them, so that they can be read after one.
    address: which one. data: its value, two cycles after the address; 0 where there is none.
    """

    def __init__(self, *, names: Sequence[str], checksums: bool):
        if not names or len(names) > 1 << ADDRESS_WIDTH or len({*names}) < len(names):
            raise ValueError(
                f"counters: expected 1 to {1 << ADDRESS_WIDTH} names, each once, got {len(names)}"
            )
        self.names, self.checksums = names, checksums
        self.offers: dict[str, ValueLike] = {}
        self.counted: dict[str, tuple[list[ValueLike], Value]] = {}
        self.shown: dict[str, ValueLike] = {}
        super().__init__({"clear": In(1), "address": In(ADDRESS_WIDTH), "data": Out(WIDTH)})

    def offer(self, name: str, amount: ValueLike) -> None:
        """What ``name`` grows by in this cycle. Called by the top, once per counter, before
        elaboration.
        """
        self.offers[name] = amount

    def count(self, name: str, bits: list[ValueLike], when: Value) -> None:
        """``name`` grows by the bits that are set in a cycle in which ``when`` is high. Called by
        the top before elaboration.
        """
        self.counted[name] = bits, when

    def show(self, name: str, value: ValueLike) -> None:
        """What is read as ``name``: a value kept elsewhere. Called by the top before
        elaboration.
        """
        self.shown[name] = value

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values: list[ValueLike] = []
        for address, name in enumerate(self.names):
            if name in self.shown:
                values.append(self.shown[name])
                continue
            amount = (
                ones_of_many(m, *self.counted[name], f"part{address}")
                if name in self.counted
                else Value.cast(self.offers[name])
            )
            step = Signal(max(1, len(amount)), name=f"step{address}")
            value = Signal(WIDTH, name=f"counter{address}", reset_less=True)
            m.d.sync += [step.eq(amount), value.eq(Mux(self.clear, 0, value + step))]
            values.append(value)
        bits = (len(values) - 1).bit_length()
        values += [Const(0, WIDTH)] * ((1 << bits) - len(values))
        m.d.sync += self.data.eq(
            Mux(self.address[bits:].any(), 0, choose(values, self.address[:bits]))
        )
        return m


def offer_stream(
    m: Module, counters: Counters, name: str, valid: ValueLike, words: list[ValueLike]
) -> None:
    """Spikes by plane, words that are not zero, and the CRC of one beat; one cycle later, off the
    path of the neurons.
    """
    steps = len(words[0])
    fired = Signal(name=f"{name}_fired")
    held = [Signal(steps, name=f"{name}_fired{k}") for k in range(len(words))]
    m.d.sync += [fired.eq(valid), *(to.eq(word) for to, word in zip(held, words, strict=True))]
    words = held
    if counters.checksums:
        payload = Cat(*words)
        m.submodules[f"{name}_crc"] = crc = CRC32_ISO_HDLC(
            data_width=(len(payload) + 7) // 8 * 8
        ).create()
        m.d.comb += [crc.start.eq(counters.clear), crc.valid.eq(fired), crc.data.eq(payload)]
        counters.show(f"{name}.crc", crc.crc)
    counters.count(f"{name}.nonzero", [word != 0 for word in words], fired)
    for t in range(steps):
        counters.count(f"{name}.spikes[{t}]", [word[steps - 1 - t] for word in words], fired)
