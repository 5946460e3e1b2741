"""The top of a bitstream without vendor IP: PS7, bridges, shell. It has no ports: DDR and fixed
pins belong to the PS7 itself.

┌────────────────────────── ps7_top ──────────────────────────┐
│ ┌─────┐ MAXIGP0  ┌─────────┐ AXI4-Lite ┌───────┐             │
│ │     ├─────────►│ control ├──────────►│       │             │
│ │ PS7 │ SAXIHP0  ┌─────────┐   AXI4    │ shell │  (top)      │
│ │     │◄─────────┤ memory  │◄──────────┤       │             │
│ │     │ FCLKCLK  └─────────┘           └───────┘             │
│ │     ├─────────► BUFG ──► aclk                              │
│ │     ├─────────► two flip-flops ──► aresetn                 │
│ └─────┘ FCLKRESETN                                           │
└──────────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

from typing import Any

from amaranth import ClockDomain, ClockSignal, Const, Instance, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import ADDRESS_WIDTH

from ..shell.shell import CONTROL, MEMORY, shell_ports
from .control import Control
from .memory import Memory
from .primitive import CONSTANT, GP, HP, RESTS

WIDTHS = (64, 32)
"""Bits of data and of address that SAXIHP0 has."""

ASKING = ("ar", "aw", "w")
CHANNELS = (*ASKING, "r", "b")


class Ps7Top(wiring.Component):
    """The module ``ps7_top``: clock is FCLKCLK[0], reset FCLKRESETN[0].

    Parameters
    ----------
    manifest: of the network; an instance of the Verilog module ``shell`` is inside. Raises
        ValueError unless its memory port is SAXIHP0's.
    """

    def __init__(self, *, manifest: Manifest):
        if (manifest.memory_width, manifest.address_width) != WIDTHS:
            raise ValueError(
                f"memory port: expected {WIDTHS} bits of data and address, got"
                f" {manifest.memory_width, manifest.address_width}"
            )
        self.manifest = manifest
        super().__init__({})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.control = self.control = Control(address_width=ADDRESS_WIDTH)
        m.submodules.memory = self.memory = Memory(width=WIDTHS[0], address_width=WIDTHS[1])
        self.system(m)
        self.shell(m)
        return m

    def system(self, m: Module) -> None:
        """The primitive, clock and reset."""
        m.domains.sync = ClockDomain(local=True)
        clocks, resets, running = Signal(4, name="fclk"), Signal(4, name="fclk_resetn"), Signal()
        m.submodules.clock_buffer = Instance("BUFG", i_I=clocks[0], o_O=ClockSignal())
        m.submodules.reset_synchroniser = FFSynchronizer(resets[0], running, init=0)
        m.d.comb += ResetSignal().eq(~running)
        ports: dict[str, Any] = {"o_FCLKCLK": clocks, "o_FCLKRESETN": resets}
        ports |= {f"i_{name}": Const(value, width) for name, (width, value) in RESTS.items()}
        ports |= {f"i_{HP}{name}": Const(value, width) for name, (width, value) in CONSTANT.items()}
        for port in (GP, HP):
            ports[f"i_{port}ACLK"] = ClockSignal()
        for channel in CHANNELS:
            asks = channel in ASKING
            ports |= wired(m, GP, channel, getattr(self.control, channel), out=asks)
            ports |= wired(m, HP, channel, getattr(self.memory, f"far_{channel}"), out=not asks)
        m.submodules.ps7 = Instance("PS7", **ports)

    def shell(self, m: Module) -> None:
        """The instance, and what is on its ports."""
        wires = {
            name: Signal(member.shape, name=name)
            for name, member in shell_ports(self.manifest).items()
        }
        ways = {
            name: "i" if member.flow is In else "o"
            for name, member in shell_ports(self.manifest).items()
        }
        for name, member in self.control.names.items():
            ours, theirs = getattr(self.control.lite, name), wires[f"{CONTROL}_{name}"]
            m.d.comb += theirs.eq(ours) if member.flow is In else ours.eq(theirs)
        for channel in CHANNELS:
            for ours, name in pairs(getattr(self.memory, channel), channel):
                theirs = wires[f"{MEMORY}_{name}"]
                m.d.comb += (
                    ours.eq(theirs)
                    if (channel in ASKING) != (name == f"{channel}ready")
                    else theirs.eq(ours)
                )
        m.submodules.shell = Instance(
            "shell",
            i_aclk=ClockSignal(),
            i_aresetn=~ResetSignal(),
            **{f"{way}_{name}": wires[name] for name, way in ways.items()},
        )


def pairs(part: Any, channel: str) -> list[tuple[Any, str]]:
    """The signals of a stream with the names that AXI has for them."""
    payload = part.payload
    members = getattr(payload.shape(), "members", None)
    fields = (
        [(payload, "bresp")]
        if members is None
        else [(getattr(payload, name), channel + name) for name in members]
    )
    return [*fields, (part.valid, f"{channel}valid"), (part.ready, f"{channel}ready")]


def wired(m: Module, port: str, channel: str, part: Any, out: bool) -> dict[str, Signal]:
    """One channel of one of the primitive's ports; ``out``: the primitive drives its payload."""
    ports: dict[str, Signal] = {}
    for ours, name in pairs(part, channel):
        wire = Signal(len(Value.cast(ours)), name=f"{port}{name.upper()}")
        driven = out != name.endswith("ready")
        m.d.comb += ours.eq(wire) if driven else wire.eq(ours)
        ports[f"{'o' if driven else 'i'}_{wire.name}"] = wire
    return ports
