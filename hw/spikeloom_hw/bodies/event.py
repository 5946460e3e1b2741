"""The event body: only spikes that fired go to the weights."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring

from ..lib.popcount import ones
from ..memory.port import WeightPort
from .lanes import Adders, Lanes, Passes, Scanned, Terms
from .queues import Queues
from .scan import Scan, step


class EventLanes(Lanes):
    """A scan per (window, bank), which takes ``ports`` spikes a cycle.

    Parameters
    ----------
    banks, ports: parts of a beat, and spikes that each takes in a cycle.
    folds: passes that have rows of their own. zero_row: a row of zeros, which is read where nothing
        fired; None: weights are gated there.
    weights, terms, adders: where the weights come from, and what becomes of them.
    """

    def __init__(
        self,
        *,
        queues: Queues,
        windows: int,
        elements: int,
        pass_words: int,
        banks: int,
        ports: int,
        folds: int,
        zero_row: int | None,
        weights: WeightPort,
        terms: Terms,
        adders: Adders,
    ):
        super().__init__(queues=queues, windows=windows, elements=elements, pass_words=pass_words)
        if ports not in (1, 2) or queues.count != windows * banks:
            raise ValueError(
                f"event body: expected 1 or 2 ports and a queue per window and bank, got {ports}"
                f" ports, {queues.count} queues, {windows} windows, {banks} banks"
            )
        self.banks, self.ports, self.folds, self.zero_row = banks, ports, folds, zero_row
        self.weights, self.terms, self.adders = weights, terms, adders
        self.issued = windows * banks * ports

    def build(self, m: Module, passes: Passes) -> Scanned:
        flags = self.queues.width
        base, following = passes.base(m, self.pass_words * step(flags))
        # Of the pass after this one, from registers alone: the advance that starts it is late in
        # the cycle.
        next_base = Signal.like(base)
        m.d.comb += next_base.eq(Mux(passes.at_last_plane, following, base))
        scans, issued, values = [], [], []
        for bank in range(self.banks):
            self.weights.open(bank, 0)
        for window in range(self.windows):
            rows = []
            for bank in range(self.banks):
                q = window * self.banks + bank
                scan = Scan(
                    width=flags,
                    ports=self.ports,
                    pass_words=self.pass_words,
                    passes=self.folds,
                    idle=self.zero_row,
                )
                m.submodules[f"scan{q}"] = scan
                wiring.connect(m, wiring.flipped(passes.queues[q]), scan.i)
                m.d.comb += [scan.advance.eq(passes.advance), scan.next_base.eq(next_base)]
                scans.append(scan)
                self.weights.open(bank, window)
                for port in range(self.ports):
                    fired, terms = self.lane(m, scan, bank, window, port)
                    rows.append(terms)
                    issued.append(fired)
            values.append(
                [
                    self.adders.sum(m, [row[e] for row in rows], f"sum{window}_{e}")
                    for e in range(self.elements)
                ]
            )
        m.d.comb += passes.issued.eq(ones(issued))
        working, done, waiting = Signal(), Signal(), Signal()
        m.d.comb += [
            working.eq(Cat(*(scan.working for scan in scans)).any()),
            done.eq(Cat(*(scan.done for scan in scans)).all()),
            waiting.eq(Cat(*(scan.waiting for scan in scans)).all()),
        ]
        return Scanned(working, done, waiting, values)

    def lane(self, m: Module, scan: Scan, bank: int, window: int, port: int):
        """Whether a port of a bank has a spike, in a register, and the terms that it adds."""
        lane = f"{window * self.banks + bank}_{port}"
        spike, gate = scan.spikes[port], Signal(name=f"gate{lane}")
        address = Signal.like(spike.row, name=f"row{lane}", init=self.zero_row or 0)
        fired = Signal(name=f"fired{lane}")
        m.d.sync += [address.eq(spike.row), fired.eq(spike.valid), gate.eq(fired)]
        gated = self.zero_row is None
        enable = fired if gated else Const(1)
        row = self.weights.read(bank, window, port, address, enable, f"weights{lane}")
        return fired, self.terms.of(row, gate if gated else None)
