"""How each kind of neuron is written, and the drive in front of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from spikeloom.errors import CapacityError
from spikeloom.frontend.onnx import lif_operator
from spikeloom.frontend.onnx.write.canvas import DOUBLE, EXACT, FLOAT, QONNX, Canvas
from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack, Thresholds
from spikeloom.ir.nodes import Layer
from spikeloom.ir.number import Code, Ints


def drive_bound(canvas: Canvas, layer: Layer, bound: int, beta: Ints) -> int:
    """Largest magnitude of the drive."""
    total = (bound << layer.shift) + int(np.abs(beta).max())
    if layer.skip is not None:
        code = canvas.graph.code(layer.skip)
        total += int(np.abs(layer.kappa).max()) * code.largest
    return total


def drive(
    canvas: Canvas,
    layer: Layer,
    tensor: str,
    shape: Sequence[int],
    beta: Ints,
    bound: int,
    wide: bool = False,
) -> str:
    """u from the accumulator: fraction bits, sign, residual and beta; in float64 where
    ``wide``.

    Raises CapacityError where it is not exact.
    """
    name, dtype = layer.name, DOUBLE if wide else FLOAT
    largest = drive_bound(canvas, layer, bound, beta)
    largest = layer.neuron.state_bound(largest, layer.neuron.theta_bound)
    if not wide and largest >= EXACT:
        raise CapacityError(
            f"{name}: its drive is not exact in float32 (2^24); use fewer time steps or weight"
            " bits, or power-of-two scales"
        )
    tensor = (
        canvas.op("Cast", f"{name}/widen", [tensor], shape, dtype=dtype, to=dtype)
        if wide
        else tensor
    )
    factor = (1 - 2 * layer.negate) << layer.shift
    if (factor != 1).any():
        tensor = canvas.op(
            "Mul",
            f"{name}/Mul",
            [tensor, canvas.channels(f"{name}/Mul.factor", factor, wide)],
            shape,
            dtype=dtype,
        )
    if layer.skip is not None:
        skip = (
            canvas.values[layer.skip] if canvas.graph.per_step(layer) else canvas.summed(layer.skip)
        )
        skip = (
            canvas.op("Cast", f"{name}/skip_widen", [skip], shape, dtype=dtype, to=dtype)
            if wide
            else skip
        )
        skip = canvas.op(
            "Mul",
            f"{name}/skip",
            [skip, canvas.channels(f"{name}/skip.kappa", layer.kappa, wide)],
            shape,
            dtype=dtype,
        )
        tensor = canvas.op("Add", f"{name}/join", [tensor, skip], shape, dtype=dtype)
    if beta.any():
        tensor = canvas.op(
            "Add",
            f"{name}/Add",
            [tensor, canvas.channels(f"{name}/Add.beta", beta, wide)],
            shape,
            dtype=dtype,
        )
    return tensor


def by_thresholds(
    canvas: Canvas,
    layer: Layer,
    code: Code,
    steps: Ints,
    tensor: str,
    shape: Sequence[int],
    bound: int,
    narrow: bool,
) -> str:
    """The words' values by steps (C, K) of the drive: thresholds on the accumulator or, with a
    residual, on the drive, if need be in float64.
    """
    name = layer.name
    if layer.skip is None:
        steps = -((layer.beta[:, None] - steps) >> layer.shift)
        if layer.negate.any():
            sign = canvas.channels(f"{name}/Mul.sign", 1 - 2 * layer.negate)
            tensor = canvas.op("Mul", f"{name}/Mul", [tensor, sign], shape)
        steps = np.clip(steps, -bound - 1, bound + 1)
        return table(canvas, name, tensor, code, steps, shape, wide=False)
    tensor = drive(canvas, layer, tensor, shape, layer.beta, bound, wide=not narrow)
    limit = drive_bound(canvas, layer, bound, layer.beta) + 1
    return table(canvas, name, tensor, code, np.clip(steps, -limit, limit), shape, wide=not narrow)


def is_narrow(canvas: Canvas, layer: Layer, bound: int, half: Ints) -> bool:
    """Whether the drive is exact in float32, with half the range of a signed word added."""
    return drive_bound(canvas, layer, bound, np.abs(layer.beta) + np.abs(half)) < EXACT


def spikepack(
    canvas: Canvas, layer: Layer, neuron: SpikePack, tensor: str, shape: Sequence[int], bound: int
) -> str:
    """A Quant FLOOR where that is exact in float32, else thresholds."""
    name, code = layer.name, neuron.code
    half = neuron.theta * code.sign_bit
    narrow = is_narrow(canvas, layer, bound, half)
    # A signed Quant of one bit means -1 and +1.
    if not narrow or neuron.tie.any() or not code.plain or code == Code(1, signed=True):
        return by_thresholds(canvas, layer, code, neuron.steps, tensor, shape, bound, narrow)
    tensor = drive(canvas, layer, tensor, shape, layer.beta - half, bound)
    if (neuron.theta != 1).any():
        theta = canvas.channels(f"{name}/Div.theta", neuron.theta)
        tensor = canvas.op("Div", f"{name}/Div", [tensor, theta], shape)
    return canvas.quant(f"{name}/Quant", tensor, shape, code.steps, code.signed, "FLOOR")


def thresholds(
    canvas: Canvas, layer: Layer, neuron: Thresholds, tensor: str, shape: Sequence[int], bound: int
) -> str:
    narrow = is_narrow(canvas, layer, bound, layer.beta * neuron.code.sign_bit)
    return by_thresholds(canvas, layer, neuron.code, neuron.steps, tensor, shape, bound, narrow)


def table(
    canvas: Canvas,
    name: str,
    tensor: str,
    code: Code,
    steps: Ints,
    shape: Sequence[int],
    wide: bool,
) -> str:
    kind = ("INT" if code.signed else "UINT") + str(code.steps)
    table = canvas.constant(
        f"{name}/MultiThreshold.thresholds", steps, np.float64 if wide else np.float32
    )
    bias = float(code.min_value)
    attributes: dict[str, Any] = {
        "out_dtype": kind,
        "out_scale": 1.0,
        "out_bias": bias,
        "data_layout": "NCHW",
    }
    tensor = canvas.op(
        "MultiThreshold",
        f"{name}/MultiThreshold",
        [tensor, table],
        shape,
        QONNX,
        DOUBLE if wide else FLOAT,
        **attributes,
    )
    if code.plain:
        return canvas.op("Cast", f"{name}/Cast", [tensor], shape, to=FLOAT) if wide else tensor
    index = canvas.op(
        "Cast", f"{name}/Cast", [tensor], shape, dtype=TensorProto.INT64, to=TensorProto.INT64
    )
    return canvas.op(
        "Gather",
        f"{name}/Gather",
        [canvas.constant(f"{name}/Gather.codebook", code.codebook), index],
        shape,
        axis=0,
    )


def raw(
    canvas: Canvas, layer: Layer, neuron: Raw, tensor: str, shape: Sequence[int], bound: int
) -> str:
    return drive(canvas, layer, tensor, shape, layer.beta, bound)


def lif(
    canvas: Canvas, layer: Layer, neuron: LIF, tensor: str, shape: Sequence[int], bound: int
) -> str:
    tensor = drive(canvas, layer, tensor, shape, layer.beta, bound)
    name, repeat = layer.name, not canvas.graph.per_step(layer)
    full = (canvas.batch, neuron.code.steps, *canvas.graph.shapes[name])
    if not repeat:
        tensor = canvas.reshape(f"{name}/steps", tensor, full[1:], full)
    form = lif_operator.form(neuron.code.steps, neuron.leak, neuron.hard_reset, repeat)
    tensor = canvas.op(
        form.function,
        f"{name}/LIF",
        [tensor, canvas.constant(f"{name}/LIF.theta", neuron.theta)],
        full,
        lif_operator.DOMAIN,
        **form.attributes,
    )
    return canvas.reshape(f"{name}/merged", tensor, full[2:], (full[0] * full[1], *full[2:]))


NEURONS: dict[type[Neuron], Callable[[Canvas, Layer, Any, str, Sequence[int], int], str]] = {
    SpikePack: spikepack,
    Thresholds: thresholds,
    LIF: lif,
    Raw: raw,
}
"""What writes each kind of neuron: from the tensor of sums, whose magnitude is bounded, to that of
its values.
"""
