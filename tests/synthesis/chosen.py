"""The components that the cost model is calibrated on: sources, bodies, heads, scans and gathers of
random stages, some of every kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from amaranth.back import verilog
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from spikeloom.ir.nodes import Layer
from spikeloom.mapping.estimate.bodies import body
from spikeloom.mapping.estimate.components import Part, loaders, source
from spikeloom.mapping.estimate.network import crc, gather, link_parts
from spikeloom.mapping.estimate.neurons import units
from spikeloom.mapping.estimate.weights import weight_shape
from spikeloom.mapping.plan.plan import Plan, Stage
from spikeloom_hw.bodies.scan import Scan
from spikeloom_hw.emit import verilog_text
from spikeloom_hw.engine.stage import accumulators, neuron_units, spike_source
from spikeloom_hw.lib.gather import Gather
from spikeloom_hw.memory.loading import Loader

from tests.networks import random_plan
from tests.synthesis.measuring import hollow, renamed

QUOTA = {"crc": 5, "loader": 5, "source": 9, "scan": 7, "gather": 3, "network": 8, "counters": 5}
"""Components of each kind; three of every sort of body and head."""

LARGEST = 700
"""Registers, so that a run does not take too long."""

SEEDS = 120


@dataclass(frozen=True)
class Choice:
    """One part of a stage of a random network, or of the network itself."""

    seed: int
    stage: str
    part: Part

    @property
    def name(self) -> str:
        return f"{self.seed} {self.stage} {self.part.kind}"


def sort(part: Part) -> str:
    """What makes hardware of one kind differ: the kind, and which of its amounts are there."""
    if part.kind in QUOTA:
        return part.kind
    return " ".join(
        [
            part.kind,
            *sorted(
                name
                for name in ("partial", "negate", "held", "multiplied", "skip", "tie")
                if part.amounts.get(name)
            ),
        ]
    )


def candidates(plan: Plan) -> Iterator[tuple[str, Part]]:
    for stage in plan.stages:
        parts = [
            *source(stage, stage.name, "source", "xc7"),
            *body(stage, stage.name, "body", "xc7"),
            *units(stage, "xc7"),
        ]
        parts += [gather(stage, "xc7")] if stage.folding.windows > 1 else []
        parts += (
            [loaders(stage.name, "body", [weight_shape(stage)])]
            if isinstance(stage.layer, Layer)
            else []
        )
        parts += [crc(stage.name, "crc", crc_width(stage))] if stage.o_code is not None else []
        yield from ((stage.name, one(part)) for part in parts if part.kind != "fifo")
    yield from (
        ("", part) for part in link_parts(plan, "xc7") if part.kind in ("network", "counters")
    )


def crc_width(stage: Stage) -> int:
    """Bits of a beat in whole bytes."""
    return -(-stage.output_width * stage.folding.elements * stage.folding.windows // 8) * 8


def one(part: Part) -> Part:
    """Of scans a single one."""
    count = int(part.amounts["one"]) if part.kind == "scan" else 1
    return replace(
        part,
        registers=part.registers // count,
        amounts={name: value / count for name, value in part.amounts.items()},
    )


@cache
def chosen() -> tuple[Choice, ...]:
    """The same every time."""
    seen: Counter[str] = Counter()
    found = []
    for seed in range(SEEDS):
        taken: set[str] = set()
        for name, part in candidates(random_plan(seed)):
            key = sort(part)
            if (
                key in taken
                or seen[key] >= QUOTA.get(key, 3)
                or part.registers > LARGEST * (1 + 3 * (part.kind == "counters"))
            ):
                continue
            seen[key] += 1
            taken.add(key)  # no two of a sort from one network
            found.append(Choice(seed, name, part))
    return tuple(found)


def component(stage: Stage, kind: str) -> wiring.Component:
    f = stage.folding
    if kind == "source":
        return spike_source(stage)
    if kind == "scan":
        part = f.group // f.banks
        return Scan(
            width=part,
            ports=f.ports,
            pass_words=stage.pass_words,
            passes=stage.folds,
            idle=stage.zero_row,
        )
    if kind == "gather":
        return Gather(width=stage.output_width * f.elements, windows=f.windows, folds=stage.folds)
    if kind == "loader":
        width, depth = weight_shape(stage)
        return Loader(depth=max(2, depth), width=width)
    return accumulators(stage) if kind.endswith("body") else neuron_units(stage)


def design(choice: Choice, name: str) -> tuple[str, str]:
    """Verilog of one component whose inner components are empty, and the name of its top module."""
    plan = random_plan(choice.seed)
    if choice.part.kind in ("network", "counters"):
        top = renamed(verilog_text(plan), "top", f"{name}_all")
        keep = f"{name}_all" if choice.part.kind == "network" else f"{name}_all.counters"
        return hollow(top, keep, name), name
    options = {"name": f"{name}_all", "emit_src": False, "strip_internal_attrs": True}
    if choice.part.kind == "crc":
        crc = CRC32_ISO_HDLC(data_width=crc_width(plan[choice.stage])).create()
        text = verilog.convert(crc, ports=[crc.start, crc.valid, crc.data, crc.crc], **options)
    else:
        text = verilog.convert(component(plan[choice.stage], choice.part.kind), **options)
    return hollow(text, f"{name}_all", name), name
