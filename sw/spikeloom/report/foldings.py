"""Why the plan is folded as it is: ``estimate_folding.json``, and the line that ``spikeloom
compile`` ends with. All of it is estimated.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikeloom.display import Table, count, rate, signed
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json, save_json
from spikeloom.interface.boards import BOARDS
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom.mapping.search.budget import NAMES, tightest
from spikeloom.mapping.search.explain import Other, Reason, Reasons, reasons
from spikeloom.report.estimates import UNITS, units

FILE = "estimate_folding.json"

TERMS = (
    "faster: the smallest of the foldings of a layer that are faster, smaller: the fastest of those"
    " that take less, the other layers as they are; more: what the network would take more, less"
    " below zero"
)

NUMBERS = ("group", "banks", "ports", "elements", "windows", "neurons")
"""Of a folding, in the order in which they are told."""


def folding_text(folding: Folding) -> str:
    """A folding in words: what is 1 is left away."""
    numbers = [f"{name} {getattr(folding, name)}" for name in NUMBERS if getattr(folding, name) > 1]
    memory = (
        []
        if folding.weights == "auto"
        else [{"lut": "weights in LUTs", "block": "weights in block RAM"}[folding.weights]]
    )
    return ", ".join([folding.body, *numbers, *memory])


def neighbour(found: Other | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "folding": vars(found.folding),
        "in words": folding_text(found.folding),
        "cycles": round(found.cycles),
        "more": units(found.more),
    }


def layer(reason: Reason) -> dict[str, Any]:
    folding = reason.stage.folding
    return {
        "folding": vars(folding),
        "in words": folding_text(folding),
        "cycles": round(reason.limit.cycles),
        "limit": reason.limit.what,
        "faster": neighbour(reason.faster),
        "smaller": neighbour(reason.smaller),
    }


def contents(plan: Plan, found: Reasons) -> dict[str, Any]:
    """What the file holds."""
    tight, share = tightest(found.need, found.allowed)
    board = BOARDS.get(plan.board)
    there = Cost(board.lut, board.ff, 2 * board.bram36, board.dsp, board.uram) if board else None
    return {
        "source": "estimated",
        "how": f"closed form, share of set bits {plan.density_source}; {TERMS}",
        "slowest": {
            "layer": found.slowest.stage,
            "limit": found.slowest.what,
            "cycles": round(found.slowest.cycles),
        },
        "tightest": {"resource": tight, "share of allowed": round(share, 4)},
        "total": units(found.need),
        "allowed": units(found.allowed),
        "available": units(there) if there else None,
        "layers": {reason.stage.name: layer(reason) for reason in found.stages},
    }


def write(plan: Plan, folder: Path, share: float | None = None) -> None:
    """Write the file; ``share`` of the board's logic may be used."""
    save_json(folder / FILE, contents(plan, reasons(plan, share)))


def read(folder: Path) -> dict[str, Any]:
    """What a folder's file holds. Raises SpikeLoomError where there is none, or it is damaged."""
    found = load_json(folder / FILE, "the foldings of 'spikeloom compile'")
    keys = ("slowest", "tightest", "total", "allowed", "layers")
    if not isinstance(found, dict) or not all(isinstance(found.get(key), dict) for key in keys):
        raise SpikeLoomError(
            f"{folder / FILE}: expected {', '.join(keys)}, found something else; compile the"
            " network again"
        )
    return found


def table(found: dict[str, Any]) -> Table:
    """A row per layer: folding, what bounds it, and what its neighbours in size are."""
    heads = (
        "layer",
        "folding",
        "cycles per image, and of what",
        "the smallest that is faster",
        "the fastest that is smaller",
    )
    rows = tuple(
        (
            name,
            layer["in words"],
            f"{count(layer['cycles'])} ({layer['limit']})",
            neighbour_text(layer["faster"]),
            neighbour_text(layer["smaller"]),
        )
        for name, layer in found["layers"].items()
    )
    return Table("foldings", heads, rows)


def neighbour_text(found: dict[str, Any] | None) -> str:
    """Another folding in words, with what changes."""
    if found is None:
        return "none"
    more = found["more"].items()
    changes = ", ".join(f"{signed(number)} {unit}" for unit, number in more if number)
    return f"{found['in words']}: {count(found['cycles'])} cycles, {changes or 'nothing more'}"


def bottleneck(plan: Plan, found: dict[str, Any]) -> str:
    """What bounds a plan, in one line."""
    slow, tight = found["slowest"], found["tightest"]["resource"]
    unit = next(unit for unit, field in UNITS.items() if NAMES[field] == tight)
    fps = plan.clock_mhz * 1e6 / slow["cycles"]
    return (
        f"bound by {slow['layer']} ({slow['limit']}): {count(slow['cycles'])} cycles an image,"
        f" {rate(fps)} frames per second at {plan.clock_mhz:g} MHz; tightest is {tight}:"
        f" {count(found['total'][unit])} of {count(found['allowed'][unit])} to use; {FILE} says why"
    )
