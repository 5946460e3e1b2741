"""What a stage will cost and how long it will take, before anything is built: closed forms, all of them estimates.

The LUT figures are fitted to a few synthesis runs for 7-series (an event lane and element costs about its weight's bits plus
two); expect them to be off by a third. Cycles assume spikes that fall independently of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, comb, gcd, sqrt
from statistics import NormalDist

from spikeloom.graph import Pool
from spikeloom.neuron import Table
from spikeloom.plan import Plan, Stage

LUTRAM_DEPTH = 64
"""Memories up to this deep are made of LUTs."""

RAMB18 = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
"""Width and depth that a block RAM can have."""


@dataclass(frozen=True)
class Cost:
    """Estimated resources: LUTs and block RAMs of 18 kbit."""

    lut: int
    bram18: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.lut + other.lut, self.bram18 + other.bram18)


def word_cost(flags: int, ports: int, density: float) -> tuple[float, float]:
    """Mean and variance of the cycles that one queue word takes: max(1, ceil(spikes / ports)), spikes binomial."""
    mean = square = 0.0
    for spikes in range(flags + 1):
        share = comb(flags, spikes) * density**spikes * (1 - density) ** (flags - spikes)
        cycles = max(1, -(-spikes // ports))
        mean += share * cycles
        square += share * cycles * cycles
    return mean, max(0.0, square - mean * mean)


def expected_cycles(stage: Stage, density: float) -> float:
    """Busy cycles per image, given the share of set bits of the stage's input.

    The passes of all positions, folds and planes; one takes as long as the slowest of its queues, taken as normal variables.
    """
    passes, f = stage.positions * stage.folds * stage.planes, stage.folding
    if f.body != "event":
        return float(passes * stage.pass_words)
    mean, variance = word_cost(f.group // f.banks, f.ports, density)
    queues = f.windows * f.banks
    late = NormalDist().inv_cdf((queues - 0.375) / (queues + 0.25)) if queues > 1 else 0.0
    slowest = stage.pass_words * mean + late * sqrt(stage.pass_words * variance)
    return passes * min(max(slowest, stage.pass_words), stage.pass_words * ceil(f.group / f.banks / f.ports))


def head_cycles(stage: Stage) -> int:
    """Cycles of the neuron units per image."""
    return stage.positions * stage.folds * (stage.planes if stage.per_step else 1) * stage.neuron_cycles


def edge_cycles(i_group: int, o_group: int, values: int) -> int:
    """Cycles that a stream of ``values`` channels takes between two stages."""
    return values // (min(i_group, o_group) if max(i_group, o_group) % min(i_group, o_group) == 0 else gcd(i_group, o_group))


def memory(width: int, depth: int, same_cycle: bool = False) -> Cost:
    """A memory with one read port; one that answers in the same cycle (queues, tables) is no block RAM, however deep."""
    if same_cycle or depth <= LUTRAM_DEPTH:
        return Cost(ceil(width * ceil(depth / 32) * 0.7), 0)
    return Cost(0, min(ceil(width / shape[0]) * ceil(depth / shape[1]) for shape in RAMB18))


def copies(cost: Cost, readers: int, per_block: int) -> Cost:
    """As many copies as ``readers`` need: LUT memories one each, block RAMs one per ``per_block``."""
    return Cost(cost.lut * readers, cost.bram18 * ceil(readers / per_block))


def stage_cost(stage: Stage) -> Cost:
    """Resources of a stage and of its residual."""
    skip = stage.skip_stage
    own = source_cost(stage) + body_cost(stage) + head_cost(stage)
    return own if skip is None else own + source_cost(skip) + body_cost(skip)


def source_cost(stage: Stage) -> Cost:
    """Line buffer (one copy per window), queues and scan."""
    f, bits = stage.folding, stage.folding.group * stage.i_code.steps
    ring = copies(memory(bits, stage.rows * stage.i_shape[2] * stage.beats), f.windows, 1)
    flags = bits if f.body in ("parallel", "max") else f.group
    queues = copies(memory(flags, stage.pass_words + 2, same_cycle=True), f.windows, 1)
    scan = ceil(1.7 * f.group * f.ports * f.windows) + 25 * f.banks * f.windows if f.body == "event" else 0
    return ring + queues + Cost(scan + 150 + bits * f.windows, 0)


def body_cost(stage: Stage) -> Cost:
    """Weights, adders and accumulators."""
    f, width = stage.folding, stage.weight_width
    if f.body == "max":
        return Cost(3 * f.elements * f.windows * stage.acc_width, 0)
    lanes = {"event": f.banks * f.ports, "dense": f.group, "parallel": f.group * stage.i_code.steps}.get(f.body, 1)
    adders = f.elements * f.windows * (lanes * (width + 2) + stage.acc_width)
    rows = stage.folds * stage.pass_words
    if f.body == "event":
        part = memory(f.elements * width, rows * (f.group // f.banks))
        # Weights that can be loaded have a memory of their own per window.
        memories, readers = (f.banks, f.ports * f.windows) if stage.room is None else (f.banks * f.windows, f.ports)
        weights = copies(part, readers, 2)
        weights = Cost(weights.lut * memories, weights.bram18 * memories)
    else:
        weights = memory(f.elements * width * (1 if f.body == "depthwise" else f.group), rows)
    return weights + Cost(adders, 0)


def head_cost(stage: Stage) -> Cost:
    """Results, neuron units and their registers, parameters."""
    f, width = stage.folding, stage.u_width
    steps = stage.o_code.steps if stage.o_code is not None else 1
    units = f.windows * (3 * f.neurons * width + f.elements * (width + steps))
    return table_cost(stage) + Cost(units + stage.folds * f.elements * width // 32, 0)


def table_cost(stage: Stage) -> Cost:
    """Threshold tables, nothing where there are none: one per neuron unit, each for its share of the channels."""
    if isinstance(stage.layer, Pool) or not isinstance(stage.layer.neuron, Table):
        return Cost(0, 0)
    f, steps = stage.folding, stage.layer.neuron.code.steps
    return copies(memory(stage.u_width, stage.o_shape[0] // f.neurons << steps, same_cycle=True), f.neurons * f.windows, 1)


def network_interval(plan: Plan) -> float:
    """Estimated initiation interval: cycles per image of the slowest stage or stream."""
    return max(limit.cycles for limit in limits(plan))


@dataclass(frozen=True)
class Limit:
    """Why an image takes so many cycles: "scan", "neurons", "input", "skip" or "skip input" of a stage, or the network's "output"."""

    stage: str
    what: str
    cycles: float


def limits(plan: Plan) -> list[Limit]:
    """All of them, in the order of the stages."""
    found = []
    for stage in plan.stages:
        found += stage_limits(stage, plan.density)
    for edge in plan.edges:
        channels, height, width = plan.graph.shapes[edge.source]
        what = "input" if edge.port == "i" else "skip input"
        found.append(Limit(edge.target, what, edge_cycles(edge.i_group, edge.o_group, channels * height * width)))
    channels, height, width = plan.graph.shapes[plan.graph.output.name]
    return [*found, Limit(plan.graph.output.name, "output", channels * height * width)]


def stage_limits(stage: Stage, density: dict[str, float]) -> list[Limit]:
    """What the stage's own scan, neurons and residual take."""
    found = [
        Limit(stage.name, "scan", expected_cycles(stage, density[stage.layer.source])),
        Limit(stage.name, "neurons", head_cycles(stage)),
    ]
    if stage.skip_stage is not None:
        found.append(Limit(stage.name, "skip", expected_cycles(stage.skip_stage, 1.0)))
    return found
