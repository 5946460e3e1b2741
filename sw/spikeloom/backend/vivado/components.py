"""Instances of Vivado's hierarchy in our words: a layer of the network, a part of the shell, or
what stands around it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from spikeloom.backend.vivado.reports import Cell, plain

SHELL = "shell_0"
"""The shell's instance in the block design."""

AROUND = {
    "control": "interconnect, control",
    "memory": "interconnect, memory",
    "reset_0": "reset",
    "processing_system7_0": "processing system",
    "zynq_ultra_ps_e_0": "processing system",
}

TOPS = ("shell", "core")
"""First instances of a run out of context."""


def component(path: Sequence[str], stages: Iterable[str]) -> str:
    """What an instance belongs to: ``layer conv1``, ``shell, reader``, ``interconnect, memory``.

    Arguments: path: names of the instances from the top on. stages: names of the network's layers.
    """
    names = [plain(name) for name in path]
    if SHELL in names:
        inside = names[names.index(SHELL) + 1 :]
        inside = inside[1:] if inside[:1] in (["inst"], ["U0"]) else inside
    elif names[:1] and names[0] in TOPS:
        inside = names[1:] if names[0] == "shell" else names
    else:
        return next((AROUND[name] for name in names if name in AROUND), "block design")
    inside = inside[1:] if inside[:1] == ["core"] else inside
    if inside[:2] == ["engine", "top"]:
        return layer(inside[2] if len(inside) > 2 else "", stages)
    return f"shell, {inside[0]}" if inside else "shell"


def layer(name: str, stages: Iterable[str]) -> str:
    """The layer that an instance inside the network belongs to, by the longest name that fits."""
    fitting = [
        stage for stage in stages if name == stage or name.startswith((f"{stage}_", f"{stage}."))
    ]
    if fitting:
        return f"layer {max(fitting, key=len)}"
    return "counters" if name.startswith("counters") else "network"


def of_pin(pin: str, stages: Iterable[str]) -> str:
    """What a pin or cell of a timing path belongs to, e.g.
    ``system_i/shell_0/inst/core/engine/top/conv1_body/v_reg[3]/C``.
    """
    return component(pin.split("/")[:-1], stages)


def by_component(cells: Sequence[Cell], stages: Iterable[str]) -> dict[str, dict[str, float]]:
    """Resources of every component: each instance counts with what it has itself.

    Look-up tables that two instances share count once in each, so that the sum may be above the
    whole.
    """
    parents = {cell.path[:-1] for cell in cells if not cell.own}
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    names = tuple(stages)
    for cell in cells:
        if cell.own or cell.path not in parents:
            into = found[component(cell.path, names)]
            for key, value in cell.used.items():
                into[key] += value
    return {name: dict(found[name]) for name in sorted(found)}
