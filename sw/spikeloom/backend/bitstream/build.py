"""From a compiled network to a bitstream by one of the flows: Verilog for the clock, a folder for
the tools, the tools, the result.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol

from spikeloom.backend.bitstream import clocks, publish
from spikeloom.backend.bitstream.result import Built
from spikeloom.backend.yosys.resources import resources
from spikeloom.backend.yosys.synthesis import fits
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.files import save_json
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import find_board
from spikeloom.interface.handoff import SYSTEMS
from spikeloom.mapping.plan.plan import Plan
from spikeloom.progress import Progress

FLOWS = {"vivado": "spikeloom.backend.vivado.flow", "open": "spikeloom.backend.nextpnr.flow"}
"""Name -> module with ``TOOLS``, ``FAMILIES``, ``CLOCK_MHZ``, ``absent``, ``prepare``, ``build``
and ``collect``.
"""

REPORT = "post_route.json"

LOCK = ".bitstream.lock"

OOC_REPORT = "ooc_synth_and_timing.json"

Clock = float | Literal["auto"] | None


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
    work: the folder for the tools, complete. missing: tools that are not on PATH; nothing was built
        then.
    published: where the bitstream is; None without one. clock_mhz: that it is for.
    figures: what the tools say; empty where they did not run.
    """

    work: Path
    clock_mhz: float
    missing: tuple[str, ...] = ()
    published: Path | None = None
    figures: dict[str, Any] | None = None


def find_flow(name: str, plan: Plan) -> Any:
    """The module of a flow. Raises SpikeLoomError for one that does not exist, or not for this
    board.
    """
    if name not in FLOWS:
        raise SpikeLoomError(f"flow {name!r} is unknown: expected one of {', '.join(FLOWS)}")
    flow = import_module(FLOWS[name])
    board = find_board(plan.board)
    if board.family not in flow.FAMILIES:
        raise SpikeLoomError(
            f"--flow {name}: has no way to a bitstream for {board.name} ({board.part}); take --flow"
            " vivado"
        )
    return flow


def check_fit(network: Network, progress: Progress) -> None:
    """Raises CapacityError where Yosys finds that the network does not fit the board: in minutes,
    before a tool finds it in an hour.
    """
    board = find_board(network.plan.board)
    lines = fits(resources(network.folder, board.name, progress).total, board)
    if lines:
        raise CapacityError(
            f"{network.folder}: does not fit {board.name} ({'; '.join(lines)}); fold it smaller,"
            " see 'spikeloom synth'"
        )


def work_folder(network: Network, name: str, ooc: bool = False) -> Path:
    return network.folder / (f"{name}-ooc" if ooc else name)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Raises SpikeLoomError while another run builds in the same folder."""
    with (folder / LOCK).open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SpikeLoomError(
                f"{folder}: another 'spikeloom bitstream' builds in it; wait for its end, or end it"
            ) from None
        yield


def make(
    network: Network,
    name: str = "vivado",
    *,
    clock: Clock = None,
    ooc: bool = False,
    progress: Progress,
    shown: Callable[[str], None],
) -> Made:
    """Build the bitstream of a network, or write all that the missing tools need. The network's own
    folder keeps its clock.

    Arguments: name: of the flow. clock: in MHz; "auto" searches; None for the plan's, or the one
    that the flow begins with. ooc: only synthesise the shell with the network, out of context.
    shown: is told, in one line, what a user should know on the way. Raises SpikeLoomError where the
    network does not fit, the clock is not met, or a tool fails.
    """
    flow = find_flow(name, network.plan)
    if ooc and not hasattr(flow, "synthesise"):
        raise SpikeLoomError(
            "--ooc: is there with --flow vivado only; 'spikeloom synth' gives sizes with Yosys"
        )
    missing = tuple(flow.absent())
    if clock == "auto" and (missing or ooc):
        why = (
            "an out-of-context run routes nothing"
            if ooc
            else f"{', '.join(missing)} not found on PATH"
        )
        raise SpikeLoomError(
            f"--clock-mhz auto: searches by building, but {why}; give a clock in MHz"
        )
    wanted = clock if isinstance(clock, (int, float)) else flow.CLOCK_MHZ
    with locked(network.folder):
        there = network if wanted is None else network.clocked(float(wanted))
        if clock == "auto":
            check_fit(network, progress)
            return search(network, there.plan.clock_mhz, name, flow, progress, shown)
        work = work_folder(there, name, ooc)
        if ooc:
            flow.prepare(there.folder, work, ooc=True)
        else:
            flow.prepare(there.folder, work)
        if missing:
            return Made(work, there.plan.clock_mhz, missing)
        if ooc:
            return with_figures(network, there, work, flow.synthesise(work, progress), OOC_REPORT)
        check_fit(network, progress)
        return published(network, there, work, flow.build(work, progress), shown)


def search(
    network: Network,
    start_mhz: float,
    name: str,
    flow: Any,
    progress: Progress,
    shown: Callable[[str], None],
) -> Made:
    """The fastest clock that a few whole builds find to pass, and the bitstream for it."""

    def build(clock_mhz: float) -> Made:
        there = network.clocked(clock_mhz)
        work = work_folder(there, name)
        flow.prepare(there.folder, work)
        return published(network, there, work, flow.build(work, progress), shown)

    def say(one: clocks.Try) -> None:
        promised = "" if one.promised_mhz is None else f", {one.promised_mhz:.1f} MHz promised"
        shown(f"{one.clock_mhz:g} MHz: {'passed' if one.passed else 'not met'}{promised}")

    pll = SYSTEMS[find_board(network.plan.board).family].pll_mhz
    return clocks.search(
        start_mhz, pll, build, lambda made: float((made.figures or {})["fmax_mhz"]), say
    ).result


def with_figures(
    network: Network, there: Network, work: Path, figures: dict[str, Any], name: str
) -> Made:
    """The figures are written down."""
    save_json(network.folder / "report" / name, figures)
    return Made(work, there.plan.clock_mhz, figures=figures)


def published(
    network: Network, there: Network, work: Path, built: Built, shown: Callable[[str], None]
) -> Made:
    """What a flow made for the network in ``there`` is published, as the last step."""
    target = publish.place(network.folder, manifests.load(there.folder))
    publish.check(built, there.folder, manifests.load(there.folder))
    made = with_figures(network, there, work, built.report, REPORT)
    replaced = publish.described(target)
    publish.publish(built, there.folder, target)
    if replaced:
        shown(f"{target}: replaces the bitstream {replaced}")
    return replace(made, published=target)


def collect(
    network: Network, name: str, folder: Path, *, ooc: bool = False, shown: Callable[[str], None]
) -> Made:
    """What the tools made in a folder of :func:`make` on another machine. Raises SpikeLoomError
    where it is not this network's.
    """
    flow = find_flow(name, network.plan)
    if not (folder / "manifest.json").is_file():
        raise SpikeLoomError(
            f"{folder}: expected the folder in which the tools have run, with its manifest.json,"
            " found none"
        )
    given = manifests.load(folder)
    if not publish.same_network(given, manifests.load(network.folder)):
        raise SpikeLoomError(
            f"{folder}: expected what was made of {network.folder}, found another network or plan"
            f" ({given.name})"
        )
    with locked(network.folder):
        there = network.clocked(given.clock_mhz)
        rtl = there.folder / "rtl"
        for path in sorted([*rtl.glob("*.v"), *rtl.glob("*.mem")]):
            other = folder / "rtl" / path.name
            if other.is_file() and other.read_bytes() != path.read_bytes():
                raise SpikeLoomError(
                    f"{other}: expected the Verilog of {path}, found another; build in the folder"
                    " as it was written"
                )
        if ooc:
            return with_figures(network, there, folder, flow.collect_ooc(folder), OOC_REPORT)
        return published(network, there, folder, flow.collect(folder), shown)
