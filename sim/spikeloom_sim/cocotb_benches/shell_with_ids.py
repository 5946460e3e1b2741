"""The shell with transaction IDs, which models of an AXI memory ask for: all zero, as responses
come in order.
"""

from __future__ import annotations

from amaranth.hdl import Shape
from amaranth.lib.wiring import In
from spikeloom.interface.manifest import Manifest
from spikeloom_hw.shell.shell import MEMORY, shell_ports

NAME = "bench"


def with_ids(manifest: Manifest) -> str:
    """SystemVerilog of the module ``bench``: the ports of ``shell``, and ``arid``, ``rid``,
    ``awid``, ``bid`` of one bit.
    """
    ports = ["input aclk", "input aresetn"]
    for name, member in shell_ports(manifest).items():
        ports.append(
            f"{'input' if member.flow is In else 'output'} [{Shape.cast(member.shape).width - 1}:0]"
            f" {name}"
        )
    ports += [f"output [0:0] {MEMORY}_{name}" for name in ("arid", "awid")]
    ports += [f"input [0:0] {MEMORY}_{name}" for name in ("rid", "bid")]
    lines = [f"assign {MEMORY}_{name} = 0;" for name in ("arid", "awid")]
    return "\n".join(
        [
            f"module {NAME}(",
            ",\n".join(f"  {port}" for port in ports),
            ");",
            "  shell shell(.*);",
            *lines,
            "endmodule",
            "",
        ]
    )
