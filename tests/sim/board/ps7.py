"""The top of the open flow around a toy network, with one of its wires broken on demand: it tests
the model of the processing system.
"""

from __future__ import annotations

from pathlib import Path

from amaranth.back import verilog
from spikeloom.interface.manifest import Manifest
from spikeloom_hw.emit import ps7_text
from spikeloom_hw.shell.engine import Engine
from spikeloom_hw.shell.shell import Pins, Shell
from spikeloom_sim.board.bench import ps7_bench
from spikeloom_sim.board.build import HARNESS, MODELS
from spikeloom_sim.network import verilate

from tests.sim.toy import Toy

BUG = 0xFF00
"""A write to this register, where the shell has none, breaks the wire of that number."""

BROKEN = {
    "BID": (1, "MAXIGP0BID", "{0} ^ 12'h800", "MAXIGP0: BID is not AWID"),
    "RID": (2, "MAXIGP0RID", "{0} ^ 12'h001", "MAXIGP0: RID is not ARID"),
    "no RLAST": (3, "MAXIGP0RLAST", "1'b0", "MAXIGP0: RLAST is not"),
    "RLAST too early": (4, "MAXIGP0RLAST", "1'b1", "MAXIGP0: RLAST is not"),
    "RVALID taken back": (
        5,
        "MAXIGP0RVALID",
        "{0} & (wobble | ps7.MAXIGP0RREADY)",
        "MAXIGP0: read data changed",
    ),
    "RDATA changes": (6, "MAXIGP0RDATA", "{0} ^ wobble", "MAXIGP0: read data changed"),
    "RVALID for nothing": (7, "MAXIGP0RVALID", "1'b1", "MAXIGP0: read data that nothing asked for"),
    "BVALID for nothing": (
        8,
        "MAXIGP0BVALID",
        "1'b1",
        "MAXIGP0: a write response that nothing asked for",
    ),
    "BVALID taken back": (
        9,
        "MAXIGP0BVALID",
        "{0} & (wobble | ps7.MAXIGP0BREADY)",
        "MAXIGP0: a write response changed",
    ),
    "address of reads runs": (
        11,
        "s_axi_control_araddr",
        "{0} + (wobble << 2)",
        "MAXIGP0: a constant register was read in a burst",
    ),
    "WID": (12, "SAXIHP0WID", "6'h01", "SAXIHP0: WID is not AWID"),
    "WID changes": (13, "SAXIHP0WID", "{{5'h00, wobble}}", "SAXIHP0: (WID|an ID) changed"),
    "lock": (14, "SAXIHP0ARLOCK", "2'h1", "SAXIHP0: a lock"),
    "no WLAST": (15, "SAXIHP0WLAST", "1'b0", "write data: last is 0 on beat"),
    "AWLEN": (16, "SAXIHP0AWLEN", "{0} ^ 4'h1", "write data: last is 1 on beat"),
    "ARVALID taken back": (
        17,
        "SAXIHP0ARVALID",
        "{0} & (wobble | ps7.SAXIHP0ARREADY)",
        "read request: valid was taken back",
    ),
    "ARSIZE": (18, "SAXIHP0ARSIZE", "2'h2", "beats of 4 bytes"),
    "RREADY": (19, "SAXIHP0RREADY", "1'b0", "read data: not taken"),
}
"""Number, wire, what is on it instead, and what must be said."""

CONSEQUENCES = {
    "strobes ignored": (30, "s_axi_control_wstrb", "4'hF"),
    "data of writes": (31, "s_axi_control_wdata", "{0} ^ 32'h10000000"),
    "address of reads": (33, "s_axi_control_araddr", "{0} & 16'hFFFB"),
    "no BVALID": (32, "MAXIGP0BVALID", "1'b0"),
}
"""Breaches of no rule: they are seen by what comes of them."""


def mutable(text: str) -> str:
    """The text of ``ps7_top.v`` with a register that breaks wires."""
    changes = [change[:3] for change in (*BROKEN.values(), *CONSEQUENCES.values())]
    for wire in dict.fromkeys(wire for _, wire, _ in changes):
        head, found, rest = text.partition(f".{wire}(")
        assert found and f".{wire}(" not in rest
        value, _, tail = rest.partition("),\n")
        broken = f"({value})"
        for number, where, formula in changes:
            if where == wire:
                broken = f"bug == {number} ? ({formula.format(f'({value})')}) : {broken}"
        text = f"{head}.{wire}({broken}),\n{tail}"
    lines = (
        "reg [7:0] bug = 0;",
        "reg wobble = 0;",
        "always @(posedge clk) begin",
        "  wobble <= ~wobble;",
        (
            f"  if (shell.s_axi_control_awvalid && shell.s_axi_control_awaddr == 16'h{BUG:04X} &&"
            " shell.s_axi_control_wstrb == 15)"
        ),
        "    bug <= shell.s_axi_control_wdata;",
        "end",
    )
    head, found, tail = text.partition("module ps7_top();\n")
    assert found
    return "\n".join(
        [
            head + found.rstrip(),
            "  wire clk;",
            *(f"  {line}" for line in lines),
            tail.replace("  wire clk;\n", "", 1),
        ]
    )


def toy() -> tuple[Toy, Manifest]:
    made = Toy(steps=5, group=3, beats=10, outputs=3)
    return made, made.manifest()


def library(folder: Path) -> Path:
    """The toy below shell, bridges and processing system; wires can be broken."""
    inner, manifest = toy()
    shell = Pins(
        shell=Shell(
            manifest=manifest, engine=Engine(beat_bytes=manifest.input.beat_bytes, inner=inner)
        )
    )
    texts = {
        "ps7_top.v": mutable(ps7_text(manifest)),
        "shell.v": verilog.convert(shell, name="shell", emit_src=False, strip_internal_attrs=True),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    source = verilate.Source(
        (*(folder / name for name in texts), *MODELS),
        ps7_bench(manifest.address_width, manifest.memory_width),
    )
    return verilate.library(folder, [source], optimise="-O0", harness=HARNESS)
