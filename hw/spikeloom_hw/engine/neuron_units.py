"""The neuron units: one result per element and window in, one word per element and window out.

A result is held as it came. ``units`` units per window choose from it, group by group, and make the
drive of what they chose; only a residual is added before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth import Cat, Const, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.lookup import table
from ..lib.loop_counter import Counter, counter
from ..lib.runtime_steps import chosen, selected, steps_port
from ..memory.loading import LOAD_PORTS, Chain
from ..memory.parameters import Parameters, Place
from ..neurons.unit import Unit, Work, elements
from .drive import Drive


@dataclass(frozen=True)
class Control:
    """A result is taken when ``take`` is high, and in work while ``busy`` is. ``work`` is high in
    each cycle of it, ``ends`` in that which ends it; ``emits``: a word leaves with its end.
    """

    take: Signal
    work: Signal
    step: Counter
    group: Counter
    fold: Counter
    taken_fold: Counter


class NeuronUnits(wiring.Component):
    """Neuron units of one engine.

    Timing (docs/explanation/engine.md): a result is taken when the one before is done, in the same
    cycle at best; the output is handed on as soon as the units have done all steps of all groups.

    Parameters
    ----------
    windows, elements, folds: results side by side, and one after the other.
    i_width, o_width: bits of a result, and of a word.
    drive: makes the drive of results; None where they are words, which leave as they are.
    masks: bits of a word to invert for each fold, where they leave as they are; none if empty.
    unit: the units, ``units`` of each window; None where the drive itself leaves.
    lives: time steps that a word has, see :mod:`spikeloom_hw.lib.runtime_steps`. steps: T of it.
    sign: bits of a word that leave inverted.
    per_step: a result is the drive of one time step, a word comes of several.
    loads: whether numbers can be loaded.
    runs: numbers of time steps that can be chosen.

    Ports
    -----
    i: results of the accumulators. skip: results of the residual's own accumulators (only with a
        residual).
    o: words, window by window, element by element.
    load_i, load_o: chain of the parameter memories (only where numbers can be loaded).
    steps: time steps that are run, less one (only where they can be chosen).
    """

    def __init__(
        self,
        *,
        windows: int,
        elements: int,
        folds: int,
        i_width: int,
        o_width: int,
        drive: Drive | None = None,
        masks: Sequence[int] = (),
        unit: Unit | None = None,
        units: int = 1,
        lives: Sequence[int] = (1,),
        steps: int = 1,
        sign: int = 0,
        per_step: bool = False,
        loads: bool = False,
        runs: int = 1,
    ):
        if min(windows, elements, folds, units, steps, i_width, o_width) < 1 or elements % units:
            raise ValueError(
                "neuron units: expected sizes of 1 or more and units that divide the elements, got"
                f" {windows} windows, {elements} elements, {folds} folds, {units} units"
            )
        if unit is not None and drive is None:
            raise ValueError("neuron units: expected a drive for the units, got none")
        self.windows, self.elements, self.folds = windows, elements, folds
        self.i_width, self.o_width = i_width, o_width
        self.drive, self.masks, self.unit = drive, masks, unit
        self.units, self.lives, self.steps_count, self.sign = units, lives, steps, sign
        self.per_step, self.groups = per_step, elements // units
        self.chain: Chain | None = None
        count = windows * elements
        joined = None if drive is None else drive.joined
        super().__init__(
            {
                "i": In(stream.Signature(count * i_width)),
                "o": Out(stream.Signature(count * o_width)),
                **({} if joined is None else {"skip": In(stream.Signature(count * joined.width))}),
                **(LOAD_PORTS if loads else {}),
                **steps_port(runs),
            }
        )
        self.loads = loads

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.chain = Chain(m, self) if self.loads else None
        silent = [self.steps_count - live for live in self.lives]
        # Where something fires, how many planes of a word are left away.
        self.silent = None if self.unit is None else chosen(m, self, "silent", silent)
        if self.unit is not None:
            self.unit.begin(m, self)
        control = self.control(m)
        if self.drive is None:
            self.pass_words(m, control)
            return m
        parameters = Parameters(m, self.chain)
        held = self.drive.held(m, self, parameters, control.take, control.taken_fold.value)
        place = Place(self.folds, self.groups, self.units, control.fold.value, control.group.value)
        drives = self.drive.units(m, self, parameters, held, place)
        if self.unit is None:
            for n, drive in enumerate(drives):
                m.d.comb += self.o.payload.word_select(n, self.o_width).eq(drive)
        else:
            work = Work(place, parameters, control.work, control.step.value)
            self.unit.tables(m, work)
            for window in range(self.windows):
                some = drives[window * self.units : (window + 1) * self.units]
                self.fire(m, self.unit, work, window, some)
        if self.chain is not None:
            self.chain.close()
        return m

    def control(self, m: Module) -> Control:
        """Each cycle of work is one (group, step)."""
        lasts = [live - 1 for live in self.lives]
        last_step = None if self.unit is None else chosen(m, self, "last_step", lasts)
        ends = self.steps_count - 1 if last_step is None else last_step
        busy, finish, take, emits = Signal(), Signal(), Signal(), Signal()
        step = counter(m, "step", self.steps_count, last_step)
        group = counter(m, "group", self.groups)
        by_step = self.unit is not None and self.unit.by_step
        inner, outer = (group, step) if by_step else (step, group)
        work, last = Signal(), Signal()
        last_group = group.value == self.groups - 1
        if self.per_step:
            m.d.comb += [last.eq(last_group), emits.eq(step.value == ends)]
        else:
            m.d.comb += [last.eq(last_group & (step.value == ends)), emits.eq(1)]
        m.d.comb += [
            finish.eq(busy & last & (self.o.ready | ~emits)),
            work.eq(busy & (~last | finish)),
            inner.step.eq(work),
            outer.step.eq(inner.wrap),
            self.o.valid.eq(busy & last & emits),
        ]
        self.take(m, take, ~busy | finish)
        with m.If(take):
            m.d.sync += busy.eq(1)
        with m.Elif(finish):
            m.d.sync += busy.eq(0)
        # The fold in work, and the fold of the result that is taken next.
        fold = counter(m, "fold", self.folds)
        m.d.comb += fold.step.eq(finish & emits)
        taken_steps = self.steps_count if self.per_step else 1
        taken_step = counter(m, "taken_step", taken_steps, last_step)
        taken_fold = counter(m, "taken_fold", self.folds)
        m.d.comb += [taken_step.step.eq(take), taken_fold.step.eq(taken_step.wrap)]
        return Control(take, work, step, group, fold, taken_fold)

    def take(self, m: Module, take: Signal, free: Value) -> None:
        """A result is taken when the units are free, with one of the residual where there is
        one.
        """
        if self.drive is not None and self.drive.joined is not None:
            m.d.comb += [
                take.eq(self.i.valid & self.skip.valid & free),
                self.i.ready.eq(self.skip.valid & free),
                self.skip.ready.eq(self.i.valid & free),
            ]
        else:
            m.d.comb += [take.eq(self.i.valid & free), self.i.ready.eq(free)]

    def pass_words(self, m: Module, control: Control) -> None:
        """Words leave as they came, their inversion undone."""
        held = Signal.like(self.i.payload)
        with m.If(control.take):
            m.d.sync += held.eq(self.i.payload)
        if not any(self.masks):
            m.d.comb += self.o.payload.eq(held)
            return
        flip = Signal(self.elements * self.i_width)
        m.d.comb += flip.eq(table(self.masks, control.fold.value))
        m.d.comb += self.o.payload.eq(held ^ Cat(flip for _ in range(self.windows)))

    def fire(
        self, m: Module, unit: Unit, work: Work, window: int, drives: Sequence[Signal]
    ) -> None:
        """The units of one window, and the words that they make. A word is handed on in the cycle
        in which its last bit is found.
        """
        for n, u in enumerate(drives):
            bit = unit.spike(m, work, u, window, n)
            for g, e in enumerate(elements(work.place, n)):
                word = Signal(self.o_width, name=f"word{window}_{e}")
                # Only the last T spikes count: what a register held before is shifted out.
                longer = Cat(bit, word)[: self.o_width]
                with m.If(work.work & (work.place.group == g)):
                    m.d.sync += word.eq(longer)
                found = longer if g == self.groups - 1 else word
                out = self.sent(m, found, f"sent{window}_{e}")
                place = self.o.payload.word_select(window * self.elements + e, self.o_width)
                m.d.comb += place.eq(out ^ self.sign)

    def sent(self, m: Module, word: Value, name: str) -> Value:
        """A word with the planes that were left away as zeros; what its register held before does
        not leave at all.
        """
        if self.silent is None:
            return word
        ways = {self.steps_count - live for live in self.lives}
        return selected(
            m,
            name,
            self.silent,
            {silent: Cat(Const(0, silent), word[: self.o_width - silent]) for silent in ways},
        )
