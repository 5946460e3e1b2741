"""How each kind of node is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikeloom.errors import CapacityError
from spikeloom.frontend.onnx.write.canvas import EXACT, Canvas
from spikeloom.frontend.onnx.write.neurons import NEURONS
from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Input, Layer, MaxPool, Node, SumPool
from spikeloom.ir.table import row


def write_input(canvas: Canvas, node: Input) -> None:
    shape, real = (canvas.batch, *node.shape), (canvas.batch, *node.real_shape)
    tensor = node.name
    if node.events:
        if not node.code.spike_train:
            places = node.code.place_values.reshape(1, -1, *(1,) * (len(real) - 2))
            tensor = canvas.op(
                "Mul",
                f"{node.name}/Mul",
                [tensor, canvas.constant(f"{node.name}/Mul.places", places)],
                real,
            )
            axis = canvas.constant(f"{node.name}/ReduceSum.axes", np.array([1]), np.int64)
            tensor = canvas.op(
                "ReduceSum",
                f"{node.name}/ReduceSum",
                [tensor, axis],
                (canvas.batch, *node.real_shape[1:]),
                keepdims=0,
            )
        shape = (canvas.lead(node.name), *node.shape)
    else:
        tensor = canvas.quant(
            f"{node.name}/Quant",
            tensor,
            real,
            node.code.steps,
            node.code.signed,
            "ROUND",
            node.scale,
            node.zero_point,
            node.narrow,
        )
        if node.scale != 1:
            tensor = canvas.op(
                "Div",
                f"{node.name}/Div",
                [tensor, canvas.constant(f"{node.name}/Div.scale", node.scale)],
                real,
            )
        if node.zero_point:
            tensor = canvas.op(
                "Add",
                f"{node.name}/Add",
                [tensor, canvas.constant(f"{node.name}/Add.zero", node.zero_point)],
                real,
            )
        if not _exact_input(node):
            tensor = canvas.quant(
                f"{node.name}/Snap", tensor, real, node.code.steps, node.code.signed, "ROUND"
            )
    canvas.values[node.name] = canvas.reshape(f"{node.name}/Reshape", tensor, node.shape, shape)


def _exact_input(node: Input) -> bool:
    """Whether Quant, Div and Add in float32 give back every word's value exactly."""
    values, scale, zero = node.code.codebook, np.float32(node.scale), np.float32(node.zero_point)
    real = (values.astype(np.float32) - zero) * scale
    return bool(np.array_equal(real / scale + zero, values))


def write_layer(canvas: Canvas, layer: Layer) -> None:
    name, neuron = layer.name, layer.neuron
    per_step = canvas.graph.per_step(layer)
    shape = (canvas.lead(layer.source) if per_step else canvas.batch, *canvas.graph.shapes[name])
    tensor = canvas.values[layer.source] if per_step else canvas.summed(layer.source)
    bound = acc_bound(layer, canvas.graph)
    if bound >= EXACT:
        raise CapacityError(
            f"{name}: sums up to {bound} are not exact in float32 (2^24); use fewer time steps"
            " or weight bits"
        )
    tensor = canvas.conv(
        name, tensor, layer.weight, shape, layer.stride, layer.padding, layer.groups
    )
    write = row(NEURONS, neuron, "the ONNX writer")
    canvas.values[name] = write(canvas, layer, neuron, tensor, shape, bound)


def acc_bound(layer: Layer, graph: Graph) -> int:
    """Largest magnitude of any partial sum of an accumulator."""
    return layer.weight_sum * graph.code(layer.source).one_plane(graph.per_step(layer))


def write_sum_pool(canvas: Canvas, pool: SumPool) -> None:
    name, shape = pool.name, canvas.shape(pool.name)
    ones = np.ones((shape[1], 1, *pool.kernel), dtype=np.int64)
    canvas.values[name] = canvas.conv(
        name, canvas.summed(pool.source), ones, shape, pool.stride, pool.padding, shape[1]
    )


def write_max_pool(canvas: Canvas, pool: MaxPool) -> None:
    name, shape = pool.name, canvas.shape(pool.name)
    tensor, sign = canvas.values[pool.source], 1 - 2 * pool.flip
    if pool.flip.any():
        tensor = canvas.op(
            "Mul",
            f"{name}/Mul",
            [tensor, canvas.channels(f"{name}/Mul.sign", sign)],
            canvas.shape(pool.source),
        )
    attributes: dict[str, Any] = {
        "kernel_shape": list(pool.kernel),
        "strides": list(pool.stride),
        "pads": list(pool.padding),
    }
    tensor = canvas.op("MaxPool", f"{name}/MaxPool", [tensor], shape, **attributes)
    if pool.flip.any():
        tensor = canvas.op(
            "Mul", f"{name}/unsign", [tensor, canvas.channels(f"{name}/unsign.sign", sign)], shape
        )
    canvas.values[name] = tensor


NODES: dict[type[Node], Callable[[Canvas, Any], None]] = {
    Input: write_input,
    Layer: write_layer,
    MaxPool: write_max_pool,
    SumPool: write_sum_pool,
}
"""What writes each kind of node: its operators, and the tensor of its values."""
