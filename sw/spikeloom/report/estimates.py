"""What the compiler expects of a plan, under the file names that FINN users know. Everything here
is estimated, nothing measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikeloom.files import save_json
from spikeloom.interface.boards import BOARDS
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import expected_cycles, limits
from spikeloom.mapping.estimate.network import NETWORK, SHELL
from spikeloom.mapping.estimate.resources import model, plan_costs
from spikeloom.mapping.plan.plan import Plan, Stage

CYCLES_FILE = "estimate_layer_cycles.json"
RESOURCES_FILE = "estimate_layer_resources.json"
NETWORK_FILE = "estimate_network_performance.json"


def stage_cycles(plan: Plan, stage: Stage) -> float:
    """Expected busy cycles per image at the plan's share of set bits."""
    return expected_cycles(stage, plan.density[stage.layer.source])


def layer_cycles(plan: Plan) -> dict[str, Any]:
    return {
        "source": "estimated",
        "how": f"closed form, share of set bits {plan.density_source}",
        "cycles": {stage.name: round(stage_cycles(plan, stage)) for stage in plan.stages},
        "density": plan.density,
    }


UNITS = {"LUT": "lut", "FF": "ff", "BRAM_18K": "bram18", "URAM": "uram", "DSP": "dsp"}
"""Resources as the file calls them, and as fields of ``Cost``."""


def units(cost: Cost) -> dict[str, int]:
    return {unit: getattr(cost, field) for unit, field in UNITS.items()}


def layer_resources(plan: Plan) -> dict[str, Any]:
    """Layers with the streams that lead to them, and beside them the network's own logic with its
    counters, and the shell.
    """
    costs = plan_costs(plan)
    board = BOARDS.get(plan.board)
    there = Cost(board.lut, board.ff, 2 * board.bram36, board.dsp, board.uram) if board else None
    return {
        "source": "estimated",
        "how": model().how,
        "layers": {
            name: units(cost) for name, cost in costs.items() if name not in (SHELL, NETWORK)
        },
        "network": units(costs[NETWORK]),
        "shell": units(costs[SHELL]),
        "total": units(sum(costs.values(), Cost())),
        "available": units(there) if there else None,
    }


def network_performance(plan: Plan) -> dict[str, Any]:
    """The slowest stage or stream sets the initiation interval."""
    slowest = max(limits(plan), key=lambda limit: limit.cycles)
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
