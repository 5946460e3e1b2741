"""What the compiler expects of a plan, under the file names that FINN users know. Everything here is estimated, nothing measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikeloom import estimate
from spikeloom.boards import BOARDS
from spikeloom.files import save_json
from spikeloom.plan import Plan, Stage

CYCLES_FILE = "estimate_layer_cycles.json"
RESOURCES_FILE = "estimate_layer_resources.json"
NETWORK_FILE = "estimate_network_performance.json"


def stage_cycles(plan: Plan, stage: Stage) -> float:
    """Expected busy cycles per image at the plan's share of set bits."""
    return estimate.expected_cycles(stage, plan.density[stage.layer.source])


def layer_cycles(plan: Plan) -> dict[str, Any]:
    return {
        "source": "estimated",
        "how": f"closed form, share of set bits {plan.density_source}",
        "cycles": {stage.name: round(stage_cycles(plan, stage)) for stage in plan.stages},
        "density": plan.density,
    }


def layer_resources(plan: Plan) -> dict[str, Any]:
    costs = {stage.name: estimate.stage_cost(stage) for stage in plan.stages}
    total = sum(costs.values(), estimate.Cost(0, 0))
    board = BOARDS.get(plan.board)
    return {
        "source": "estimated",
        "how": "closed form fitted to a few synthesis runs; expect it to be off by a third",
        "layers": {name: {"LUT": cost.lut, "BRAM_18K": cost.bram18, "DSP": 0} for name, cost in costs.items()},
        "total": {"LUT": total.lut, "BRAM_18K": total.bram18, "DSP": 0},
        "available": {"LUT": board.lut, "BRAM_18K": 2 * board.bram36, "DSP": board.dsp} if board else None,
    }


def network_performance(plan: Plan) -> dict[str, Any]:
    """The slowest stage or stream sets the initiation interval."""
    slowest = max(estimate.limits(plan), key=lambda limit: limit.cycles)
    return {
        "source": "estimated",
        "how": f"closed form, share of set bits {plan.density_source}; the clock is an assumption",
        "fclk[mhz]": plan.clock_mhz,
        "max_cycles": round(slowest.cycles),
        "max_cycles_node_name": slowest.stage,
        "max_cycles_reason": slowest.what,
        "estimated_throughput_fps": plan.clock_mhz * 1e6 / slowest.cycles,
    }


def write(plan: Plan, folder: Path) -> None:
    """Write the three files."""
    save_json(folder / CYCLES_FILE, layer_cycles(plan))
    save_json(folder / RESOURCES_FILE, layer_resources(plan))
    save_json(folder / NETWORK_FILE, network_performance(plan))
