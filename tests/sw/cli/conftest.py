"""A folder with a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan import plan_file

from tests.network_layers import plain_folding, plan_of


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A folder with a plan, as 'compile' leaves it."""
    zero, weight = (
        np.zeros(3, dtype=np.int64),
        np.array([[1, -2, 0, 3], [3, 1, -1, 0], [0, 2, 2, 1]], dtype=np.int64),
    )
    layer = Layer("fc", "input", weight.reshape(3, 4, 1, 1), Raw(None), zero, zero, zero)
    graph = Graph("tiny", (Input("input", (4, 1, 1), (4,), Code(3)), layer))
    plan_file.save(plan_of(graph, {"fc": plain_folding(graph, layer)}), tmp_path / "net")
    return tmp_path / "net"
