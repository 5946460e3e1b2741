"""Regenerates what the cost model is fitted to, and fits it.

    python -m tests.synthesis.calibrate measure [--network build/digits-cnn ...]
    python -m tests.synthesis.calibrate fit

``measure`` synthesises the chosen components, some shells, and trained networks that are named;
what is in ``calibration.json`` already is not made again, so it can be interrupted. All takes about
a quarter of an hour of processor time. ``fit`` takes seconds, and writes ``coefficients.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls
from spikeloom.backend.yosys import yosys
from spikeloom.backend.yosys.cells import NOTHING, Taken
from spikeloom.files import save_json
from spikeloom.mapping.estimate.components import Part
from spikeloom.mapping.estimate.memories import Memory
from spikeloom.mapping.estimate.network import link_parts, shell, stage_parts
from spikeloom.mapping.estimate.resources import FILE as COEFFICIENTS
from spikeloom.mapping.estimate.resources import Model, added
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.plan import Plan

from tests.networks import random_plan
from tests.synthesis.chosen import chosen, design
from tests.synthesis.matching import Match, matches
from tests.synthesis.measuring import Cells, measure, network_design, shell_design
from tests.synthesis.wide import wide

SET = Path(__file__).with_name("calibration.json")

AT_ONCE = 30
"""Components per run of Yosys."""

FIELDS = ("lut", "lutram", "ff", "ramb18", "uram", "dsp")

SHELLS = ("0 pynq-z2", "1 pynq-z2", "0 zcu104", "1 zcu104")
"""Seeds of the networks in these shells, and boards; for xc7 all of them."""


@dataclass(frozen=True)
class Trained:
    """A network that was trained, and what Yosys made of all of it but the shell."""

    name: str
    stages: tuple[str, ...]
    parts: tuple[Part, ...]
    cells: Cells

    def matches(self) -> list[Match]:
        return list(matches(list(self.parts), self.cells, self.stages))


def network_parts(plan: Plan) -> list[Part]:
    """Everything but the shell, for the family that is calibrated on."""
    return [
        *(part for stage in plan.stages for part in stage_parts(stage, "xc7")),
        *link_parts(plan, "xc7"),
    ]


def load() -> dict[str, Any]:
    if SET.exists():
        data: dict[str, Any] = json.loads(SET.read_text(encoding="utf-8"))
        return data
    return {"yosys": yosys.version(), "components": {}, "wide": {}, "shells": {}, "trained": {}}


def row(taken: Taken) -> list[int]:
    return [getattr(taken, field) for field in FIELDS]


def taken_of(values: list[int]) -> Taken:
    return Taken(**dict(zip(FIELDS, values, strict=True)))


def components(data: dict[str, Any]) -> list[Match]:
    """The chosen components that are in the set; their parts are made anew."""
    known = data["components"]
    return [
        Match((choice.part,), taken_of(known[choice.name]))
        for choice in chosen()
        if choice.name in known
    ]


def wide_bodies(data: dict[str, Any]) -> list[Match]:
    """Those that are in the set; their parts are made anew."""
    return [
        Match((body.part,), taken_of(data["wide"][body.name]))
        for body in wide()
        if body.name in data["wide"]
    ]


def trained(data: dict[str, Any]) -> list[Trained]:
    """Their parts are in the file, since their weights are not."""
    found = []
    for name, entry in data["trained"].items():
        parts = tuple(
            Part(**{**part, "memory": Memory(**part["memory"])}) for part in entry["parts"]
        )
        cells = {place: taken_of(values) for place, values in entry["cells"].items()}
        found.append(Trained(name, tuple(entry["stages"]), parts, cells))
    return found


def shells(data: dict[str, Any]) -> list[Match]:
    found = []
    for name, values in data["shells"].items():
        seed, board = name.split(" ")
        found.append(
            Match((shell(replace(random_plan(int(seed)), board=board)),), taken_of(values))
        )
    return found


def save(data: dict[str, Any]) -> None:
    """One entry a line, so that a change is seen in review."""

    def rows(key: str) -> str:
        lines = [
            f"    {json.dumps(name)}: {json.dumps(data[key][name])}" for name in sorted(data[key])
        ]
        return "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"

    keys = ("components", "wide", "shells", "trained")
    body = ",\n".join(
        [f'  "yosys": {json.dumps(data["yosys"])}', *(f'  "{key}": {rows(key)}' for key in keys)]
    )
    SET.write_text(f"{{\n{body}\n}}\n", encoding="utf-8")


def measure_components(data: dict[str, Any]) -> None:
    every = chosen()
    wanted = [choice for choice in every if choice.name not in data["components"]]
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        for name, cells in measure(
            {choice.name: design(choice, f"c{k}") for k, choice in enumerate(some)}
        ).items():
            data["components"][name] = row(sum(cells.values(), NOTHING))
        save(data)
        print(f"{len(data['components'])} of {len(every)} components", flush=True)


def measure_wide(data: dict[str, Any]) -> None:
    """One at a time: they are large."""
    for k, body in enumerate(wide()):
        if body.name not in data["wide"]:
            data["wide"][body.name] = row(
                sum(measure({"body": body.design(f"w{k}")})["body"].values(), NOTHING)
            )
            save(data)
            print(f"{len(data['wide'])} of {len(wide())} wide bodies", flush=True)


def measure_shells(data: dict[str, Any]) -> None:
    designs = {}
    for name in SHELLS:
        seed, board = name.split(" ")
        if name not in data["shells"]:
            designs[name] = shell_design(
                replace(random_plan(int(seed)), board=board), f"s{seed}{board[0]}"
            )
    if designs:
        for name, cells in measure(designs).items():
            data["shells"][name] = row(sum(cells.values(), NOTHING))
        save(data)


def measure_trained(data: dict[str, Any], folder: Path) -> None:
    """Its parts are taken anew in any case; Yosys runs only where the Verilog is another."""
    plan = plan_file.load(folder)
    design = network_design(plan, "trained")
    digest = hashlib.sha256(design[0].encode()).hexdigest()
    known = data["trained"].get(plan.graph.name, {})
    cells = (
        known["cells"]
        if known.get("sha256") == digest
        else {p: row(taken) for p, taken in measure({"all": design})["all"].items()}
    )
    data["trained"][plan.graph.name] = {
        "sha256": digest,
        "stages": [stage.name for stage in plan.stages],
        "parts": [asdict(part) for part in network_parts(plan)],
        "cells": cells,
    }
    save(data)


def solve(rows: list[tuple[Mapping[str, float], float, float]]) -> dict[str, float]:
    """Coefficients of zero or more for (amounts, wanted, whole): least squares of the error
    relative to the whole.
    """
    names = sorted({name for amounts, _, _ in rows for name in amounts})
    if not rows:
        return {}
    weight = np.array([1 / (whole + 20) for _, _, whole in rows])
    matrix = np.array([[amounts.get(name, 0.0) for name in names] for amounts, _, _ in rows])
    wanted = np.array([value for _, value, _ in rows])
    found, _ = nnls(matrix * weight[:, None], wanted * weight)
    return {
        name: round(float(value), 3)
        for name, value in zip(names, found, strict=True)
        if value > 0.0005
    }


def joined(parts: tuple[Part, ...]) -> dict[str, float]:
    names = {name for part in parts for name in part.amounts}
    return {name: sum(part.amounts.get(name, 0.0) for part in parts) for name in names}


LARGE_WEIGHT = 4
"""How often a wide body counts: there are few, and of large networks they are most."""

ADDING = {"logic": 1.0, "adder": 1.0, "gates": 1.0, "shifted": 1.0, "held": 1.0}

FIXED = {
    "event body": ADDING,
    "dense body": ADDING,
    "parallel body": {"logic": 1.0, "adder": 1.0, "held": 1.0},
}
"""LUTs that are counted one by one: tables of weights in logic, bits of adders and of accumulators.
A fit to small components would give them away for nothing, where another amount goes up and down
with them.
"""


def fitted(found: list[Match]) -> Model:
    """Coefficients by kind of part; registers of the shell are fitted too, those of other parts are
    counted.
    """
    lut = {}
    for kind in sorted({match.kind for match in found}):
        own = [match for match in found if match.kind == kind]
        fixed = FIXED.get(kind, {})
        rows = []
        for m in own:
            amounts = joined(m.parts)
            less = sum(worth * amounts.pop(name, 0.0) for name, worth in fixed.items())
            rows.append((amounts, m.taken.lut - m.taken.lutram - less, m.taken.lut))
        lut[kind] = solve(rows) | fixed
    ff = {
        "shell": solve(
            [(joined(m.parts), m.taken.ff, m.taken.ff) for m in found if m.kind == "shell"]
        )
    }
    return Model(lut, ff, "")


def error(found: list[Match], model: Model) -> float:
    """Estimated over real LUTs, less one."""
    real = sum(match.taken.lut for match in found)
    return added((part for match in found for part in match.parts), model).lut / real - 1


def layer_errors(found: list[Trained], model: Model) -> dict[tuple[str, str], float]:
    """By network and group."""
    errors = {}
    for network in found:
        every = network.matches()
        for group in sorted({match.parts[0].group for match in every}):
            errors[network.name, group] = error(
                [match for match in every if match.parts[0].group == group], model
            )
    return errors


def tenth(errors: list[float]) -> float:
    """What nine of ten are within, in percent."""
    return 100 * float(np.quantile(np.abs(errors), 0.9))


def fit(data: dict[str, Any]) -> Model:
    parts, large, networks = components(data), wide_bodies(data), trained(data)
    model = fitted(
        [
            *parts,
            *large * LARGE_WEIGHT,
            *shells(data),
            *(match for network in networks for match in network.matches()),
        ]
    )
    alone = tenth([error([match], model) for match in parts if match.taken.lut >= 50])
    broad = tenth([error([match], model) for match in large])
    layers = tenth(list(layer_errors(networks, model).values()))
    whole = max(abs(100 * error(network.matches(), model)) for network in networks)
    how = (
        f"amounts of the hardware times coefficients, fitted to Yosys {data['yosys']}, modules kept"
        f" whole: LUTs of nine components of ten are within {alone:.0f} % ({len(parts)} random"
        f" ones), of nine wide bodies of ten within {broad:.0f} % ({len(large)}), of nine layers of"
        f" ten within {layers:.0f} %, of whole networks within {whole:.0f} % ({len(networks)}"
        " trained ones)"
    )
    return replace(model, how=how)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("measure", "fit"))
    parser.add_argument(
        "--network", type=Path, action="append", default=[], help="folder of a compiled network"
    )
    options = parser.parse_args()
    data = load()
    if options.command == "measure":
        measure_components(data)
        measure_wide(data)
        measure_shells(data)
        for folder in options.network:
            measure_trained(data, folder)
        return
    model = fit(data)
    save_json(COEFFICIENTS, {"how": model.how, "lut": model.lut, "ff": model.ff})
    print(model.how)


if __name__ == "__main__":
    main()
