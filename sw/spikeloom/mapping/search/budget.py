"""How much of a board a plan may take, and how much it does. A budget is for everything, shell and
counters included.

Logic is hard to place and to route where little of it is left: of LUTs and registers a share may be
used (70 % is where AMD's UG949 begins to warn of LUTs). Blocks do not stand in the way of each
other: of memories and multipliers nine of ten may be used.
"""

from __future__ import annotations

from dataclasses import fields, replace
from numbers import Real

from spikeloom.errors import SpikeLoomError
from spikeloom.interface.boards import Board
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.resources import plan_costs
from spikeloom.mapping.plan.plan import Plan

TARGET_SHARE = 0.7
BLOCK_SHARE = 0.9
MODEST_SHARE = 0.5
MODEST_FF_SHARE = 0.21
"""Of a PYNQ-Z2 the plans of the default networks take up to 46 % of the LUTs and 20 % of the
registers by estimate, shell and counters included; they are what the README measures. The next
larger plan of ``events-cnn-lif`` would take 22 % of the registers.
"""

NAMES = {"lut": "LUT", "ff": "registers", "bram18": "RAMB18", "dsp": "DSP", "uram": "UltraRAM"}
"""Resources in words."""


def budget(board: Board, share: float) -> Cost:
    return Cost(
        *(
            int(there * share)
            for there in (board.lut, board.ff, 2 * board.bram36, board.dsp, board.uram)
        )
    )


def allowed(board: Board, share: float | None) -> Cost:
    """What a plan with a goal may take: ``share`` of LUTs and registers (70 % if None), and of
    blocks 90 %, or as much if that is more.

    Raises SpikeLoomError for a share that is none.
    """
    chosen = TARGET_SHARE if share is None else share
    if not isinstance(chosen, Real) or isinstance(chosen, bool) or not 0 < chosen <= 1:
        raise SpikeLoomError(f"share: expected a number above 0 and up to 1, got {share!r}")
    logic, blocks = budget(board, chosen), budget(board, max(chosen, BLOCK_SHARE))
    return replace(blocks, lut=logic.lut, ff=logic.ff)


def modest(board: Board) -> Cost:
    """What a plan without a target may take."""
    return replace(budget(board, MODEST_SHARE), ff=int(board.ff * MODEST_FF_SHARE))


def total(plan: Plan) -> Cost:
    """Layers, counters and shell."""
    return sum(plan_costs(plan).values(), Cost())


def over(need: Cost, most: Cost) -> bool:
    """Whether any resource is exceeded."""
    return any(getattr(need, field.name) > getattr(most, field.name) for field in fields(Cost))


def exceeded(need: Cost, most: Cost) -> str:
    """What is too much, in words: "41000 LUT of 37240 and 300 RAMB18 of 252"."""
    pairs = ((getattr(need, name), getattr(most, name), text) for name, text in NAMES.items())
    found = [f"{wanted} {text} of {there}" for wanted, there, text in pairs if wanted > there]
    return " and ".join(found)


def tightest(need: Cost, most: Cost) -> tuple[str, float]:
    """The resource of which the largest share is taken, in words, and that share."""
    shares = {
        text: getattr(need, name) / max(getattr(most, name), 0.5) for name, text in NAMES.items()
    }
    name = max(shares, key=lambda name: shares[name])
    return name, shares[name]
