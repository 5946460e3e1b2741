"""What Yosys makes of a few small components, kept in ``baselines.json`` so that a change of area
is seen in review.

``python -m tests.synthesis.baselines`` writes the file anew, where a change is meant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from amaranth.back import verilog
from amaranth.lib import wiring
from spikeloom.backend.yosys import yosys
from spikeloom.backend.yosys.cells import NOTHING, Taken
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom_hw.bodies.scan import Scan
from spikeloom_hw.engine.stage import accumulators, neuron_units, spike_source
from spikeloom_hw.lib.fork import Fork
from spikeloom_hw.lib.gather import Gather
from spikeloom_hw.lib.regroup import Regroup
from spikeloom_hw.memory.loading import Loader
from spikeloom_hw.shell.gearbox import Gearbox

from tests.synthesis.measuring import measure

FILE = Path(__file__).with_name("baselines.json")

FIELDS = ("lut", "lutram", "ff", "ramb18", "uram", "dsp")


def layer() -> Plan:
    """One layer of 2 x 3 x 3 synapses and 4 channels on a map of 4 x 4."""
    rng, zero = np.random.default_rng(0), np.zeros(4, dtype=np.int64)
    neuron = SpikePack(Code(3), np.array([5, 6, 7, 8]), zero)
    node = Layer("conv", "x", rng.integers(-4, 4, (4, 2, 3, 3)), neuron, zero + 3, zero, zero)
    graph = Graph("baseline", (Input("x", (2, 4, 4), (2, 4, 4), Code(3)), node))
    return Plan(
        graph,
        {"conv": Folding("event", 2, banks=2, elements=2, neurons=1)},
        "pynq-z2",
        100.0,
        {},
        "none",
    )


def components() -> dict[str, wiring.Component]:
    stage = layer()["conv"]
    return {
        "body": accumulators(stage),
        "fork": Fork(width=8, branches=2),
        "gather": Gather(width=6, windows=2, folds=3),
        "gearbox": Gearbox(width=64, container=4, steps=3, group=3),
        "gearbox_wide": Gearbox(width=64, container=2, steps=2, group=98),
        "head": neuron_units(stage),
        "loader": Loader(depth=5, width=40),
        "regroup_down": Regroup(i_width=12, o_width=4),
        "regroup_up": Regroup(i_width=4, o_width=12),
        "scan": Scan(width=8, ports=2, pass_words=3, passes=1),
        "source": spike_source(stage),
    }


def designs() -> dict[str, tuple[str, str]]:
    """Verilog and name of its top module."""
    return {
        name: (
            verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True),
            name,
        )
        for name, component in components().items()
    }


def row(cells: Mapping[str, Taken]) -> dict[str, int]:
    whole = sum(cells.values(), NOTHING)
    return {field: getattr(whole, field) for field in FIELDS}


def main() -> None:
    rows = [
        f"  {json.dumps(name)}: {json.dumps(row(cells))}"
        for name, cells in sorted(measure(designs()).items())
    ]
    text = ",\n".join([f'  "yosys": {json.dumps(yosys.version())}', *rows])
    FILE.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
