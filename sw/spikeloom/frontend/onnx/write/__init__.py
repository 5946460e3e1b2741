"""`model.onnx`: the integer network as QONNX, such that any executor computes the integers of the
golden model.

Every tensor between input and output holds values of words as float32 integers. A layer is

    Conv (weights behind a Quant of scale 1) -> Mul +-2^f -> Add kappa * skip
    -> Add beta -> Div theta -> Quant FLOOR

and where the drive would not be exact in float32, or the neuron is a table or clears ties,
MultiThreshold in place of what follows the Conv, with a Gather for the codebook of base 3 and
above. IF and LIF are the nodes of :mod:`spikeloom.frontend.onnx.lif_operator`. The last two
operators, scale and bias, are in float64, so that the real outputs are the golden model's too.
"""

from __future__ import annotations

import os
from pathlib import Path

import onnx

from spikeloom.errors import UnsupportedError
from spikeloom.frontend.onnx.write.canvas import Canvas
from spikeloom.frontend.onnx.write.nodes import NODES
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Code
from spikeloom.ir.table import row


def written(graph: Graph, batch: int) -> Canvas:
    """All operators of the integer network. Raises CapacityError as :func:`to_model`."""
    canvas = Canvas(graph, batch)
    for node in graph.nodes:
        row(NODES, node, "the ONNX writer")(canvas, node)
    canvas.output()
    return canvas


def to_model(graph: Graph, batch: int = 1) -> onnx.ModelProto:
    """The integer network as a checked QONNX model. Raises CapacityError naming a layer whose
    integers float32 cannot hold.
    """
    if graph.input.code == Code(1, signed=True):
        raise UnsupportedError(
            f"{graph.input.name}: a signed input of one bit has no QONNX form (it means -1 and +1"
            " there); use two bits"
        )
    taken = {"output", "real"}
    for node in graph.nodes:
        if node.name in taken:
            raise UnsupportedError(f"{node.name}: a node may not have this name; rename it")
        taken.add(node.name)
    model = written(graph, batch).model()
    onnx.checker.check_model(model)
    return model


def write_model(graph: Graph, path: str | Path, batch: int = 1) -> None:
    """Write ``model.onnx``; a half-written file never bears the name. Raises as
    :func:`to_model`.
    """
    path = Path(path)
    data = to_model(graph, batch).SerializeToString(deterministic=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)
