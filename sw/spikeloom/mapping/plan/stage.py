"""A stage: one step of the program on its engine, with every width and depth settled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np

from spikeloom.ir.neurons import LIF, Neuron, Parameter, Raw
from spikeloom.ir.nodes import Layer, MaxPool
from spikeloom.ir.number import Code, Shape, cut, signed_width
from spikeloom.mapping.plan.bodies import BODIES, Body
from spikeloom.mapping.plan.folding import Folding
from spikeloom.mapping.plan.headroom import Room
from spikeloom.mapping.plan.legal import check
from spikeloom.mapping.plan.stream import Port


@dataclass(frozen=True, eq=False)
class Stage:
    """What one engine computes for one node, in which formats, folded how.

    Order of work: positions row-major (``windows`` at a time), folds, planes, kernel taps
    row-major, words.

    Attributes
    ----------
    layer: what is computed: sums and a neuron, or the greatest words of windows.
    joins: its results go into the neurons of another stage, not out of the network.
    room: what its weights may become at run time; None where they are fixed.
    dealing: order of the channels of a beat in the banks, the first bank's first; none: one after
        the other, like cards.
    spread: cycles that a scan takes on calibration inputs, over those of spikes that fall
        independently of each other.
    fewer: the stage as it runs with 1, 2, ... time steps, one less than all of them at last; empty
        where all are always run.
    """

    layer: Layer | MaxPool
    i_shape: Shape
    o_shape: Shape
    i_code: Code
    o_code: Code | None
    skip_code: Code | None
    folding: Folding
    joins: bool = False
    room: Room | None = None
    dealing: tuple[int, ...] = ()
    spread: float = 1.0
    fewer: tuple[Stage, ...] = ()

    def __post_init__(self) -> None:
        check(self)

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def body(self) -> Body:
        return BODIES[self.folding.body]

    @property
    def neuron(self) -> Neuron | None:
        """What fires; None behind max pooling, whose words leave as they are."""
        return self.layer.neuron

    @property
    def synapses(self) -> Layer:
        """The layer of a body that adds. Raises TypeError for max pooling, which has none."""
        return self.layer.synapses

    @property
    def groups(self) -> int:
        return self.layer.groups_of(self.i_shape[0])

    @property
    def ports(self) -> tuple[Port, ...]:
        """The streams that it takes."""
        f, layer = self.folding, self.layer
        window = (layer.kernel, layer.stride, layer.padding)
        first, *joined = layer.inputs
        return (
            Port("i", first, f.group, *window),
            *(Port("skip", source, f.elements, waits=True) for source in joined),
        )

    @property
    def runs(self) -> tuple[Stage, ...]:
        """The stage with 1, 2, ... time steps where they can be chosen; itself at last."""
        return (*self.fewer, self)

    @property
    def neurons(self) -> list[Neuron]:
        """Its neuron with 1, 2, ... time steps where they can be chosen; with all at last."""
        return [run.neuron for run in self.runs if run.neuron is not None]

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The numbers of its neuron by name; empty without one."""
        if self.neuron is None:
            return {}
        return self.neuron.parameters(self.neurons, self.theta_bound)

    @property
    def per_step(self) -> bool:
        """One result per input plane (IF/LIF fed by a spike train) instead of one per fold."""
        return self.neuron is not None and self.neuron.per_step(self.i_code)

    @property
    def weight_width(self) -> int:
        """Bits of one weight in memory (two's complement); 0 for max pooling."""
        return self.room.weight_width if self.room is not None else self.layer.weight_width

    @property
    def folds(self) -> int:
        return self.o_shape[0] // self.folding.elements

    @property
    def positions(self) -> int:
        """Steps over the output map, ``windows`` positions each."""
        return self.o_shape[1] * self.o_shape[2] // self.folding.windows

    @property
    def results(self) -> int:
        """Results per image of all elements and windows together."""
        return self.positions * self.folds * (self.planes if self.per_step else 1)

    @property
    def most_planes(self) -> int:
        """Passes over the window per fold with all time steps."""
        return self.body.passes(self.i_code.steps)

    @property
    def planes(self) -> int:
        """Passes over the window per fold: one per plane that may hold spikes, or a single one
        where all planes of a word go at once.
        """
        return min(self.most_planes, self.live)

    @property
    def live(self) -> int:
        """Planes of an input word that are looked at; those behind them are known to be 0, or
        belong to time steps that are not run.
        """
        return self.o_code.live if self.per_step and self.o_code is not None else self.i_code.live

    @property
    def missing(self) -> int:
        """Places that a sum must be moved up by, for planes that were left away."""
        moved = self.most_planes > 1 and not self.i_code.spike_train
        return self.i_code.silent if moved else 0

    @property
    def words(self) -> int:
        """Words per kernel tap in one pass."""
        if self.body.by_channel:
            return 1
        return self.i_shape[0] // self.groups // self.folding.group

    @property
    def pass_words(self) -> int:
        """Words in one pass: kernel taps times words per tap."""
        return self.layer.kernel[0] * self.layer.kernel[1] * self.words

    @property
    def beats(self) -> int:
        """Beats per input position."""
        return self.i_shape[0] // self.folding.group

    def fold_word(self, fold: int) -> int:
        """First word (beat within a position) that a fold reads."""
        if self.body.by_channel:
            return fold
        return fold * self.folding.elements // (self.o_shape[0] // self.groups) * self.words

    @property
    def rows(self) -> int:
        """Input rows that the line buffer holds: two kernels', so that those of the next image come
        in behind the last rows of this one.
        """
        return 2 * self.layer.kernel[0]

    @property
    def unit_count(self) -> int:
        """Neuron units per window; without a neuron all elements leave at once."""
        fires = self.neuron is not None and self.neuron.fires
        return self.folding.neurons if fires else self.folding.elements

    @property
    def neuron_cycles(self) -> int:
        """Cycles of the neuron units per result."""
        return self._neuron_cycles(self.o_code.live if self.o_code is not None else 1)

    def _neuron_cycles(self, steps: int) -> int:
        if self.neuron is None:
            return 1
        groups = self.folding.elements // self.folding.neurons
        return self.neuron.unit_cycles(groups, steps, self.per_step)

    @cached_property
    def acc_bound(self) -> int:
        """Largest magnitude of any partial sum of v."""
        if not self.body.adds:
            return 0
        largest = self.i_code.one_plane(self.per_step)
        if self.room is not None:
            inputs = int(np.prod(self.synapses.weight.shape[1:]))
            return inputs * (1 << (self.room.weight_width - 1)) * largest
        return self.synapses.weight_sum * largest

    @property
    def acc_width(self) -> int:
        """Bits of an accumulator (two's complement); for max pooling, bits of a word."""
        return signed_width(self.acc_bound) if self.body.adds else self.i_code.steps

    @cached_property
    def u_bound(self) -> int:
        """Largest magnitude of the drive u."""
        if not self.body.adds:
            return 0
        bound = (self.acc_bound << self.synapses.shift) + self.beta_bound
        if self.skip_code is not None:
            kappa = (
                self.room.kappa_bound
                if self.room is not None
                else int(np.abs(self.synapses.kappa).max())
            )
            bound += kappa * self.skip_code.one_plane(self.per_step)
        return bound

    @property
    def beta_bound(self) -> int:
        """Largest magnitude of a bias, with any number of time steps."""
        own = (
            self.room.beta_bound if self.room is not None else int(np.abs(self.synapses.beta).max())
        )
        return max((own, *(stage.beta_bound for stage in self.fewer)))

    @property
    def theta_bound(self) -> int:
        """Largest threshold that drives are compared with; 0 where the drive bounds them."""
        if self.room is not None:
            return self.room.theta_bound
        return 0 if self.neuron is None else self.neuron.theta_bound

    @property
    def u_width(self) -> int:
        """Bits of the drive u, or of what a unit holds of it (two's complement)."""
        if self.neuron is None:
            return self.i_code.steps
        return signed_width(self.neuron.state_bound(self.u_bound, self.theta_bound))

    @property
    def output_width(self) -> int:
        """Bits of one word that leaves: T planes, or the integer output."""
        return self.u_width if self.o_code is None else self.o_code.steps

    @property
    def queues(self) -> tuple[int, int]:
        """How many queues of words there are, and the bits of a word in each."""
        return self.body.queues(self.folding, self.i_code.steps)

    @property
    def row_weights(self) -> int:
        """Weights in one row of a memory."""
        return self.folding.elements * self.body.row_channels(self.folding)

    @property
    def lanes(self) -> int:
        """Terms of one sum in a cycle."""
        return self.body.lanes(self.folding)

    @cached_property
    def dealt(self) -> tuple[int, ...]:
        """Channels of a beat in the order of the queues that they go to, the same in every beat;
        other bodies than event have one queue.

        Neighbours often fire together, so that they had better be in different banks.
        """
        f = self.folding
        if not self.body.skips:
            return tuple(range(f.group))
        return self.dealing or tuple(
            channel for bank in range(f.banks) for channel in range(bank, f.group, f.banks)
        )

    @property
    def binary(self) -> bool:
        """Whether all weights are +1 or -1, and stay so: one bit each in memory."""
        return self.room is None and self.body.bits and self.synapses.binary

    @property
    def stored_width(self) -> int:
        """Bits of one weight in memory."""
        return 1 if self.binary else self.weight_width

    @property
    def bank_rows(self) -> int:
        """Rows of weights in one bank of an event body."""
        return self.folds * self.pass_words * (self.folding.group // self.folding.banks)

    @property
    def zero_row(self) -> int | None:
        """Row behind the weights of a bank that is all zeros: what is read where nothing fired.

        None where a row more would not fit into the memory, where it can be loaded, or where one
        bit cannot say zero: there the weights are gated.
        """
        rows = self.bank_rows
        free = self.body.skips and self.room is None and not self.binary
        return rows if free and rows & (rows - 1) and rows % 512 else None

    @property
    def first_terms(self) -> int:
        """Terms that the first level of the adder tree sums."""
        return self.body.first_terms(self)

    @property
    def tree_cycles(self) -> int:
        """Register levels of the adder tree, at least one."""
        return self.body.tree_cycles(self)

    @property
    def body_cycles(self) -> int:
        """Latency of the body: from the cycle that issues the last word of a pass to the write of
        the result queue.
        """
        return self.body.body_cycles(self)

    @property
    def result_depth(self) -> int:
        """Results that may wait for the neuron, enough to hide the body's latency: one, where
        another cannot come earlier than that.

        Without neuron units always several, which take little there: the next layer is then seldom
        waited for. It is that of all time steps, whatever is run.
        """
        neuron_cycles = self._neuron_cycles(self.o_code.steps if self.o_code is not None else 1)
        apart = self.pass_words * (1 if self.per_step else self.most_planes)
        units = self.neuron is not None and self.neuron.fires
        if units and max(apart, neuron_cycles) >= self.body_cycles + 2:
            return 1
        return max(2, ceil((self.body_cycles + 2) / neuron_cycles))

    @property
    def skip_stage(self) -> Stage | None:
        """The residual join's own accumulator: a depthwise 1x1 layer of kappa whose results meet
        those of this stage.
        """
        if self.skip_code is None:
            return None
        channels, f, joined = self.o_shape[0], self.folding, self.ports[1]
        zero = np.zeros(channels, dtype=np.int64)
        neuron: Neuron = Raw(None)
        if self.per_step and self.o_code is not None:
            train = cut(Code(self.skip_code.steps, 1), self.o_code.silent)
            neuron = LIF(train, zero + 1, 0, False)
        kappa = self.synapses.kappa.reshape(-1, 1, 1, 1)
        return Stage(
            layer=Layer(
                f"{self.name}.skip", joined.source, kappa, neuron, zero, zero, zero, groups=channels
            ),
            i_shape=self.o_shape,
            o_shape=self.o_shape,
            i_code=self.skip_code,
            o_code=neuron.code,
            skip_code=None,
            folding=Folding(
                "depthwise",
                f.elements,
                elements=f.elements,
                windows=f.windows,
                neurons=f.elements,
            ),
            joins=True,
            room=(
                None if self.room is None else Room(signed_width(self.room.kappa_bound), 0, 1, 0)
            ),
            fewer=tuple(skip for run in self.fewer if (skip := run.skip_stage) is not None),
        )
