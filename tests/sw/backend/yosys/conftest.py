"""Netlists and cell models as Yosys writes them, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spikeloom.backend.yosys import arcs, netlist, yosys

DESIGNS = Path(__file__).parent / "designs.v"

READ = (
    "read_verilog -lib +/xilinx/cells_sim.v\nread_verilog designs.v\nhierarchy -check\nproc"
    f" =*\nwrite_json {yosys.NETLIST}\n"
)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the netlist of all designs, and with the cell models."""
    folder = tmp_path_factory.mktemp("designs")
    (folder / "designs.v").write_bytes(DESIGNS.read_bytes())
    yosys.run(folder, "designs", READ, folder / "log")
    yosys.run(folder, "models", yosys.models_script(), folder / "log")
    return folder


@pytest.fixture(scope="session")
def modules(made: Path) -> dict[str, Any]:
    return netlist.load(made / yosys.NETLIST)


@pytest.fixture(scope="session")
def library(made: Path) -> arcs.Library:
    return arcs.load(made / yosys.MODELS)
