"""What Yosys makes of whole networks, of several in one run: cells by the place that they have in
the hierarchy.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from spikeloom.backend.yosys import netlist, yosys
from spikeloom.backend.yosys.cells import NOTHING, Taken, taken
from spikeloom.mapping.plan.plan import Plan
from spikeloom_hw.emit import manifest, shell_text, verilog_text

Cells = dict[str, Taken]
"""Cells by place: the names of the instances around them, with dots between."""


def measure(
    designs: Mapping[str, tuple[str, str]], family: str = "xc7", until: str = ""
) -> dict[str, Cells]:
    """Synthesise several designs in one run: name -> (Verilog, its top module), whose modules must
    have names of their own.

    ``until``: the step of ``synth_xilinx`` before which it ends.
    """
    lines = [f"(* keep *) {top} u{k} ();" for k, (_, top) in enumerate(designs.values())]
    with tempfile.TemporaryDirectory() as text:
        work = Path(text)
        (work / "all.v").write_text(
            "\n".join([*(v for v, _ in designs.values()), "module all;", *lines, "endmodule\n"]),
            encoding="utf-8",
        )
        script = yosys.synthesis_script(["all.v"], "all", family)
        if until:  # models of cells still have processes there, which JSON cannot hold
            script = script.replace("-run prepare:", f"-run prepare:{until}").replace(
                "write_json", "proc =*\nwrite_json"
            )
        yosys.run(work, "synthesis", script, work / "log")
        design = netlist.take_apart(netlist.load(work / yosys.NETLIST), "all")
    found: list[defaultdict[str, Taken]] = [defaultdict(lambda: NOTHING) for _ in designs]
    for cell in design.cells:
        if cell.place and cell.kind != netlist.WIRE:
            found[int(cell.place[0][1:])][".".join(cell.place[1:])] += taken(cell.kind) or NOTHING
    return {name: dict(sorted(cells.items())) for name, cells in zip(designs, found, strict=True)}


def renamed(text: str, name: str, other: str) -> str:
    """Verilog whose top module ``name``, and with it all below, is called ``other``."""
    return text.replace(f"\\{name}.", f"\\{other}.").replace(f"module {name}(", f"module {other}(")


MODULE = re.compile(r"^module (\\\S+|\w+) ?\(.*?^endmodule$", re.MULTILINE | re.DOTALL)

WEIGHTS = re.compile(r".*\.weights\d+(_\d+)?(\.memory)?")
"""Modules of weights, which belong to the body around them."""

PORT = re.compile(r"^  (?:input|output) .*;$", re.MULTILINE)


def hollow(text: str, keep: str, name: str) -> str:
    """Of Verilog the one module ``keep``, called ``name``, with its weights; all others are there,
    but empty.
    """
    found = []
    for match in MODULE.finditer(text):
        module, called = match.group(), match.group(1).removeprefix("\\")
        head = module[: module.index(";") + 1]
        if called == keep:
            found.append(module.replace(head, head.replace(match.group(1), name, 1), 1))
        elif WEIGHTS.fullmatch(called):
            found.append(module)
        else:
            found.append("\n".join(["(* blackbox *)", head, *PORT.findall(module), "endmodule"]))
    return "\n".join(found)


def network_design(plan: Plan, name: str) -> tuple[str, str]:
    """The network without its shell."""
    return renamed(verilog_text(plan), "top", name), name


def shell_design(plan: Plan, name: str) -> tuple[str, str]:
    """The shell without its network, which is an empty module with the same ports."""
    top = verilog_text(plan)
    head = top[top.index("module top(") :]
    ports = re.findall(r"^  (?:input|output) .*;$", head[: head.index("endmodule")], re.MULTILINE)
    inner = (
        f"(* blackbox *)\n{head[: head.index(';')].replace('module top', f'module {name}_top')};\n"
        + "\n".join(ports)
        + "\nendmodule\n"
    )
    return (
        inner
        + renamed(shell_text(manifest(plan, top)), "shell", name).replace(
            "  top top (", f"  {name}_top top ("
        ),
        name,
    )
