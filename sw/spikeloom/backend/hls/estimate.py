"""How many cycles the HLS design takes for an image: from the initiation intervals that its loops
are written for, beside those of the RTL.

An estimate, as long as Vitis HLS has not synthesised it: every pipelined loop is taken to begin an
iteration a cycle (II = 1), and to cost ENTRY cycles more whenever it is entered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from spikeloom.mapping.estimate.cycles import edge_cycles
from spikeloom.mapping.plan.plan import Plan, Stage

ENTRY = 4
"""Cycles that filling and leaving a pipelined loop takes; assumed."""

SOURCE = "estimate, never synthesised"

SYNTHESISED = "estimate; synthesised as below"


@dataclass(frozen=True)
class Row:
    """One layer: cycles of its slowest process and which one that is; busy cycles of the RTL's
    scan, and where those are from.
    """

    layer: str
    cycles: float
    process: str
    rtl_cycles: float
    rtl_source: str


@dataclass(frozen=True)
class Estimate:
    """interval: cycles between two images, those of the slowest process of all. scans: where the
    cycles of the scans are from.
    """

    network: str
    source: str
    scans: str
    entry_cycles: int
    interval: float
    rows: tuple[Row, ...]


def processes(stage: Stage, busy: float) -> dict[str, float]:
    """Cycles per image of every process of a layer, given those of its scan."""
    f, planes, results = stage.folding, stage.planes, stage.positions * stage.folds
    words = results * planes * stage.pass_words
    found = {"source": float(max(words, stage.i_shape[1] * stage.i_shape[2] * stage.beats) + ENTRY)}
    if stage.body.skips:
        found["scan"] = busy + ENTRY
        found["add"] = float(results * planes + ENTRY)
    else:
        found["words"] = float(words + ENTRY)
    if stage.skip_stage is not None:
        found["join"] = float(results * stage.skip_stage.planes + ENTRY)
    found["neurons"] = head(stage)
    if f.windows > 1:
        found["gather"] = float(stage.positions * (stage.folds * (1 + f.windows) + 2 * ENTRY))
    return found


def head(stage: Stage) -> float:
    """Cycles per image of the neurons: the units take one group of elements and one step at a
    time.
    """
    results = stage.positions * stage.folds
    if stage.neuron is None or not stage.neuron.fires or stage.o_code is None:
        return float(results + ENTRY)
    groups, live = stage.folding.elements // stage.folding.neurons, stage.o_code.live
    return float(results * groups * live + ENTRY)


def estimate(
    plan: Plan, busy: Mapping[str, float], scans: str, rtl: Mapping[str, float], rtl_source: str
) -> Estimate:
    """Of a whole network.

    Parameters
    ----------
    busy: cycles of the scan of each layer per image. scans: where they are from. rtl, rtl_source:
        busy cycles of the RTL's layers.
    """
    rows, ends = [], [float(prod(plan.graph.shapes[plan.graph.output.name]) + ENTRY)]
    for stage in plan.stages:
        found = processes(stage, busy[stage.name])
        slowest = max(found, key=lambda name: found[name])
        rows.append(Row(stage.name, found[slowest], slowest, rtl[stage.name], rtl_source))
    for edge in plan.edges:
        ends.append(
            float(
                edge_cycles(edge.i_group, edge.o_group, prod(plan.graph.shapes[edge.source]))
                + ENTRY
            )
        )
    interval = max([*ends, *(row.cycles for row in rows)])
    return Estimate(plan.graph.name, SOURCE, scans, ENTRY, interval, tuple(rows))
