"""The plan: the integer network on its engines, with every width, depth and folding number settled.

Hardware, cycle model and simulation are built from it and from nothing else. On disk it is
``plan.json`` for the structure and ``weights.npz`` for the integers (see
:mod:`spikeloom.mapping.plan.plan_file`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from spikeloom.ir.fewer_steps import most_steps, with_steps
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Shape
from spikeloom.mapping.plan.engines import Program, checked, one_to_one
from spikeloom.mapping.plan.fifo_depth import fifo_depth
from spikeloom.mapping.plan.folding import Folding as Folding
from spikeloom.mapping.plan.headroom import Room
from spikeloom.mapping.plan.stage import Stage as Stage
from spikeloom.mapping.plan.stages import Settings, stage
from spikeloom.mapping.plan.stream import Edge as Edge


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that the hardware is built from.

    Attributes
    ----------
    graph: the integer network.
    engines: what there is of hardware, by name.
    board, clock_mhz: what it was planned for; the clock is an assumption until a place-and-route
        says so.
    density: share of set bits that the schedule assumed per node, and where it is from.
    rooms: what the weights of each layer may become at run time; empty where they are fixed in the
        hardware.
    fewer_steps: whether the hardware can run with fewer time steps.
    dealing, spread: see :class:`Stage`, per node; see
        :mod:`spikeloom.mapping.search.bank_assignment`. Empty without calibration inputs.
    program: which engine works on which node; each on one of its own name if empty.
    """

    graph: Graph
    engines: Mapping[str, Folding]
    board: str
    clock_mhz: float
    density: dict[str, float]
    density_source: str
    rooms: dict[str, Room] = field(default_factory=dict)
    fewer_steps: bool = False
    dealing: dict[str, tuple[int, ...]] = field(default_factory=dict)
    spread: dict[str, float] = field(default_factory=dict)
    program: Program = ()

    def __post_init__(self) -> None:
        if not self.program:
            object.__setattr__(self, "program", one_to_one(self.nodes))

    @property
    def nodes(self) -> list[str]:
        """Names of all nodes but the input, in the order of the graph."""
        return [node.name for node in self.graph.nodes[1:]]

    @cached_property
    def foldings(self) -> dict[str, Folding]:
        """The folding of the engine of every node but the input."""
        steps = checked(self.program, self.nodes, self.engines)
        return {step.node: self.engines[step.engine] for step in steps}

    def folded(self, foldings: Mapping[str, Folding]) -> Plan:
        """The plan with an engine of its own for each node, folded so."""
        return replace(self, engines=foldings, program=())

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
        if not self.fewer_steps:
            return ()
        return tuple(self.with_steps(steps) for steps in range(1, most_steps(self.graph)))

    @property
    def checksums(self) -> bool:
        """Whether each layer keeps a CRC of its words: where weights can be loaded, since it costs
        about a tenth of the LUTs.
        """
        return bool(self.rooms)

    @property
    def shapes(self) -> dict[str, Shape]:
        """Output map of every node."""
        return self.graph.shapes

    @cached_property
    def by_name(self) -> dict[str, Stage]:
        """The stage of every node but the input, in the order of the graph."""
        settings = Settings(self.rooms, self.dealing, self.spread)
        return {
            node.name: stage(
                self.graph,
                node,
                self.foldings[node.name],
                settings,
                tuple(plan[node.name] for plan in self.fewer),
            )
            for node in self.graph.nodes[1:]
        }

    @property
    def stages(self) -> tuple[Stage, ...]:
        """One per node but the input, in the order of the graph."""
        return tuple(self.by_name.values())

    def __getitem__(self, name: str) -> Stage:
        return self.by_name[name]

    @property
    def input_group(self) -> int:
        """Channels in one input beat of the top: what the first consumer takes."""
        name = self.graph.input.name
        return next(s.folding.group for s in self.stages if s.layer.source == name)

    def o_group(self, name: str) -> int:
        """Channels in one beat that leaves a node."""
        first = name == self.graph.input.name
        return self.input_group if first else self[name].folding.elements

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All streams between nodes, in the order of their targets."""
        return tuple(
            Edge(
                port.source,
                found.name,
                port.name,
                self.o_group(port.source),
                port.group,
                fifo_depth(self, found, port),
            )
            for found in self.stages
            for port in found.ports
        )

    def consumers(self, name: str) -> Iterator[Edge]:
        """The streams that leave a node, in order."""
        return (edge for edge in self.edges if edge.source == name)
