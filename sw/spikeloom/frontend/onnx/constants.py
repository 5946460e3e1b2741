"""Constants of the file, among them quantized weights: integers times a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference import ReferenceEvaluator

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.onnx.load import Array, Op, check_finite
from spikeloom.ir.number import Ints
from spikeloom.ir.staircase import ROUNDING, Rationals, rationals

FOLDED = (
    "Abs Add Cast Concat Constant ConstantOfShape Div Expand Flatten Floor Gather Identity Max Min"
    " Mul Neg Pow Range Reciprocal ReduceProd Reshape Shape Size Slice Sqrt Squeeze Sub Transpose"
    " Unsqueeze"
).split()
"""Standard operators that are evaluated where all their inputs are constants."""

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Const:
    """A constant tensor. Where it was quantized, ``array = ints * scale``; both have its shape,
    scale holds exact float32.
    """

    array: Array
    ints: Ints | None = None
    scale: npt.NDArray[np.float64] | None = None


def quant_range(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """Lowest and highest integer of a QONNX Quant."""
    if signed:
        return -(1 << (bits - 1)) + int(narrow), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - int(narrow)


def round_floats(y: Floats32, rounding: str, name: str) -> Floats32:
    """QONNX rounding, float32 to float32. Raises UnsupportedError on an unknown mode."""
    modes: dict[str, Any] = {
        "ROUND": np.rint,
        "HALF_EVEN": np.rint,
        "FLOOR": np.floor,
        "CEIL": np.ceil,
        "DOWN": np.trunc,
        "ROUND_TO_ZERO": np.trunc,
        "UP": lambda v: np.sign(v) * np.ceil(np.abs(v)),
        "HALF_UP": lambda v: np.sign(v) * np.floor(np.abs(v) + np.float32(0.5)),
        "HALF_DOWN": lambda v: np.sign(v) * np.ceil(np.abs(v) - np.float32(0.5)),
    }
    if rounding.upper() not in modes:
        raise UnsupportedError(
            f"{name}: rounding mode must be one of {', '.join(ROUNDING)}, got {rounding}"
        )
    rounded: Floats32 = modes[rounding.upper()](y)
    return rounded


def scalar(value: object, name: str, what: str) -> float:
    """A single number. Raises SpikeLoomError naming node and parameter."""
    if not isinstance(value, Const) or value.array.size != 1:
        raise UnsupportedError(
            f"{name}: {what} must be one constant number, found "
            f"{'a computed tensor' if not isinstance(value, Const) else value.array.shape}"
        )
    return float(value.array.reshape(()).item())


def bit_width(value: object, name: str) -> int:
    """Bits of a Quant. Raises SpikeLoomError unless it is an integer from 1 to 16."""
    bits = scalar(value, name, "the bit width")
    if bits != int(bits) or not 1 <= bits <= 16:
        raise UnsupportedError(f"{name}: bit width must be an integer from 1 to 16, got {bits:g}")
    return int(bits)


def _scales(value: object, shape: tuple[int, ...], name: str) -> Floats32:
    if not isinstance(value, Const):
        raise UnsupportedError(f"{name}: the scale must be a constant")
    scale = value.array.astype(np.float32)
    if not (scale > 0).all():
        raise SpikeLoomError(f"{name}: scales must be positive, found {scale.min():g}")
    try:
        return np.broadcast_to(scale, shape)
    except ValueError as error:
        raise SpikeLoomError(
            f"{name}: a scale of shape {scale.shape} does not fit a tensor of shape {shape}"
        ) from error


def quantize_constant(op: Op, inputs: list[Any]) -> Const:
    """A Quant or BipolarQuant of a constant, in float32 as an executor computes it: weights."""
    values = inputs[0].array.astype(np.float32)
    scale = _scales(inputs[1], values.shape, op.name)
    if op.kind == "BipolarQuant":
        ints = np.where(values >= 0, 1, -1).astype(np.int64)
    else:
        zero, bits = (
            np.float32(scalar(inputs[2], op.name, "the zero point")),
            bit_width(inputs[3], op.name),
        )
        if zero != np.rint(zero):
            raise UnsupportedError(
                f"{op.name}: the zero point of weights must be an integer, got {zero:g}"
            )
        signed, narrow = bool(op.attributes.get("signed", 1)), bool(op.attributes.get("narrow", 0))
        y = values / scale + zero
        if bits == 1 and signed:
            q = np.where(y >= 0, np.float32(1), np.float32(-1))
        else:
            q = round_floats(
                np.clip(y, *quant_range(bits, signed, narrow)),
                str(op.attributes.get("rounding_mode", "ROUND")),
                op.name,
            )
        ints = (q - zero).astype(np.int64)
    return Const(
        (ints.astype(np.float32) * scale).astype(np.float32), ints, scale.astype(np.float64)
    )


def fold(op: Op, inputs: list[Const], opset: int) -> list[Const]:
    """Evaluate an operator on constants. Raises SpikeLoomError naming the node."""
    if (
        op.kind in ("Transpose", "Reshape", "Identity", "Flatten", "Squeeze", "Unsqueeze")
        and inputs[0].ints is not None
    ):
        assert inputs[0].scale is not None
        parts = [
            _evaluate(op, [part, *(i.array for i in inputs[1:])], opset)[0]
            for part in (inputs[0].array, inputs[0].ints, inputs[0].scale)
        ]
        return [Const(*parts)]
    return [Const(array) for array in _evaluate(op, [i.array for i in inputs], opset)]


def _evaluate(op: Op, inputs: list[Array], opset: int) -> list[Array]:
    feeds = {name: array for name, array in zip(op.inputs, inputs, strict=True) if name}
    try:
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(op.proto, opsets={"": opset}).run(None, feeds)
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise SpikeLoomError(
            f"{op.name}: {op.kind} of constants cannot be evaluated: {str(error).splitlines()[0]}"
        ) from error
    arrays = [np.asarray(r) for r in results]
    for array in arrays:
        check_finite(f"{op.outputs[0]} (from node {op.name})", array)
    return arrays


def weights(value: object, name: str) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Integers and scale of a weight tensor, both of its shape. Raises UnsupportedError naming the
    node if it is not quantized.
    """
    if not isinstance(value, Const):
        raise UnsupportedError(
            f"{name}: expected constant weights, found a computed tensor; products of two"
            " activations are not supported"
        )
    if value.ints is not None and value.scale is not None:
        return value.ints, value.scale
    if (
        not np.array_equal(value.array, np.rint(value.array))
        or np.abs(value.array).max(initial=0) >= 1 << 16
    ):
        raise UnsupportedError(
            f"{name}: expected quantized weights (a Quant or BipolarQuant node before it, or plain"
            " integers), found floats"
        )
    return value.array.astype(np.int64), np.ones(value.array.shape)


def output_scale(scale: npt.NDArray[np.float64], name: str) -> Rationals:
    """(O,) scale of each output channel, given that of every weight (O, ...). Raises
    UnsupportedError if it varies inside a channel.
    """
    rows = scale.reshape(scale.shape[0], -1)
    if not (rows == rows[:, :1]).all():
        raise UnsupportedError(
            f"{name}: weight scales must be per tensor or per output channel, found one that varies"
            " inside a channel"
        )
    return rationals(rows[:, 0])
