"""From a network to a plan: which body each stage gets, and how many of everything.

Start with one of everything and keep doubling what is slowest, until the goal or the budget is reached. With a target the goal
is its frame rate and the budget 70 % of the board. Without one the goal is an interval of ``MODEST_INTERVAL`` cycles and the
budget half of the board, and of its registers a fifth, so that small networks stay small; the block RAM of the smallest plan and
half as much again is allowed in any case. A budget is for everything, shell and counters included. Cycles and resources are the
estimates of :mod:`spikeloom.estimate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from math import inf, log2
from numbers import Real
from pathlib import Path
from typing import Any

from spikeloom import golden
from spikeloom.boards import Board, find_board, find_clock
from spikeloom.code import Ints
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.estimate.cost import Cost
from spikeloom.estimate.cycles import Limit, expected_cycles, limits, network_interval, stage_limits
from spikeloom.estimate.resources import plan_costs, table_lut
from spikeloom.files import load_json
from spikeloom.graph import Graph, Layer, Pool
from spikeloom.plan import BODIES, Folding, Plan, Stage
from spikeloom.room import Room

ASSUMED_DENSITY = 0.25
MODEST_INTERVAL = 2_000
TARGET_SHARE = 0.7
MODEST_SHARE = 0.5
MODEST_FF_SHARE = 0.21
"""Of a PYNQ-Z2 the plans of the default networks take up to 46 % of the LUTs and 20 % of the registers by estimate, shell and counters
included; they are what the README measures. The next larger plan of ``events-cnn-lif`` would take 22 % of the registers."""
MAX_WINDOWS = 8
MAX_BANKS = 8

Overrides = Mapping[str, Mapping[str, Any]]


def measure_density(graph: Graph, words: Ints) -> dict[str, float]:
    """Share of set bits of every node's words on calibration input words (N, C, H, W)."""
    trace, codes = golden.trace(graph, words), graph.codes
    return {name: round(float(code.planes(trace[name]).mean()), 6) for name, code in codes.items() if code is not None}


def schedule(
    graph: Graph,
    board: str,
    density: Mapping[str, float] | None = None,
    *,
    target_fps: float | None = None,
    clock_mhz: float | None = None,
    overrides: Overrides | None = None,
    rooms: Mapping[str, Room] | None = None,
    density_source: str = "measured on calibration inputs",
) -> Plan:
    """Choose body and folding of every stage.

    Parameters
    ----------
    density: share of set bits per node, see :func:`measure_density`; without it a quarter is assumed.
    target_fps: frames per second that the plan must reach by estimate.
    clock_mhz: the board's usual clock if not given.
    overrides: node -> folding numbers that are set by hand; such a node is left alone.
    rooms: what the weights of each layer may become at run time; fixed without.

    Raises
    ------
    CapacityError: the network does not fit, or not at the target.
    SpikeLoomError: unknown board, or an override that is not legal.
    """
    chosen, clock = checked(board, clock_mhz, target_fps)
    names = [name for name, code in graph.codes.items() if code is not None]
    if density is None:
        known, density_source = dict.fromkeys(names, ASSUMED_DENSITY), f"assumed {ASSUMED_DENSITY} (no calibration inputs)"
    else:
        known = {name: float(density[name]) for name in names}
    foldings, fixed = first_foldings(graph, overrides or {})
    plan = Plan(graph, foldings, chosen.name, clock, known, density_source, dict(rooms or {}))
    goal = MODEST_INTERVAL if target_fps is None else clock * 1e6 / target_fps
    most = budget(chosen, TARGET_SHARE)
    plan = grow(plan, fixed, goal, modest(chosen) if target_fps is None else most, most)
    if target_fps is not None and network_interval(plan) > goal:
        slowest = max(limits(plan), key=lambda limit: limit.cycles)
        raise CapacityError(
            f"{target_fps:g} frames per second are not reached on {board}: the best estimate is {clock * 1e6 / slowest.cycles:.0f} at"
            f" {clock:g} MHz, {slowest.cycles:.0f} cycles an image ({slowest.stage}, {slowest.what}); lower the target, raise the clock, or"
            " take a larger board"
        )
    return plan


def checked(board: str, clock_mhz: float | None, target_fps: float | None) -> tuple[Board, float]:
    """The board, and its clock in MHz. Raises SpikeLoomError on one that is not known, a clock out of range, a target that is no rate."""
    chosen = find_board(board)
    for name, value in (("target_fps", target_fps), ("clock_mhz", clock_mhz)):
        if value is not None and not isinstance(value, Real):
            raise SpikeLoomError(f"{name}: expected a number, got {value!r}")
    if target_fps is not None and not 0 < target_fps < inf:
        raise SpikeLoomError(f"target must be a number of frames per second above zero, got {target_fps:g}")
    return chosen, find_clock(chosen, clock_mhz)


def first_foldings(graph: Graph, overrides: Overrides) -> tuple[dict[str, Folding], set[str]]:
    """One of everything for every node but what is set by hand, and the nodes concerned."""
    foldings = {node.name: first_folding(graph, node) for node in graph.nodes[1:] if isinstance(node, (Layer, Pool))}
    return foldings, apply_overrides(foldings, overrides)


def admit(graph: Graph, board: str, overrides: Overrides | None = None) -> None:
    """Raises CapacityError where not even the smallest plan fits the board, which can be told before anything is proven."""
    chosen = find_board(board)
    plan = Plan(graph, first_foldings(graph, overrides or {})[0], chosen.name, chosen.clock_mhz, {}, "")
    _check_room(plan, total(plan), budget(chosen, TARGET_SHARE))


def _check_room(plan: Plan, need: Cost, most: Cost) -> None:
    """Raises CapacityError naming the threshold tables where they alone are too much, else the whole network."""
    if not over(need, most):
        return
    tables = {stage.name: table_lut(stage) for stage in plan.stages}
    if need.bram18 <= most.bram18 and need.lut - sum(tables.values()) <= most.lut:
        name = max(tables, key=lambda name: tables[name])
        code = plan[name].o_code
        assert code is not None
        count = f"{plan[name].o_shape[0]} x {(1 << code.steps) - 1}"
        raise CapacityError(
            f"{name}: its table of {count} thresholds is estimated at {tables[name]} LUT, the network at {need.lut}, more than the"
            f" {most.lut} that may be used of {plan.board}; train with power-of-two scales (power_of_two=True, base 2), use fewer time"
            " steps, or take a larger board"
        )
    raise CapacityError(
        f"the smallest plan is estimated at {need.lut} LUT and {need.bram18} RAMB18, more than the {most.lut} and {most.bram18} that may"
        f" be used of {plan.board}; take a larger board or a smaller network"
    )


def budget(board: Board, share: float) -> Cost:
    return Cost(*(int(there * share) for there in (board.lut, board.ff, 2 * board.bram36, board.dsp, board.uram)))


def modest(board: Board) -> Cost:
    """What a plan without a target may take."""
    return replace(budget(board, MODEST_SHARE), ff=int(board.ff * MODEST_FF_SHARE))


def total(plan: Plan) -> Cost:
    """Layers, counters and shell."""
    return sum(plan_costs(plan).values(), Cost())


def divisor_near(whole: int, wanted: float) -> int:
    """The divisor of ``whole`` nearest to ``wanted`` on a logarithmic scale."""
    return min((d for d in range(1, whole + 1) if whole % d == 0), key=lambda d: abs(log2(d / wanted)))


def doubled(value: int, whole: int, largest: int | None = None) -> int | None:
    """The least divisor of ``whole`` that is at least twice ``value``, the largest if there is none, None if that is no more."""
    found = [d for d in range(value + 1, min(whole, largest or whole) + 1) if whole % d == 0]
    return next((d for d in found if d >= 2 * value), found[-1] if found else None)


def first_folding(graph: Graph, node: Layer | Pool) -> Folding:
    """The body that fits the node, with one of everything; queue words of about 24 flags."""
    if isinstance(node, Pool):
        return Folding("max" if node.kind == "max" else "depthwise", 1)
    inputs, outputs = int(node.weight.shape[1]), int(node.weight.shape[0]) // node.groups
    if (inputs, outputs) == (1, 1):
        return Folding("depthwise", 1)
    if inputs <= 4:  # too few channels for a scan to skip anything
        return Folding("parallel" if graph.code(node.source).base == 2 else "dense", inputs)
    return Folding("event", divisor_near(inputs, 24))


def apply_overrides(foldings: dict[str, Folding], overrides: Overrides) -> set[str]:
    """Set folding numbers by hand; returns the nodes concerned."""
    known = {field.name for field in fields(Folding)}
    for name, numbers in overrides.items():
        if name not in foldings:
            raise SpikeLoomError(f"folding: {name!r} is no node of the network; expected some of {', '.join(foldings)}")
        if not isinstance(numbers, Mapping) or not numbers.keys() <= known:
            odd = numbers if not isinstance(numbers, Mapping) else ", ".join(sorted(map(str, numbers.keys() - known)))
            raise SpikeLoomError(f"folding of {name}: expected numbers for {', '.join(sorted(known))}, found {odd}")
        for key, value in numbers.items():
            if key != "body" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise SpikeLoomError(f"folding of {name}: {key} must be a whole number above zero, got {value!r}")
            if key == "body" and value not in BODIES:
                raise SpikeLoomError(f"folding of {name}: body must be one of {', '.join(BODIES)}, got {value!r}")
        made = replace(foldings[name], **numbers)
        if made.body in ("depthwise", "max") and ("group" in numbers) != ("elements" in numbers):
            both = made.group if "group" in numbers else made.elements
            made = replace(made, group=both, elements=both)
        foldings[name] = made
    return set(overrides)


def read_overrides(path: str | Path) -> Overrides:
    """Folding numbers by node from a JSON file: ``{"conv1": {"elements": 8, "windows": 2}}``."""
    content = load_json(Path(path), "folding numbers by node")
    if not isinstance(content, dict):
        raise SpikeLoomError(f"{path}: expected an object of nodes, found {type(content).__name__}")
    return content


def grow(plan: Plan, fixed: set[str], goal: float, wish: Cost, most: Cost) -> Plan:
    """Double the slowest until all limits are within ``goal``, nothing helps, or ``wish`` would be exceeded."""
    smallest = total(plan)
    _check_room(plan, smallest, most)
    spare = smallest.bram18 * 3 // 2
    wish = replace(wish, bram18=min(max(wish.bram18, spare), most.bram18))
    while True:
        slowest = max(limits(plan), key=lambda limit: limit.cycles)
        if slowest.cycles <= goal:
            return plan
        for name, folding in moves(plan, slowest):
            if name in fixed:
                continue
            larger = replace(plan, foldings=plan.foldings | {name: folding})
            limit = next(item for item in limits(larger) if (item.stage, item.what) == (slowest.stage, slowest.what))
            if limit.cycles < 0.95 * slowest.cycles and not over(total(larger), wish):
                plan = larger
                break
        else:
            return plan


def over(need: Cost, most: Cost) -> bool:
    """Whether any resource is exceeded."""
    return any(getattr(need, field.name) > getattr(most, field.name) for field in fields(Cost))


def moves(plan: Plan, limit: Limit) -> Iterator[tuple[str, Folding]]:
    """What may relieve a limit, best first: (stage, its new folding)."""
    if limit.what == "output":
        return
    stage = plan[limit.stage]
    if limit.what == "neurons":
        neurons = doubled(stage.folding.neurons, stage.folding.elements)
        if neurons:
            yield stage.name, replace(stage.folding, neurons=neurons)
    if limit.what in ("input", "skip input"):
        edge = next(e for e in plan.edges if e.target == stage.name and (e.port == "i") == (limit.what == "input"))
        if edge.source != plan.graph.input.name:
            producer = plan[edge.source]
            yield from ((producer.name, folding) for folding in wider(producer) if folding.elements > producer.folding.elements)
        yield from ((stage.name, folding) for folding in wider(stage) if folding != stage.folding)
        return
    yield from ((stage.name, folding) for folding in wider(stage))


def wider(stage: Stage) -> Iterator[Folding]:
    """Elements first, then the second port, then windows, then banks."""
    f = stage.folding
    windows = doubled(f.windows, stage.o_shape[2], MAX_WINDOWS)
    inputs, outputs = stage.i_shape[0] // stage.groups, stage.o_shape[0] // stage.groups
    if f.body in ("depthwise", "max"):
        elements = doubled(f.elements, stage.i_shape[0])
        if elements:
            yield replace(f, group=elements, elements=elements)
    else:
        elements = doubled(f.elements, outputs)
        if elements:
            yield replace(f, elements=elements)
        if f.body == "event" and f.ports == 1:
            yield replace(f, ports=2)
    if windows:
        yield replace(f, windows=windows)
    if f.body in ("dense", "parallel"):
        group = doubled(f.group, inputs)
        if group:
            yield replace(f, group=group)
    if f.body == "event":
        group = doubled(f.group, inputs)
        if group and group % f.group == 0 and f.banks * (group // f.group) <= MAX_BANKS:
            yield replace(f, group=group, banks=f.banks * (group // f.group))
        banks = doubled(f.banks, f.group, MAX_BANKS)
        if banks:
            yield replace(f, banks=banks)


@dataclass(frozen=True)
class Row:
    """One stage of a plan as a report shows it; ``cycles`` and ``cost`` are estimates."""

    stage: str
    folding: Folding
    cycles: float
    limit: str
    cost: Cost


def explain(plan: Plan) -> list[Row]:
    """Per stage: folding, busy cycles per image, what limits it ("scan", "neurons", "skip"), and resources."""
    rows, costs = [], plan_costs(plan)
    for stage in plan.stages:
        limit = max(stage_limits(stage, plan.density), key=lambda item: item.cycles)
        cycles = expected_cycles(stage, plan.density[stage.layer.source])
        rows.append(Row(stage.name, stage.folding, cycles, limit.what, costs[stage.name]))
    return rows
