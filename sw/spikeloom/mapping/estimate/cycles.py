"""How long a stage will take, before anything is built: closed forms, all of them estimates.

Cycles are those of spikes that fall independently of each other, times what was measured beside
that (``Stage.spread``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil, comb, gcd, prod, sqrt
from statistics import NormalDist

from spikeloom.interface.boards import find_board
from spikeloom.interface.manifest import container_bits
from spikeloom.ir.graph import Graph
from spikeloom.mapping.plan.engines import alone
from spikeloom.mapping.plan.plan import Plan, Stage


@cache
def word_cost(flags: int, ports: int, density: float) -> tuple[float, float]:
    """Mean and variance of the cycles that one queue word takes: max(1, ceil(spikes / ports)),
    spikes binomial.
    """
    mean = square = 0.0
    for spikes in range(flags + 1):
        share = comb(flags, spikes) * density**spikes * (1 - density) ** (flags - spikes)
        cycles = max(1, -(-spikes // ports))
        mean += share * cycles
        square += share * cycles * cycles
    return mean, max(0.0, square - mean * mean)


def expected_cycles(stage: Stage, density: float) -> float:
    """Busy cycles per image, given the share of set bits of the stage's input: the passes of all
    positions, folds and planes.
    """
    passes, f = stage.positions * stage.folds * stage.planes, stage.folding
    if not stage.body.skips:
        return float(passes * stage.pass_words)
    most = stage.pass_words * ceil(f.group / f.banks / f.ports)
    return passes * min(max(evenly(stage, density) * stage.spread, stage.pass_words), most)


def evenly(stage: Stage, density: float) -> float:
    """Cycles of one pass of an event body on independent spikes: those of the slowest of its
    queues, taken as normal variables.
    """
    f = stage.folding
    mean, variance = word_cost(f.group // f.banks, f.ports, density)
    queues = f.windows * f.banks
    late = NormalDist().inv_cdf((queues - 0.375) / (queues + 0.25)) if queues > 1 else 0.0
    return stage.pass_words * mean + late * sqrt(stage.pass_words * variance)


def head_cycles(stage: Stage) -> int:
    """Cycles of the neuron units per image."""
    return (
        stage.positions
        * stage.folds
        * (stage.planes if stage.per_step else 1)
        * stage.neuron_cycles
    )


def edge_cycles(i_group: int, o_group: int, values: int) -> int:
    """Cycles that a stream of ``values`` channels takes between two stages."""
    return values // (
        min(i_group, o_group)
        if max(i_group, o_group) % min(i_group, o_group) == 0
        else gcd(i_group, o_group)
    )


def network_interval(plan: Plan) -> float:
    """Estimated initiation interval: cycles per image of the slowest stage or stream."""
    return max(limit.cycles for limit in limits(plan))


@dataclass(frozen=True)
class Limit:
    """Why an image takes so many cycles: "scan", "neurons", "input", "skip" or "skip input" of a
    stage, or what no folding changes.

    That is the network's "output", and the "memory port" through which its input comes.
    """

    stage: str
    what: str
    cycles: float


def limits(plan: Plan) -> list[Limit]:
    """All of them: what no folding changes, then in the order of the stages, so that of equal ones
    the first is what cannot be helped.
    """
    alone(plan.program)
    found: list[Limit] = [*ends(plan.graph, plan.board)]
    for stage in plan.stages:
        found += stage_limits(stage, plan.density)
    for edge in plan.edges:
        channels, height, width = plan.graph.shapes[edge.source]
        what = "input" if edge.port == "i" else "skip input"
        found.append(
            Limit(
                edge.target,
                what,
                edge_cycles(edge.i_group, edge.o_group, channels * height * width),
            )
        )
    return found


def ends(graph: Graph, board: str) -> tuple[Limit, Limit]:
    """What no folding changes: the memory port that an image comes through, and the output of one
    value a cycle.
    """
    values, port = prod(graph.shapes[graph.output.name]), graph.input
    words = prod(port.shape)
    bits = words * container_bits(port.code.steps, words)
    return Limit(port.name, "memory port", bits / find_board(board).memory_width), Limit(
        graph.output.name, "output", values
    )


def stage_limits(stage: Stage, density: dict[str, float]) -> list[Limit]:
    """What the stage's own scan, neurons and residual take."""
    found = [
        Limit(stage.name, "scan", expected_cycles(stage, density[stage.layer.source])),
        Limit(stage.name, "neurons", head_cycles(stage)),
    ]
    if stage.skip_stage is not None:
        found.append(Limit(stage.name, "skip", expected_cycles(stage.skip_stage, 1.0)))
    return found
