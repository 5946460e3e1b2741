"""From a compiled network to a bitstream by one of the flows: Verilog for the clock, a folder for the tools, the tools, the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol

from spikeloom import manifest as manifests
from spikeloom.bitstream import clocks, publish
from spikeloom.bitstream.built import Built
from spikeloom.boards import find_board
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.files import save_json
from spikeloom.hwh import SYSTEMS
from spikeloom.plan import Plan
from spikeloom.synth.resources import resources
from spikeloom.synth.synthesis import fits

FLOWS = {"vivado": "spikeloom.bitstream.vivado.flow", "open": "spikeloom.bitstream.nextpnr.flow"}
"""Name -> module with ``TOOLS``, ``FAMILIES``, ``CLOCK_MHZ``, ``absent``, ``prepare``, ``build`` and ``collect``."""

REPORT = "post_route.json"

OOC_REPORT = "ooc_synth_and_timing.json"

Clock = float | Literal["auto"] | None

Progress = Callable[[str, int, int], None]


class Network(Protocol):
    """A compiled network in its folder, as the facade has it."""

    @property
    def folder(self) -> Path: ...
    @property
    def plan(self) -> Plan: ...
    def clocked(self, clock_mhz: float) -> Network:
        """The same network, planned and emitted for another clock."""
        ...


@dataclass(frozen=True)
class Made:
    """What came of it.

    Attributes
    ----------
    work: the folder for the tools, complete. missing: tools that are not on PATH; nothing was built then.
    published: where the bitstream is; None without one. clock_mhz: that it is for.
    figures: what the tools say; empty where they did not run.
    """

    work: Path
    clock_mhz: float
    missing: tuple[str, ...] = ()
    published: Path | None = None
    figures: dict[str, Any] | None = None


def find_flow(name: str, plan: Plan) -> Any:
    """The module of a flow. Raises SpikeLoomError for one that does not exist, or not for this board."""
    if name not in FLOWS:
        raise SpikeLoomError(f"flow {name!r} is unknown: expected one of {', '.join(FLOWS)}")
    flow = import_module(FLOWS[name])
    board = find_board(plan.board)
    if board.family not in flow.FAMILIES:
        raise SpikeLoomError(f"--flow {name}: has no way to a bitstream for {board.name} ({board.part}); take --flow vivado")
    return flow


def admit(network: Network, progress: Progress) -> None:
    """Raises CapacityError where Yosys finds that the network does not fit the board: in minutes, before a tool finds it in an hour."""
    board = find_board(network.plan.board)
    lines = fits(resources(network.folder, board.name, progress).total, board)
    if lines:
        raise CapacityError(f"{network.folder}: does not fit {board.name} ({'; '.join(lines)}); fold it smaller, see 'spikeloom synth'")


def work_folder(network: Network, name: str, ooc: bool = False) -> Path:
    return network.folder / (f"{name}-ooc" if ooc else name)


def at_clock(network: Network, flow: Any, clock: Clock, shown: Callable[[str], None]) -> Network:
    """The network for the clock that is wanted, or that the flow begins with; as it is where that is its clock already."""
    wanted = clock if isinstance(clock, (int, float)) else flow.CLOCK_MHZ
    before = network.plan.clock_mhz
    if wanted is None or wanted == before:
        return network
    made = network.clocked(float(wanted))
    shown(f"{network.folder}: planned and emitted anew for {wanted:g} MHz, was {before:g}; --clock-mhz takes another")
    return made


def make(
    network: Network, name: str = "vivado", *, clock: Clock = None, ooc: bool = False, progress: Progress, shown: Callable[[str], None]
) -> Made:
    """Build the bitstream of a network, or write all that the missing tools need.

    Arguments: name: of the flow. clock: in MHz; "auto" searches; None for the plan's, or the one that the flow begins with.
    ooc: only synthesise the shell with the network, out of context. shown: is told, in one line, what a user should know on the way.
    Raises SpikeLoomError where the network does not fit, the clock is not met, or a tool fails.
    """
    flow = find_flow(name, network.plan)
    if ooc and not hasattr(flow, "synthesise"):
        raise SpikeLoomError("--ooc: is there with --flow vivado only; 'spikeloom synth' gives sizes with Yosys")
    missing = tuple(flow.absent())
    if clock == "auto" and (missing or ooc):
        why = "an out-of-context run routes nothing" if ooc else f"{', '.join(missing)} not found on PATH"
        raise SpikeLoomError(f"--clock-mhz auto: searches by building, but {why}; give a clock in MHz")
    network = at_clock(network, flow, clock, shown)
    work = work_folder(network, name, ooc)
    if ooc:
        flow.prepare(network.folder, work, ooc=True)
        if missing:
            return Made(work, network.plan.clock_mhz, missing)
        return figured(network, work, flow.synthesise(work, progress), OOC_REPORT)
    if clock == "auto":
        admit(network, progress)
        return search(network, name, flow, progress, shown)
    flow.prepare(network.folder, work)
    if missing:
        return Made(work, network.plan.clock_mhz, missing)
    admit(network, progress)
    return finished(network, work, flow.build(work, progress))


def search(network: Network, name: str, flow: Any, progress: Progress, shown: Callable[[str], None]) -> Made:
    """The fastest clock that a few whole builds find to pass, and the bitstream for it."""
    now, work = network, work_folder(network, name)

    def emit(clock_mhz: float) -> None:
        nonlocal now
        now = now.clocked(clock_mhz)

    def build(clock_mhz: float) -> Built:
        flow.prepare(now.folder, work)
        built: Built = flow.build(work, progress)
        publish.publish(built, now.folder, publish.place(now.folder, manifests.load(now.folder)))
        return built

    def say(one: clocks.Try) -> None:
        promised = "" if one.promised_mhz is None else f", {one.promised_mhz:.1f} MHz promised"
        shown(f"{one.clock_mhz:g} MHz: {'passed' if one.passed else 'not met'}{promised}")

    pll = SYSTEMS[find_board(network.plan.board).family].pll_mhz
    found = clocks.search(network.plan.clock_mhz, pll, emit, build, lambda built: float(built.report["fmax_mhz"]), say)
    return figured(now, work, found.result.report, REPORT, publish.place(now.folder, manifests.load(now.folder)))


def figured(network: Network, work: Path, figures: dict[str, Any], name: str, published: Path | None = None) -> Made:
    """The figures are written down."""
    save_json(network.folder / "report" / name, figures)
    return Made(work, network.plan.clock_mhz, published=published, figures=figures)


def finished(network: Network, work: Path, built: Built) -> Made:
    """What a flow made is published."""
    target = publish.publish(built, network.folder, publish.place(network.folder, manifests.load(network.folder)))
    return figured(network, work, built.report, REPORT, target)


def collect(network: Network, name: str, folder: Path) -> Made:
    """What the tools made in a folder of :func:`make` on another machine. Raises SpikeLoomError where it is not this network's."""
    flow = find_flow(name, network.plan)
    if not folder.is_dir():
        raise SpikeLoomError(f"{folder}: expected the folder in which the tools have run, found none")
    return finished(network, folder, flow.collect(folder))
