"""Instances in our words."""

from __future__ import annotations

from spikeloom.backend.vivado.components import by_component, component, of_pin
from spikeloom.backend.vivado.reports import Cell

STAGES = ("conv1", "conv1_b", "conv2.skip", "conv2", "fc")
INSIDE = "system_wrapper/system_i/shell_0/inst/core"


COMPONENTS = {
    f"{INSIDE}/engine/top/conv1_body/results": "layer conv1",
    f"{INSIDE}/engine/top/conv1_b_body": "layer conv1_b",
    f"{INSIDE}/engine/top/\\conv2.skip_body ": "layer conv2.skip",
    f"{INSIDE}/engine/top/conv2_source/queue0": "layer conv2",
    f"{INSIDE}/engine/top/conv10_body": "network",
    f"{INSIDE}/engine/top/counters": "counters",
    f"{INSIDE}/engine/top": "network",
    f"{INSIDE}/engine": "shell, engine",
    f"{INSIDE}/monitor/stamps": "shell, monitor",
    INSIDE: "shell",
    "system_wrapper/system_i/shell_0": "shell",
    "system_wrapper/system_i/memory/inst/s00_nodes": "interconnect, memory",
    "system_wrapper/system_i/control": "interconnect, control",
    "system_wrapper/system_i/zynq_ultra_ps_e_0/inst": "processing system",
    "system_wrapper": "block design",
    "shell/core/engine/top/fc_head": "layer fc",
    "core/lite": "shell, lite",
}


def test_component() -> None:
    found = {path: component(path.split("/"), STAGES) for path in COMPONENTS}
    assert found == COMPONENTS
    pins = {path: of_pin(f"{path}/q_reg[3]/C", STAGES) for path in COMPONENTS}
    assert not {
        path: name
        for path, name in pins.items()
        if name not in (COMPONENTS[path], "shell, q_reg[3]", "network")
    }


def test_every_instance_counts_once() -> None:
    """A row of an instance holds those in it too; what it has itself is a row of its own, or its
    only one.
    """
    top = ("shell", "core", "engine", "top")
    rows = [
        ((), False, 100),
        ((), True, 5),
        (("conv1_body",), False, 60),
        (("conv1_body",), True, 20),
        (("conv1_body", "results"), False, 40),
    ]
    cells = [
        Cell((*top, *path), own, {"LUT": float(lut)})
        for path, own, lut in [*rows, (("fc_head",), False, 35)]
    ]
    assert by_component(cells, STAGES) == {
        "layer conv1": {"LUT": 60.0},
        "layer fc": {"LUT": 35.0},
        "network": {"LUT": 5.0},
    }
