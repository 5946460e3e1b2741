"""Readers of Conv, Gemm, MatMul and Pad."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.onnx.constants import Const, output_scale, scalar, weights
from spikeloom.frontend.onnx.context import Context, Value, per_channel, spatial, window, with_map
from spikeloom.frontend.onnx.load import Op
from spikeloom.frontend.signal import Padded, Signal
from spikeloom.ir.exact import Linear, uniform
from spikeloom.ir.number import Ints
from spikeloom.ir.staircase import Rationals, rationals
from spikeloom.ir.windows import window_shape


def _through(
    signal: Signal, weight: Ints, scale: Rationals, groups: int, padded: bool, name: str
) -> tuple[Rationals, Rationals]:
    """(O,) gain and offset of an accumulator whose inputs are ``gain * words + offset``."""
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    if padded and any(o != 0 for o in signal.offset):
        raise UnsupportedError(
            f"{name}: padding meets activations whose zero is not a silent word (zero point or"
            " bipolar); use a zero point of 0, signed words, or no padding"
        )
    gain, offset = [], []
    for o in range(weight.shape[0]):
        channels = slice(o // outputs * inputs, o // outputs * inputs + inputs)
        gain.append(scale[o] * uniform(signal.gain[channels], name, "scale of the input"))
        taps = weight[o].sum(axis=(1, 2))
        offset.append(
            scale[o]
            * sum(
                (int(t) * b for t, b in zip(taps, signal.offset[channels], strict=True) if b),
                Fraction(0),
            )
        )
    return rationals(gain), rationals(offset)


def _bias(context: Context, op: Op, value: Value, signal: Signal) -> Signal:
    if value is None:
        return signal
    bias = context.constant(value, op, "the bias").array.reshape(-1)
    if bias.size not in (1, signal.map[0]):
        raise SpikeLoomError(
            f"{op.name}: expected a bias for {signal.map[0]} channels, found {bias.size} numbers"
        )
    zero = rationals(np.broadcast_to(bias, (signal.map[0],)))
    return signal.affine(zero * 0 + 1, zero)


def conv(context: Context, op: Op, inputs: list[Value]) -> Signal:
    extra, value = (0, 0, 0, 0), inputs[0]
    if isinstance(value, Padded):
        extra, value = value.padding, value.signal
    signal = context.builder.words(context.signal(value, op), op.name)
    rank = spatial(signal, op)
    ints, scale = weights(inputs[1], op.name)
    if ints.ndim != rank + 2:
        raise SpikeLoomError(
            f"{op.name}: expected weights of rank {rank + 2}, found shape {ints.shape}"
        )
    if rank == 1:
        ints, scale = ints[:, :, None, :], scale[:, :, None, :]
    kernel, stride, pads = window(op, tuple(int(k) for k in ints.shape[2:])[2 - rank :], rank)
    if list(op.attributes.get("kernel_shape", ints.shape[4 - rank :])) != list(
        ints.shape[4 - rank :]
    ):
        raise SpikeLoomError(
            f"{op.name}: kernel_shape {list(op.attributes['kernel_shape'])} does not fit weights of"
            f" shape {ints.shape}"
        )
    padding = (pads[0] + extra[0], pads[1] + extra[1], pads[2] + extra[2], pads[3] + extra[3])
    groups = int(op.attributes.get("group", 1))
    if groups < 1 or signal.map[0] != ints.shape[1] * groups or ints.shape[0] % groups:
        raise SpikeLoomError(
            f"{op.name}: weights of shape {ints.shape} in {groups} groups do not fit"
            f" {signal.map[0]} channels"
        )
    assert isinstance(signal.main, str)
    linear = Linear(op.name, signal.main, ints, stride, padding, groups)
    gain, offset = _through(
        signal, ints, output_scale(scale, op.name), groups, any(padding), op.name
    )
    shape = window_shape(signal.map, int(ints.shape[0]), kernel, stride, padding, op.name)
    result = with_map(signal, shape, rank, main=linear, gain=gain, offset=offset)
    return _bias(context, op, inputs[2] if len(inputs) > 2 else None, result)


def pad(context: Context, op: Op, inputs: list[Value]) -> Padded:
    """Zeros around the map, in front of a convolution."""
    signal = context.signal(inputs[0], op)
    rank = spatial(signal, op)
    if str(op.attributes.get("mode", "constant")) != "constant":
        raise UnsupportedError(f"{op.name}: Pad mode must be constant, got {op.attributes['mode']}")
    value = inputs[2] if len(inputs) > 2 else None
    if (
        scalar(value, op.name, "the padding value")
        if value is not None
        else op.attributes.get("value", 0)
    ) != 0:
        raise UnsupportedError(f"{op.name}: Pad must pad with zeros")
    if len(inputs) > 3 and inputs[3] is not None:
        raise UnsupportedError(
            f"{op.name}: Pad with `axes` is not supported; give the padding of all axes"
        )
    amounts = (
        op.attributes["pads"]
        if "pads" in op.attributes
        else context.constant(inputs[1], op, "pads").array
    )
    pads = [int(p) for p in np.asarray(amounts).reshape(-1)]
    half = rank + 2
    if len(pads) != 2 * half or any(pads[:2] + pads[half : half + 2]) or min(pads) < 0:
        raise UnsupportedError(f"{op.name}: Pad may only add zeros around the map, got {pads}")
    padding = (
        (pads[2], pads[3], pads[half + 2], pads[half + 3])
        if rank == 2
        else (0, pads[2], 0, pads[half + 2])
    )
    return Padded(signal, padding)


def _fully_connected(
    context: Context, op: Op, value: Value, matrix: Value, transposed: bool
) -> Signal:
    """x @ W with W (I, O), or (O, I) if transposed: a convolution whose kernel is the whole map."""
    signal = context.builder.words(context.signal(value, op), op.name)
    ints, scale = weights(matrix, op.name)
    if ints.ndim != 2:
        raise UnsupportedError(
            f"{op.name}: expected a weight matrix of rank 2, found shape {ints.shape}"
        )
    if not transposed:
        ints, scale = ints.T, scale.T
    c, h, w = signal.map
    if signal.view[-1] != c * h * w or ints.shape[1] != signal.view[-1]:
        raise SpikeLoomError(
            f"{op.name}: {op.kind} expected vectors of {ints.shape[1]} numbers, found a tensor"
            f" {signal.view} of a {c}x{h}x{w} map; flatten it first"
        )
    weight = np.ascontiguousarray(ints).reshape(-1, c, h, w)
    assert isinstance(signal.main, str)
    gain, offset = _through(signal, weight, output_scale(scale, op.name), 1, False, op.name)
    outputs = int(weight.shape[0])
    return replace(
        signal,
        main=Linear(op.name, signal.main, weight),
        gain=gain,
        offset=offset,
        map=(outputs, 1, 1),
        view=(*signal.view[:-1], outputs),
    )


def matmul(context: Context, op: Op, inputs: list[Value]) -> Signal:
    if isinstance(inputs[0], Const):
        raise UnsupportedError(
            f"{op.name}: MatMul expected activations on the left and weights on the right, found a"
            " constant on the left"
        )
    return _fully_connected(context, op, inputs[0], inputs[1], transposed=False)


def gemm(context: Context, op: Op, inputs: list[Value]) -> Signal:
    if op.attributes.get("transA", 0):
        raise UnsupportedError(f"{op.name}: Gemm with transA=1 is not supported")
    signal = _fully_connected(
        context, op, inputs[0], inputs[1], transposed=bool(op.attributes.get("transB", 0))
    )
    alpha, beta = (
        Fraction(float(op.attributes.get("alpha", 1.0))),
        Fraction(float(op.attributes.get("beta", 1.0))),
    )
    signal = signal.affine(signal.gain * 0 + alpha, signal.gain * 0)
    if len(inputs) < 3 or inputs[2] is None:
        return signal
    bias = per_channel(context.constant(inputs[2], op, "the bias"), signal, op) * beta
    return signal.affine(bias * 0 + 1, bias)
