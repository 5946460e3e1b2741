"""The plan: the integer network cut into engine instances (stages), with every width, depth and
folding number settled.

Hardware, cycle model and simulation are built from it and from nothing else. On disk it is
``plan.json`` for the structure and ``weights.npz`` for the integers (see
:mod:`spikeloom.mapping.plan.plan_file`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil, log2

import numpy as np

from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.ir.fewer_steps import most_steps, with_steps
from spikeloom.ir.graph import Graph, Layer, Pool, Shape
from spikeloom.ir.neurons import LIF, Raw
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.folding import BODIES as BODIES
from spikeloom.mapping.plan.folding import MEMORIES as MEMORIES
from spikeloom.mapping.plan.folding import Folding as Folding
from spikeloom.mapping.plan.headroom import Room, theta_of
from spikeloom.mapping.plan.stream import Edge as Edge

MAX_WIDTH = 48
"""Widest accumulator or drive, in bits."""

OUTPUT_WIDTH = 32
"""Bits of one integer output beat."""


def signed_width(bound: int) -> int:
    """Bits of a two's complement number of magnitude at most ``bound``."""
    return int(bound).bit_length() + 1


@dataclass(frozen=True, eq=False)
class Stage:
    """One engine instance: what it computes, in which formats, folded how.

    A sum pooling is a depthwise layer of ones. A max pooling has no layer but ``flip``. Order of
    work: positions row-major (``windows`` at a time), folds, planes, kernel taps row-major, words.
    """

    layer: Layer | Pool
    i_shape: Shape
    o_shape: Shape
    i_code: Code
    o_code: Code | None
    skip_code: Code | None
    folding: Folding
    joins: bool = False
    """Its results go into the head of another stage, not out of the network."""
    room: Room | None = None
    """What its weights may become at run time; None where they are fixed."""
    dealing: tuple[int, ...] = ()
    """Order of the channels of a beat in the banks, the first bank's first; none: one after the
    other, like cards.
    """
    spread: float = 1.0
    """Cycles that a scan takes on calibration inputs, over those of spikes that fall independently
    of each other.
    """
    fewer: tuple[Stage, ...] = ()
    """The stage as it runs with 1, 2, ... time steps, one less than all of them at last; empty
    where all are always run.
    """

    def __post_init__(self) -> None:
        f, name = self.folding, self.name
        if f.body not in BODIES:
            raise SpikeLoomError(f"{name}: body must be one of {', '.join(BODIES)}, got {f.body}")
        i_channels, o_channels = self.i_shape[0] // self.groups, self.o_shape[0] // self.groups
        if f.body in ("depthwise", "max"):
            if (i_channels, o_channels) != (1, 1) or f.elements != f.group:
                raise SpikeLoomError(
                    f"{name}: a {f.body} body needs one input channel per output channel and"
                    f" elements = group, got {f}"
                )
            i_channels = o_channels = self.i_shape[0]
        for what, part, whole in (
            ("group", f.group, i_channels),
            ("banks", f.banks, f.group),
            ("elements", f.elements, o_channels),
            ("windows", f.windows, self.o_shape[2]),
            ("neurons", f.neurons, f.elements),
        ):
            if part < 1 or whole % part:
                raise SpikeLoomError(f"{name}: {what} must divide {whole}, got {part}")
        if f.ports not in (1, 2):
            raise SpikeLoomError(f"{name}: ports must be 1 or 2, got {f.ports}")
        if f.body != "event" and (f.banks, f.ports) != (1, 1):
            raise SpikeLoomError(
                f"{name}: a {f.body} body has one bank and one port, got {f.banks} and {f.ports}"
            )
        if (f.body == "max") != isinstance(self.layer, Pool):
            raise SpikeLoomError(f"{name}: body max is for max pooling alone, got {f.body}")
        if self.dealing and (f.body != "event" or sorted(self.dealing) != list(range(f.group))):
            raise SpikeLoomError(
                f"{name}: dealing must be an order of the {f.group} channels of a beat of an event"
                f" body, got {self.dealing}"
            )
        if f.weights not in MEMORIES:
            raise SpikeLoomError(
                f"{name}: weights must lie in one of {', '.join(MEMORIES)}, got {f.weights}"
            )
        if f.weights != "auto" and f.body == "max":
            raise SpikeLoomError(
                f"{name}: max pooling has no weights that could lie in {f.weights}"
            )
        if f.body == "parallel" and (self.i_code.base != 2 or self.per_step):
            raise SpikeLoomError(
                f"{name}: a parallel body needs base-2 words, got base {self.i_code.base}"
            )
        widest = max(self.acc_width, self.u_width)
        limit = OUTPUT_WIDTH if self.o_code is None and not self.joins else MAX_WIDTH
        if widest > limit:
            raise CapacityError(
                f"{name}: sums need {widest} bits, more than the {limit} there are; use fewer time"
                " steps or weight bits"
            )

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def groups(self) -> int:
        return self.layer.groups if isinstance(self.layer, Layer) else self.i_shape[0]

    @property
    def per_step(self) -> bool:
        """One result per input plane (IF/LIF fed by a spike train) instead of one per fold."""
        return (
            isinstance(self.layer, Layer)
            and isinstance(self.layer.neuron, LIF)
            and self.i_code.base == 1
        )

    @property
    def weight_width(self) -> int:
        """Bits of one weight in memory (two's complement); 0 for max pooling."""
        if isinstance(self.layer, Pool):
            return 0
        return self.room.weight_width if self.room is not None else self.layer.weight_width

    @property
    def folds(self) -> int:
        return self.o_shape[0] // self.folding.elements

    @property
    def positions(self) -> int:
        """Steps over the output map, ``windows`` positions each."""
        return self.o_shape[1] * self.o_shape[2] // self.folding.windows

    @property
    def most_planes(self) -> int:
        """Passes over the window per fold with all time steps."""
        return 1 if self.folding.body in ("parallel", "max") else self.i_code.steps

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
        return self.i_code.silent if self.most_planes > 1 and self.i_code.base > 1 else 0

    @property
    def words(self) -> int:
        """Words per kernel tap in one pass."""
        if self.folding.body in ("depthwise", "max"):
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
        if self.folding.body in ("depthwise", "max"):
            return fold
        return fold * self.folding.elements // (self.o_shape[0] // self.groups) * self.words

    @property
    def rows(self) -> int:
        """Input rows that the line buffer holds: two kernels', so that those of the next image come
        in behind the last rows of this one.
        """
        return 2 * self.layer.kernel[0]

    @property
    def neuron_cycles(self) -> int:
        """Cycles of the neuron units per result."""
        return self._neuron_cycles(self.o_code.live if self.o_code is not None else 1)

    def _neuron_cycles(self, steps: int) -> int:
        if (
            self.o_code is None
            or isinstance(self.layer, Pool)
            or isinstance(self.layer.neuron, Raw)
        ):
            return 1
        groups = self.folding.elements // self.folding.neurons
        return groups if self.per_step else groups * steps

    @cached_property
    def acc_bound(self) -> int:
        """Largest magnitude of any partial sum of v."""
        if isinstance(self.layer, Pool):
            return 0
        largest = 1 if self.per_step else max(self.i_code.max_value, -self.i_code.min_value)
        if self.room is not None:
            return (
                int(np.prod(self.layer.weight.shape[1:]))
                * (1 << (self.room.weight_width - 1))
                * largest
            )
        return self.layer.weight_sum * largest

    @property
    def acc_width(self) -> int:
        """Bits of an accumulator (two's complement); for max pooling, bits of a word."""
        return self.i_code.steps if isinstance(self.layer, Pool) else signed_width(self.acc_bound)

    @cached_property
    def u_bound(self) -> int:
        """Largest magnitude of the drive u."""
        if isinstance(self.layer, Pool):
            return 0
        bound = (self.acc_bound << self.layer.shift) + self.beta_bound
        if self.skip_code is not None:
            largest = max(self.skip_code.max_value, -self.skip_code.min_value)
            kappa = (
                self.room.kappa_bound
                if self.room is not None
                else int(np.abs(self.layer.kappa).max())
            )
            bound += kappa * (1 if self.per_step else largest)
        return bound

    @property
    def beta_bound(self) -> int:
        """Largest magnitude of a bias, with any number of time steps."""
        assert isinstance(self.layer, Layer)
        own = self.room.beta_bound if self.room is not None else int(np.abs(self.layer.beta).max())
        return max((own, *(stage.beta_bound for stage in self.fewer)))

    @property
    def theta_bound(self) -> int:
        """Largest threshold of a SpikePack, IF or LIF neuron."""
        assert isinstance(self.layer, Layer)
        return self.room.theta_bound if self.room is not None else theta_of(self.layer.neuron)

    @property
    def u_width(self) -> int:
        """Bits of the drive u, or of the membrane of IF and LIF (two's complement)."""
        if isinstance(self.layer, Pool):
            return self.i_code.steps
        if isinstance(self.layer.neuron, LIF):
            return signed_width(self.u_bound * self.layer.neuron.code.steps + self.theta_bound)
        return signed_width(self.u_bound)

    @property
    def lanes(self) -> int:
        """Terms of one sum in a cycle."""
        f = self.folding
        return {"event": f.banks * f.ports, "dense": f.group, "parallel": f.group}.get(f.body, 1)

    @cached_property
    def dealt(self) -> tuple[int, ...]:
        """Channels of a beat in the order of the queues that they go to, the same in every beat;
        other bodies than event have one queue.

        Neighbours often fire together, so that they had better be in different banks.
        """
        f = self.folding
        if f.body != "event":
            return tuple(range(f.group))
        return self.dealing or tuple(
            channel for bank in range(f.banks) for channel in range(bank, f.group, f.banks)
        )

    @property
    def binary(self) -> bool:
        """Whether all weights are +1 or -1, and stay so: one bit each in memory."""
        return (
            self.room is None
            and isinstance(self.layer, Layer)
            and self.folding.body in ("event", "dense")
            and self.layer.binary
        )

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
        free = self.folding.body == "event" and self.room is None and not self.binary
        return rows if free and rows & (rows - 1) and rows % 512 else None

    @property
    def first_terms(self) -> int:
        """Terms that the first level of the adder tree sums: as many as have six bits in all, their
        gates included, but two at least.
        """
        gated = self.folding.body != "event" or self.zero_row is None
        return (
            max(2, 6 // (self.stored_width + gated))
            if self.folding.body in ("event", "dense")
            else 2
        )

    @property
    def tree_cycles(self) -> int:
        """Register levels of the adder tree, at least one: one per level of adders; in a parallel
        body, one per two.
        """
        if self.folding.body == "parallel":
            return max(1, ceil(log2(self.lanes) / 2))
        return 1 + ceil(log2(ceil(self.lanes / self.first_terms)))

    @property
    def body_cycles(self) -> int:
        """Latency of the body: from the cycle that issues the last word of a pass to the write of
        the result queue.
        """
        return self.tree_cycles + (1 if self.folding.body == "max" else 2)

    @property
    def result_depth(self) -> int:
        """Results that may wait for the neuron, enough to hide the body's latency: one, where
        another cannot come earlier than that.

        Without neuron units always several, which take little there: the next layer is then seldom
        waited for. It is that of all time steps, whatever is run.
        """
        neuron_cycles = self._neuron_cycles(self.o_code.steps if self.o_code is not None else 1)
        apart = self.pass_words * (1 if self.per_step else self.most_planes)
        units = isinstance(self.layer, Layer) and not isinstance(self.layer.neuron, Raw)
        if units and max(apart, neuron_cycles) >= self.body_cycles + 2:
            return 1
        return max(2, ceil((self.body_cycles + 2) / neuron_cycles))

    @property
    def skip_stage(self) -> Stage | None:
        """The residual join's own accumulator: a depthwise 1x1 layer of kappa whose results meet
        those of this stage.
        """
        from spikeloom.mapping.plan.stages import skip_stage

        return skip_stage(self)


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that the hardware is built from.

    Attributes
    ----------
    graph: the integer network.
    foldings: one per node but the input.
    board, clock_mhz: what it was planned for; the clock is an assumption until a place-and-route
        says so.
    density: share of set bits that the schedule assumed per node, and where it is from.
    rooms: what the weights of each layer may become at run time; empty where they are fixed in the
        hardware.
    fewer_steps: whether the hardware can run with fewer time steps.
    dealing, spread: see :class:`Stage`, per node; see
        :mod:`spikeloom.mapping.search.bank_assignment`. Empty without calibration inputs.
    """

    graph: Graph
    foldings: dict[str, Folding]
    board: str
    clock_mhz: float
    density: dict[str, float]
    density_source: str
    rooms: dict[str, Room] = field(default_factory=dict)
    fewer_steps: bool = False
    dealing: dict[str, tuple[int, ...]] = field(default_factory=dict)
    spread: dict[str, float] = field(default_factory=dict)

    def with_steps(self, steps: int | None) -> Plan:
        """The plan as the hardware runs it with so many time steps, for the golden model and the
        cycle model; itself with all of them.

        Raises as :func:`spikeloom.ir.fewer_steps.with_steps`.
        """
        graph = with_steps(self.graph, steps)
        return self if graph is self.graph else replace(self, graph=graph, fewer_steps=False)

    @cached_property
    def fewer(self) -> tuple[Plan, ...]:
        """The plan with 1, 2, ... time steps, one less than all of them at last; empty where the
        hardware always runs all.
        """
        return (
            tuple(self.with_steps(steps) for steps in range(1, most_steps(self.graph)))
            if self.fewer_steps
            else ()
        )

    @property
    def checksums(self) -> bool:
        """Whether each layer keeps a CRC of its words: where weights can be loaded, since it costs
        about a tenth of the LUTs.
        """
        return bool(self.rooms)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """One per node but the input, in the order of the graph."""
        from spikeloom.mapping.plan.stages import stages

        return stages(self)

    def __getitem__(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    @property
    def input_group(self) -> int:
        """Channels in one input beat of the top: what the first consumer takes."""
        return next(s.folding.group for s in self.stages if s.layer.source == self.graph.input.name)

    def o_group(self, name: str) -> int:
        """Channels in one beat that leaves a node."""
        return self.input_group if name == self.graph.input.name else self[name].folding.elements

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All streams between nodes, in the order of their targets."""
        from spikeloom.mapping.plan.stages import edges

        return edges(self)

    def consumers(self, name: str) -> Iterator[Edge]:
        """The streams that leave a node, in order."""
        return (edge for edge in self.edges if edge.source == name)
