"""From a network to a plan: which body each stage gets, and how many of everything.

Without a goal the plan is modest (:mod:`spikeloom.mapping.search.modest`). With a frame rate it is
the smallest one that reaches it, and with ``max_throughput`` the fastest one that fits: both are
searched for among all legal foldings of all stages. Cycles and resources are the estimates of
:mod:`spikeloom.mapping.estimate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from numbers import Real

from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.interface.boards import Board, find_board, find_clock
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Ints
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import (
    ends,
    expected_cycles,
    limits,
    network_interval,
    stage_limits,
)
from spikeloom.mapping.estimate.resources import plan_costs, table_lut
from spikeloom.mapping.plan.headroom import Room
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom.mapping.search.budget import (
    TARGET_SHARE,
    allowed,
    budget,
    exceeded,
    modest,
    over,
    total,
)
from spikeloom.mapping.search.calibrate import settled
from spikeloom.mapping.search.fastest import Fastest, fastest
from spikeloom.mapping.search.menu import Menus
from spikeloom.mapping.search.modest import MODEST_INTERVAL, grow
from spikeloom.mapping.search.overrides import Overrides, first_foldings
from spikeloom.mapping.search.overrides import read_overrides as read_overrides
from spikeloom.mapping.search.prices import Fit, Fitting
from spikeloom.progress import Progress, silent

ASSUMED_DENSITY = 0.25


@dataclass(frozen=True)
class Goal:
    """What a plan is made for: a frame rate in frames per second, as many as fit, or neither;
    ``share`` of the logic may be used.
    """

    target_fps: float | None = None
    max_throughput: bool = False
    share: float | None = None

    def __post_init__(self) -> None:
        if self.target_fps is not None and not isinstance(self.target_fps, Real):
            raise SpikeLoomError(f"target_fps: expected a number, got {self.target_fps!r}")
        if self.target_fps is not None and not 0 < self.target_fps < inf:
            raise SpikeLoomError(
                f"target must be a number of frames per second above zero, got {self.target_fps:g}"
            )
        if self.target_fps is not None and self.max_throughput:
            raise SpikeLoomError(
                "expected a target or the largest throughput, found both; leave one away"
            )
        if self.share is not None and not self.searched:
            raise SpikeLoomError(
                "share: expected a target or the largest throughput with it, found neither; without"
                " them a plan is modest"
            )

    @property
    def searched(self) -> bool:
        return self.max_throughput or self.target_fps is not None


def density_of(graph: Graph, trace: Mapping[str, Ints]) -> dict[str, float]:
    """Share of set bits of every node's words, node -> (N, C, H, W)."""
    return {
        name: round(float(code.planes(trace[name]).mean()), 6)
        for name, code in graph.codes.items()
        if code is not None
    }


def schedule(
    graph: Graph,
    board: str,
    density: Mapping[str, float] | None = None,
    *,
    words: Ints | None = None,
    target_fps: float | None = None,
    max_throughput: bool = False,
    share: float | None = None,
    clock_mhz: float | None = None,
    overrides: Overrides | None = None,
    rooms: Mapping[str, Room] | None = None,
    progress: Progress = silent,
) -> Plan:
    """Choose body and folding of every stage.

    Parameters
    ----------
    words: of calibration inputs, (N, C, H, W): on them the share of set bits is measured, and how
        long the scans take, and by them channels are dealt to banks.
    density: share of set bits per node, each bit by itself, where there are no such words; without
        either a quarter is assumed.
    target_fps: frames per second that the plan must reach by estimate; it is the smallest one
        found.
    max_throughput: whether the plan is to be the fastest one that fits.
    share: of the board's LUTs and registers that may be used, with either of both; 0.7 if None.
    clock_mhz: the board's usual clock if not given.
    overrides: node -> folding numbers that are set by hand; such a node is left alone.
    rooms: what the weights of each layer may become at run time; fixed without.

    Raises
    ------
    CapacityError: the network does not fit, or not at the target.
    SpikeLoomError: unknown board, or an override that is not legal.
    """
    goal = Goal(target_fps, max_throughput, share)
    chosen, clock = checked(board, clock_mhz, goal)
    foldings, fixed = first_foldings(graph, overrides or {})
    trace = None if words is None else golden.trace(graph, words)
    source = "measured on calibration inputs"
    if trace is not None:
        known = density_of(graph, trace)
    elif density is not None:
        known = {
            name: float(density[name]) for name, code in graph.codes.items() if code is not None
        }
    else:
        known = {name: ASSUMED_DENSITY for name, code in graph.codes.items() if code is not None}
        source = f"assumed {ASSUMED_DENSITY} (no calibration inputs)"
    plan = Plan(graph, foldings, chosen.name, clock, known, source, dict(rooms or {}))

    def choose(start: Plan, aim: float) -> Plan:
        if goal.searched:
            return searched(start, fixed, goal, aim, progress)
        most = budget(chosen, TARGET_SHARE)
        _check_room(start, total(start), most)
        return grow(start, fixed, MODEST_INTERVAL, modest(chosen), most)

    interval = 0.0 if goal.target_fps is None else clock * 1e6 / goal.target_fps
    if trace is None:
        return choose(plan, interval)
    if goal.target_fps is None:
        return settled(plan, trace, choose, interval, rounds=2 if goal.searched else 1)
    found = settled(plan, trace, choose, interval)
    if network_interval(found) > interval:
        slowest = max(limits(found), key=lambda limit: limit.cycles)
        raise CapacityError(
            f"{goal.target_fps:g} frames per second are not reached on {board}: on the calibration"
            f" inputs the best plan takes {shown(slowest.cycles)} cycles an image ({slowest.stage},"
            f" {slowest.what}), {clock * 1e6 / slowest.cycles:.0f} at {clock:g} MHz; lower the"
            " target, raise the clock or the share, or take a larger board"
        )
    return found


def checked(board: str, clock_mhz: float | None, goal: Goal) -> tuple[Board, float]:
    """The board, and its clock in MHz. Raises SpikeLoomError on a board or share that is none, and
    a clock out of range.
    """
    chosen = find_board(board)
    if clock_mhz is not None and not isinstance(clock_mhz, Real):
        raise SpikeLoomError(f"clock_mhz: expected a number, got {clock_mhz!r}")
    allowed(chosen, goal.share)
    return chosen, find_clock(chosen, clock_mhz)


def searched(plan: Plan, fixed: set[str], goal: Goal, interval: float, progress: Progress) -> Plan:
    """The smallest plan within ``interval`` cycles, or the fastest that fits. Raises CapacityError
    where there is none.
    """
    most = allowed(find_board(plan.board), goal.share)
    fitting = Fitting(Menus(plan, fixed), most)
    if goal.target_fps is None:
        return the_fastest(fitting, plan, most, progress).fit.plan
    wanted = fitting.fit(interval)
    found = wanted if wanted is None or wanted.share <= 1 else fitting.fit(interval, enough=True)
    if found is not None:
        return found.plan
    raise CapacityError(
        refusal(goal.target_fps, wanted, the_fastest(fitting, plan, most, progress), most)
    )


def the_fastest(fitting: Fitting, plan: Plan, most: Cost, progress: Progress) -> Fastest:
    """Raises CapacityError where not even the slowest plan fits."""
    least = max(limit.cycles for limit in ends(plan.graph, plan.board))
    best = fastest(fitting, network_interval(plan), least, most, progress)
    if best is not None:
        return best
    smallest = fitting.fit(network_interval(plan))
    need = total(plan) if smallest is None else smallest.need
    _check_room(plan, need, most)
    raise CapacityError(
        f"{plan.board}: no plan was found that fits; set folding numbers by hand, or take a larger"
        " board"
    )


def refusal(target_fps: float, wanted: Fit | None, best: Fastest, most: Cost) -> str:
    """Why a target is not reached, what it would take, and what is."""
    plan = best.fit.plan
    slowest = max(limits(plan), key=lambda limit: limit.cycles)
    end = max(ends(plan.graph, plan.board), key=lambda limit: limit.cycles)
    if end.cycles > plan.clock_mhz * 1e6 / target_fps:
        why = (
            f"no folding is that fast, the {end.what} alone takes {shown(end.cycles)} cycles an"
            " image"
        )
    else:
        why = (
            "no folding is that fast"
            if wanted is None
            else f"the smallest plan needs {exceeded(wanted.need, most)} that may be used"
        )
    bound = f"; more {best.bound} would make it faster" if best.bound else ""
    return (
        f"{target_fps:g} frames per second are not reached on {plan.board}: {why}; the best"
        f" estimate is {plan.clock_mhz * 1e6 / slowest.cycles:.0f} at {plan.clock_mhz:g} MHz,"
        f" {shown(slowest.cycles)} cycles an image ({slowest.stage}, {slowest.what}){bound}; lower"
        " the target, raise the clock or the share, or take a larger board"
    )


def shown(cycles: float) -> str:
    """Cycles of an image; where they are few, decimals as well."""
    return f"{cycles:.0f}" if cycles >= 100 else f"{cycles:.4g}"


def admit(
    graph: Graph, board: str, overrides: Overrides | None = None, goal: Goal | None = None
) -> None:
    """Raises CapacityError where not even the smallest plan fits the board, which can be told
    before anything is proven.
    """
    chosen, wanted = find_board(board), goal or Goal()
    foldings, fixed = first_foldings(graph, overrides or {})
    known = dict.fromkeys(graph.codes, ASSUMED_DENSITY)
    plan = Plan(graph, foldings, chosen.name, chosen.clock_mhz, known, "")
    most = allowed(chosen, wanted.share) if wanted.searched else budget(chosen, TARGET_SHARE)
    if wanted.searched and over(total(plan), most):
        smaller = Fitting(Menus(plan, fixed), most).fit(network_interval(plan), enough=True)
        if smaller is not None:
            return
    _check_room(plan, total(plan), most)


def _check_room(plan: Plan, need: Cost, most: Cost) -> None:
    """Raises CapacityError naming the threshold tables where the network would fit without them,
    else what is too much.
    """
    if not over(need, most):
        return
    tables = {stage.name: table_lut(stage) for stage in plan.stages}
    if not over(replace(need, lut=need.lut - sum(tables.values())), most):
        name = max(tables, key=lambda name: tables[name])
        code = plan[name].o_code
        assert code is not None
        count = f"{plan[name].o_shape[0]} x {(1 << code.steps) - 1}"
        raise CapacityError(
            f"{name}: its table of {count} thresholds is estimated at {tables[name]} LUT, the"
            f" network at {need.lut}, more than the {most.lut} that may be used of {plan.board};"
            " train with power-of-two scales (power_of_two=True, base 2), use fewer time steps, or"
            " take a larger board"
        )
    raise CapacityError(
        f"the smallest plan is estimated at {need.lut} LUT and {need.bram18} RAMB18, more than may"
        f" be used of {plan.board}: {exceeded(need, most)}; take a larger board or a smaller"
        " network"
    )


@dataclass(frozen=True)
class Row:
    """One stage of a plan as a report shows it; ``cycles`` and ``cost`` are estimates."""

    stage: str
    folding: Folding
    cycles: float
    limit: str
    cost: Cost


def explain(plan: Plan) -> list[Row]:
    """Per stage: folding, busy cycles per image, what limits it ("scan", "neurons", "skip"), and
    resources.
    """
    rows, costs = [], plan_costs(plan)
    for stage in plan.stages:
        limit = max(stage_limits(stage, plan.density), key=lambda item: item.cycles)
        cycles = expected_cycles(stage, plan.density[stage.layer.source])
        rows.append(Row(stage.name, stage.folding, cycles, limit.what, costs[stage.name]))
    return rows
