"""The longest paths from register to register through a netlist, by what cells take alone: wires
are not known before routing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from spikeloom.backend.yosys.arcs import Library, Model, Pin
from spikeloom.backend.yosys.cells import FREE
from spikeloom.backend.yosys.components import Component
from spikeloom.backend.yosys.netlist import WIRE, Cell, Design, Net
from spikeloom.errors import SpikeLoomError

Place = tuple[str, ...]

PORT: Place = ()
"""Where the ports of the design are."""


@dataclass(frozen=True)
class End:
    """Where a path begins or ends.

    Attributes
    ----------
    what: "register", "memory", "block memory", "shift register", "multiplier", "input" or "output".
        name: "" where nobody gave it one.
    place: names of the instances around it.
    """

    what: str
    name: str
    place: tuple[str, ...]


@dataclass(frozen=True)
class Path:
    """A longest path.

    Attributes
    ----------
    picoseconds: from the clock at its beginning to the clock at its end, setup included. start,
        end: where these are.
    cells: how many of which type it goes through.
    """

    picoseconds: int
    start: End
    end: End
    cells: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Paths:
    """Attributes
    ----------
    worst: the longest path by the component where it ends. without_arcs: types of cells whose
        delays are not known: no path goes through,
    begins or ends there. without_setup: pins (TYPE.PORT) of clocked cells that a path ends at,
        whose setup time is not known and counts
    as 0.
    """

    worst: dict[Component, Path]
    without_arcs: tuple[str, ...]
    without_setup: tuple[str, ...]


@dataclass
class Step:
    """An arc of the design: into net ``target`` from net ``source``, or from a clock where that is
    None.
    """

    source: Net
    target: int
    time: int
    cell: Cell


WIRES = Model(through={(("I", 0), ("O", 0)): 0})


def analyse(design: Design, library: Library, find: Callable[[Place], Component]) -> Paths:
    """The longest paths, one for every component where some end. ``find`` says of which component a
    place is.

    Raises SpikeLoomError where logic feeds itself without a register.
    """
    return Analysis(design, library).run(find)


class Analysis:
    """One pass through the netlist in topological order."""

    def __init__(self, design: Design, library: Library):
        self.design = design
        self.leaving: dict[int, list[Step]] = defaultdict(list)
        self.arriving: dict[int, int] = defaultdict(int)
        self.best: dict[int, tuple[int, Step | None]] = dict.fromkeys(
            (net for net in design.inputs if net is not None), (0, None)
        )
        self.ends: list[tuple[int, int, Cell | None, str]] = [
            (net, 0, None, "") for net in design.outputs if net is not None
        ]
        self.without_arcs: set[str] = set()
        self.without_setup: set[str] = set()
        for cell in design.cells:
            model = WIRES if cell.kind == WIRE else library.get(cell.kind)
            if model is not None:
                self.add(cell, model)
            elif not FREE.fullmatch(cell.kind) or cell.kind.startswith(("CARRY", "MUX")):
                self.without_arcs.add(cell.kind)

    def add(self, cell: Cell, model: Model) -> None:
        """Arcs of one cell."""
        for (source, sink), time in model.through.items():
            start, end = net_at(cell, source), net_at(cell, sink)
            if start is not None and end is not None:
                self.leaving[start].append(Step(start, end, time, cell))
                self.arriving[end] += 1
        for pin, time in model.launch.items():
            target = net_at(cell, pin)
            if target is not None and (target not in self.best or self.best[target][0] < time):
                self.best[target] = (time, Step(None, target, time, cell))
        if model.clocks:
            self.add_ends(cell, model)

    def add_ends(self, cell: Cell, model: Model) -> None:
        """Where paths into a clocked cell end."""
        passing = {source for source, _ in model.through}
        sinks = {sink[0] for _, sink in model.through} | {pin[0] for pin in model.launch}
        for port, nets in cell.pins.items():
            if port in model.clocks or port in sinks:
                continue
            for bit, net in enumerate(nets):
                time = model.capture.get((port, bit))
                if net is None or (time is None and (port, bit) in passing):
                    continue
                self.ends.append((net, time or 0, cell, port))
                if time is None:
                    self.without_setup.add(f"{cell.kind}.{port}")

    def run(self, find: Callable[[Place], Component]) -> Paths:
        self.propagate()
        worst: dict[Component, tuple[int, int, Cell | None]] = {}
        for net, setup, cell, _ in self.ends:
            if net in self.best:
                owner = find(cell.place if cell is not None else PORT)
                time = self.best[net][0] + setup
                if owner not in worst or time > worst[owner][0]:
                    worst[owner] = (time, net, cell)
        found = {owner: self.path(*worst[owner]) for owner in sorted(worst)}
        return Paths(found, tuple(sorted(self.without_arcs)), tuple(sorted(self.without_setup)))

    def propagate(self) -> None:
        """When every net has its value at the latest, and by which arc."""
        waiting = dict(self.arriving)
        sources = set(self.leaving) | set(self.best)
        ready = sorted(net for net in sources if not waiting.get(net))
        while ready:
            net = ready.pop()
            begun = self.best.get(net)
            for step in self.leaving.get(net, ()):
                if begun is not None:
                    time = begun[0] + step.time
                    if step.target not in self.best or self.best[step.target][0] < time:
                        self.best[step.target] = (time, step)
                waiting[step.target] -= 1
                if not waiting[step.target]:
                    ready.append(step.target)
        stuck = sorted(net for net, count in waiting.items() if count)
        if stuck:
            cell = next(
                step.cell
                for steps in self.leaving.values()
                for step in steps
                if step.target == stuck[0]
            )
            raise SpikeLoomError(
                f"{'.'.join((*cell.place, cell.name))}: logic feeds itself without a register"
                " between; emit the network again"
            )

    def path(self, time: int, net: int, cell: Cell | None) -> Path:
        """Back from the end to the beginning."""
        end = (
            self.named(cell, None)
            if cell is not None
            else End("output", self.design.outputs[net], PORT)
        )
        passed: dict[str, int] = defaultdict(int)
        while (step := self.best[net][1]) is not None and step.source is not None:
            if step.cell.kind != WIRE:
                passed[step.cell.kind] += 1
            net = step.source
        start = (
            self.named(step.cell, net)
            if step is not None
            else End("input", self.design.inputs[net], PORT)
        )
        return Path(time, start, end, tuple(sorted(passed.items())))

    def named(self, cell: Cell, net: Net) -> End:
        """A clocked cell in words: a register by the name of what it holds, a memory by its own."""
        for prefix, what in CLOCKED:
            if cell.kind.startswith(prefix):
                return End(what, cell.name.split("$")[0].strip(".").split(".")[0], cell.place)
        held = cell.pins.get("Q", (net,))[0]
        return End("register", self.design.names.get((cell.place, held), ""), cell.place)


CLOCKED = (
    ("RAMB", "block memory"),
    ("URAM", "block memory"),
    ("RAM", "memory"),
    ("SRL", "shift register"),
    ("DSP", "multiplier"),
)
"""Clocked cells that are no registers, by the beginning of their type."""


def net_at(cell: Cell, pin: Pin) -> Net:
    nets = cell.pins.get(pin[0], ())
    return nets[pin[1]] if pin[1] < len(nets) else None
