"""Resources of a plan, by group: shell, network and layers. Closed forms, calibrated on what Yosys
makes of random networks.

LUTs are a sum of amounts that the hardware has, each times a coefficient; registers and memories
are counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json
from spikeloom.interface.boards import find_board
from spikeloom.mapping.estimate.components import Part
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.memories import Memory
from spikeloom.mapping.estimate.network import NETWORK, SHELL, link_parts, shell, stage_parts
from spikeloom.mapping.estimate.neurons import large_tables
from spikeloom.mapping.plan.engines import alone
from spikeloom.mapping.plan.plan import Plan, Stage

FILE = Path(__file__).with_name("coefficients.json")


@dataclass(frozen=True)
class Model:
    """Attributes
    ----------
    lut, ff: kind of part -> amount -> LUTs, or registers beside those that are counted.
    how: how good the model is, in words.
    """

    lut: dict[str, dict[str, float]]
    ff: dict[str, dict[str, float]]
    how: str


@cache
def model() -> Model:
    """The model of ``coefficients.json``. Raises SpikeLoomError where the file is damaged."""
    data = load_json(FILE, "coefficients of the cost model")
    try:
        return read(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SpikeLoomError(
            f"{FILE}: expected coefficients of the cost model, found something else; install"
            " spikeloom again"
        ) from error


def read(data: dict[str, Any]) -> Model:
    def numbers(table: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        return {
            kind: {name: float(value) for name, value in row.items()} for kind, row in table.items()
        }

    return Model(numbers(data["lut"]), numbers(data["ff"]), str(data["how"]))


def plan_parts(plan: Plan) -> list[Part]:
    """Everything that the hardware of a plan consists of. Raises UnsupportedError where an engine
    works on several nodes.
    """
    alone(plan.program)
    family = find_board(plan.board).family
    layers = [part for stage in plan.stages for part in stage_parts(stage, family)]
    return [shell(plan), *link_parts(plan, family), *layers]


def amount(part: Part, table: dict[str, dict[str, float]]) -> float:
    """Amounts of a part times the coefficients of its kind."""
    row = table.get(part.kind, {})
    return sum(row.get(name, 0.0) * value for name, value in part.amounts.items())


def unrounded(parts: Iterable[Part], known: Model | None = None) -> dict[str, float]:
    """What some parts take together, field of ``Cost`` -> amount, by the model of
    ``coefficients.json`` unless another is given.
    """
    found, chosen = list(parts), known or model()
    memory = sum((part.memory for part in found), Memory())
    return {
        "lut": sum(amount(part, chosen.lut) for part in found) + memory.lutram,
        "ff": sum(amount(part, chosen.ff) + part.registers for part in found) + memory.ff,
        "bram18": memory.bram18,
        "dsp": sum(part.dsp for part in found),
        "uram": memory.uram,
    }


def added(parts: Iterable[Part], known: Model | None = None) -> Cost:
    """The same as whole numbers."""
    return Cost(**{name: round(value) for name, value in unrounded(parts, known).items()})


def plan_costs(plan: Plan) -> dict[str, Cost]:
    """What every group takes: the shell, the network, then the layers in the order of the
    stream.
    """
    parts = plan_parts(plan)
    groups: dict[str, list[Part]] = {
        group: [] for group in (SHELL, NETWORK, *(stage.name for stage in plan.stages))
    }
    for part in parts:
        groups[part.group].append(part)
    return {group: added(found) for group, found in groups.items()}


def stage_cost(stage: Stage, family: str = "xc7") -> Cost:
    """A stage and its residual, without the streams that lead to it."""
    return added(stage_parts(stage, family))


def table_lut(stage: Stage) -> int:
    """LUTs of the threshold tables of a stage; 0 where there are none."""
    memory = large_tables(stage)
    return ceil(memory.logic * model().lut["table head"]["logic"]) + memory.lutram
