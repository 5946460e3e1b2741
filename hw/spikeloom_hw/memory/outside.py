"""Memories whose contents lie in files beside the Verilog, row by row in hexadecimal.

Written into the Verilog, 10 Mbit of weights take 6 MB or more of text and a minute to convert.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from amaranth import ClockSignal, Elaboratable, Instance, Module, Signal
from spikeloom.interface.verilog import load_line


@dataclass(frozen=True)
class Port:
    """Of a memory, as Amaranth's are: with ``en`` high, ``data`` is read or written."""

    addr: Signal
    en: Signal
    data: Signal


class OutsideMemory(Elaboratable):
    """As a memory of Amaranth, with one clock. What is read comes one cycle later, and in a cycle
    in which its row is written as it was before.

    Parameters
    ----------
    name: of the file, without its ending; unique in the Verilog. width, rows: contents, as unsigned
        integers. style: attributes of the memory.
    """

    def __init__(self, *, name: str, width: int, rows: Sequence[int], style: dict[str, str]):
        if width < 1 or len(rows) < 2 or not name:
            raise ValueError(
                f"memory {name!r}: expected rows of one bit or more, two at least, got"
                f" {len(rows)} of {width} bits"
            )
        if not 0 <= min(rows) <= max(rows) < 1 << width:
            raise ValueError(
                f"memory {name!r}: expected rows of {width} bits, got {min(rows)} to {max(rows)}"
            )
        self.name, self.width, self.rows, self.style = name, width, rows, style
        self.reads: list[Port] = []
        self.writes: list[Port] = []

    def port(self, ports: list[Port]) -> Port:
        made = Port(Signal(range(len(self.rows))), Signal(init=1), Signal(self.width))
        ports.append(made)
        return made

    def read_port(self) -> Port:
        return self.port(self.reads)

    def write_port(self) -> Port:
        return self.port(self.writes)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        links: dict[str, object] = {"i_clk": ClockSignal()}
        for name, ports, direction in (("r", self.reads, "o"), ("w", self.writes, "i")):
            for k, port in enumerate(ports):
                links |= {f"i_{name}{k}_addr": port.addr, f"i_{name}{k}_en": port.en}
                links[f"{direction}_{name}{k}_data"] = port.data
        m.submodules.memory = Instance(self.module, **links)
        return m

    @property
    def module(self) -> str:
        return f"{self.name}_rows"

    @property
    def file(self) -> str:
        return f"{self.name}.mem"

    def contents(self) -> str:
        """Text of the file: a row a line."""
        digits = -(-self.width // 4)
        return "".join(f"{row:0{digits}x}\n" for row in self.rows)

    def verilog(self) -> str:
        """The module that holds the rows."""
        address, data = f"[{(len(self.rows) - 1).bit_length() - 1}:0]", f"[{self.width - 1}:0]"
        names, lines = ["clk"], ["  input clk;"]
        for name, ports in (("r", self.reads), ("w", self.writes)):
            for k, _ in enumerate(ports):
                port = f"{name}{k}"
                names += [f"{port}_addr", f"{port}_en", f"{port}_data"]
                lines += [f"  input {address} {port}_addr;", f"  input {port}_en;"]
                lines += (
                    [f"  output {data} {port}_data;", f"  reg {data} {port}_data;"]
                    if name == "r"
                    else [f"  input {data} {port}_data;"]
                )
        lines += [f'  (* {key} = "{value}" *)' for key, value in self.style.items()]
        lines.append(f"  reg {data} rows [0:{len(self.rows) - 1}];")
        digest = hashlib.sha256(self.contents().encode()).hexdigest()
        lines.append(load_line(self.file, len(self.rows), digest))
        for k, _ in enumerate(self.writes):
            lines += ["  always @(posedge clk)"]
            lines += [f"    if (w{k}_en) rows[w{k}_addr] <= w{k}_data;"]
        for k, _ in enumerate(self.reads):
            lines += ["  always @(posedge clk)"]
            lines += [f"    if (r{k}_en) r{k}_data <= rows[r{k}_addr];"]
        name = self.module if self.module.isidentifier() else f"\\{self.module} "
        return "\n".join([f"module {name}({', '.join(names)});", *lines, "endmodule\n"])
