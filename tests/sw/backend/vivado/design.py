"""A block design: cells, nets, addresses, and what Vivado refuses in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.sw.backend.vivado.cores import SEGMENTS, SPACES, Core
from tests.sw.backend.vivado.options import TclFailure


@dataclass
class Design:
    """Attributes
    ----------
    cells, ports: by name. nets: sink to driver. links: one interface to the other, both ways.
        assigned: space to segments with offset and
    range. excluded: space to segments.
    """

    name: str
    cells: dict[str, Core] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)
    nets: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, dict[str, tuple[int | None, int | None]]] = field(default_factory=dict)
    excluded: dict[str, set[str]] = field(default_factory=dict)
    valid: bool = False
    saved: bool = False
    generated: bool = False

    def add(self, name: str, kind: str) -> str:
        if name in self.cells:
            raise TclFailure(f"[BD 5-151] cell {name} is there already")
        self.valid = False
        self.cells[name] = Core(name, kind)
        return f"/{name}"

    def pins(self) -> dict[str, str]:
        return {
            f"/{cell.name}/{pin}": way
            for cell in self.cells.values()
            for pin, way in cell.pins().items()
        }

    def interfaces(self) -> dict[str, str]:
        return {
            f"/{cell.name}/{port}": mode
            for cell in self.cells.values()
            for port, mode in cell.interfaces().items()
        }

    def spaces(self) -> list[str]:
        return [
            f"/{cell.name}/{space}"
            for cell in self.cells.values()
            for space in SPACES.get(cell.kind, ())
        ]

    def segments(self) -> list[str]:
        """Only those whose interface is there."""
        found = []
        for cell in self.cells.values():
            for interface, names in SEGMENTS.get(cell.kind, {}).items():
                there = interface in cell.interfaces() or (
                    interface == "SAXIGP2" and "S_AXI_HP0_FPD" in cell.interfaces()
                )
                found += [f"/{cell.name}/{interface}/{name}" for name in names if there]
        return found

    def connect(self, pins: tuple[str, ...]) -> None:
        known = self.pins()
        for pin in pins:
            if pin not in known:
                raise TclFailure(
                    f"[BD 5-106] Arguments to the connect_bd_net command cannot be empty: {pin!r}"
                )
        drivers = {pin for pin in pins if known[pin] == "O"}
        if len(pins) < 2 or len(drivers) != 1:
            raise TclFailure(
                f"[BD 41-758] expected one driver and at least one pin that is driven: {pins}"
            )
        (driver,) = drivers
        for pin in set(pins) - drivers:
            if pin in self.nets:
                raise TclFailure(f"[BD 41-1306] {pin} is driven by {self.nets[pin]} already")
            self.nets[pin] = driver

    def link(self, ends: tuple[str, ...]) -> None:
        known = {**self.interfaces(), **{name: "X" for name in self.ports}}
        if len(ends) != 2 or any(end not in known or end in self.links for end in ends):
            raise TclFailure(f"[BD 5-106] two interfaces that are there and free, got {ends}")
        if {known[end] for end in ends} not in ({"M", "S"}, {"P", "X"}):
            raise TclFailure(
                f"[BD 41-171] {ends}: {[known[end] for end in ends]} do not fit each other"
            )
        self.links[ends[0]], self.links[ends[1]] = ends[1], ends[0]

    def assign(self, space: str, segment: str, offset: int | None, size: int | None) -> None:
        if space not in self.spaces() or segment not in self.segments():
            raise TclFailure(f"[BD 5-106] no such address space or segment: {space} {segment}")
        if not self.reaches(space, segment):
            raise TclFailure(f"[BD 41-1377] {segment} is not on a path from {space}")
        self.assigned.setdefault(space, {})[segment] = (offset, size)

    def exclude(self, space: str, segment: str) -> None:
        if space not in self.spaces() or segment not in self.segments():
            raise TclFailure(f"[BD 5-106] no such address space or segment: {space} {segment}")
        self.excluded.setdefault(space, set()).add(segment)

    def reaches(self, space: str, segment: str) -> bool:
        """Follow the interfaces from a master through interconnects to the slave of the segment."""
        cell = self.cells[space.split("/")[1]]
        ends = [f"/{cell.name}/{name}" for name, mode in cell.interfaces().items() if mode == "M"]
        found = set()
        while ends:
            other = self.links.get(ends.pop())
            if other is None or other in found:
                continue
            found.add(other)
            slave = self.cells[other.split("/")[1]]
            if slave.kind == "smartconnect":
                ends += [
                    f"/{slave.name}/{name}"
                    for name, mode in slave.interfaces().items()
                    if mode == "M"
                ]
        interface = "/".join(segment.split("/")[:3]).replace("SAXIGP2", "S_AXI_HP0_FPD")
        return interface in found

    def validate(self) -> None:
        """Raises TclFailure where a pin or an interface is open, clocks and resets are mixed up, or
        an address is missing.
        """
        for pin, way in self.pins().items():
            if way == "I" and pin not in self.nets:
                raise TclFailure(
                    "[BD 41-759] The input pins are either not connected or do not have a source"
                    f" port: {pin}"
                )
            if way == "I" and self.kind_of(pin) != self.kind_of(self.nets[pin]):
                raise TclFailure(f"[BD 41-1732] {pin} is driven by {self.nets[pin]}")
        for interface in self.interfaces():
            if interface not in self.links:
                raise TclFailure(f"[BD 41-1629] {interface} is not connected")
        for space in self.spaces():
            for segment in self.segments():
                there = segment in self.assigned.get(space, {}) or segment in self.excluded.get(
                    space, set()
                )
                if self.reaches(space, segment) and not there:
                    raise TclFailure(
                        f"[BD 41-1356] Slave segment {segment} is not assigned into address space"
                        f" {space}"
                    )
        self.valid = True

    @staticmethod
    def kind_of(pin: str) -> str:
        return "reset" if "reset" in pin.split("/")[-1].lower() else "clock"


def matching(names: list[str], patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Those that a pattern names, with or without the slash before it."""
    wanted = [pattern if pattern.startswith("/") else f"/{pattern}" for pattern in patterns]
    return tuple(
        name
        for name in names
        if any(same_depth(name, pattern) and fnmatchcase(name, pattern) for pattern in wanted)
    )


def same_depth(name: str, pattern: str) -> bool:
    return name.count("/") == pattern.count("/")
