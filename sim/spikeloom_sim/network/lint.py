"""Verilator's opinion of emitted Verilog: ``-Wall``, less what ``waivers.vlt`` explains."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from spikeloom_sim.network import toolchain
from spikeloom_sim.network.verilate import HERE

WAIVERS = HERE / "waivers.vlt"
FINDING = re.compile(r"^%(?:Warning|Error).*?: .+")
SUMMARY = "Exiting due to"


def lint(*verilog: Path, module: str = "top") -> list[str]:
    """Warnings and errors of ``verilator --lint-only -Wall`` that no waiver explains; empty is
    clean.
    """
    tools = toolchain.find()
    command = [
        str(tools.binary),
        "--lint-only",
        "-Wall",
        "--no-timing",
        str(WAIVERS),
        "--top-module",
        module,
        *map(str, verilog),
    ]
    done = subprocess.run(
        command, env=tools.environment, capture_output=True, text=True, check=False
    )
    found = [
        line for line in done.stderr.splitlines() if FINDING.match(line) and SUMMARY not in line
    ]
    if done.returncode and not found:
        found.append(
            done.stderr.strip().partition("\n")[0] or f"verilator: exit status {done.returncode}"
        )
    return found
