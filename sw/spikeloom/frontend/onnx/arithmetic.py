"""Readers of shapes, arithmetic with constants, residual sums, ReLU and pooling."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np
import onnx

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.builder import clean, sign
from spikeloom.frontend.onnx.constants import Const
from spikeloom.frontend.onnx.context import (
    Context,
    Value,
    map_of,
    per_channel,
    spatial,
    window,
    with_map,
)
from spikeloom.frontend.onnx.load import Array, Op
from spikeloom.frontend.signal import PoolStep, Signal, Unquantized
from spikeloom.ir.exact import Linear, Relu
from spikeloom.ir.nodes import Input
from spikeloom.ir.number import MAX_STEPS, Code
from spikeloom.ir.staircase import rationals
from spikeloom.ir.windows import window_shape

MAX_SKIP_STEPS = 10
"""Widest sum without an activation that may join another one."""


def identity(context: Context, op: Op, inputs: list[Value]) -> Value:
    return inputs[0]


def cast(context: Context, op: Op, inputs: list[Value]) -> Value:
    if op.attributes.get("to") not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
        raise UnsupportedError(f"{op.name}: Cast of activations must be to float or double")
    return inputs[0]


def _axes(context: Context, op: Op, inputs: list[Value]) -> list[int] | None:
    if len(inputs) > 1 and inputs[1] is not None:
        return [int(a) for a in context.constant(inputs[1], op, "the axes").array.reshape(-1)]
    return [int(a) for a in op.attributes["axes"]] if "axes" in op.attributes else None


def _new_view(
    context: Context, op: Op, view: tuple[int, ...], inputs: list[Value]
) -> tuple[int, ...]:
    rank = len(view)
    if op.kind == "Flatten":
        axis = int(op.attributes.get("axis", 1)) % (rank + 1)
        return prod(view[:axis]), prod(view[axis:])
    if op.kind == "Reshape":
        target = [
            int(d) for d in context.constant(inputs[1], op, "the new shape").array.reshape(-1)
        ]
        copy = not op.attributes.get("allowzero", 0)
        target = [view[i] if d == 0 and copy and i < rank else d for i, d in enumerate(target)]
        known = prod(d for d in target if d != -1)
        return tuple(prod(view) // max(1, known) if d == -1 else d for d in target)
    axes = _axes(context, op, inputs)
    if op.kind == "Squeeze":
        gone = (
            [i for i, d in enumerate(view) if d == 1] if axes is None else [a % rank for a in axes]
        )
        return tuple(d for i, d in enumerate(view) if i not in gone)
    full = list(view)
    for axis in sorted(a % (rank + len(axes or [])) for a in axes or []):
        full.insert(axis, 1)
    return tuple(full)


def reshape(context: Context, op: Op, inputs: list[Value]) -> Value:
    """Flatten, Reshape, Squeeze, Unsqueeze: the order of the numbers stays, only the view
    changes.
    """
    value = inputs[0]
    if not isinstance(value, (Signal, Unquantized)):
        value = context.signal(value, op)
    view = _new_view(context, op, value.view, inputs)
    if prod(view) != prod(value.view):
        raise SpikeLoomError(f"{op.name}: {op.kind} cannot turn {value.view} into {view}")
    if (
        isinstance(value, Signal)
        and len(view) == 4
        and view[1:] != value.map
        and value.time is None
        and view[0] == value.view[0]
    ):
        shape = (view[1], view[2], view[3])
        if context.builder.reshape_input(value, shape):
            gain, offset = (
                rationals([values[0]] * shape[0]) for values in (value.gain, value.offset)
            )
            return replace(value, view=view, map=shape, gain=gain, offset=offset)
    return replace(value, view=view)


def transpose(context: Context, op: Op, inputs: list[Value]) -> Value:
    value = inputs[0]
    view = (
        value.view if isinstance(value, (Signal, Unquantized)) else context.signal(value, op).view
    )
    order = [int(p) for p in op.attributes.get("perm", range(len(view) - 1, -1, -1))]
    moved = [p for p in order if view[p] != 1]
    if moved != sorted(moved):
        raise UnsupportedError(
            f"{op.name}: Transpose of activations is not supported (perm {order}); export in"
            " channels-first layout"
        )
    assert isinstance(value, (Signal, Unquantized))
    return replace(value, view=tuple(view[p] for p in order))


def relu(context: Context, op: Op, inputs: list[Value]) -> Signal:
    signal = context.signal(inputs[0], op)
    if isinstance(signal.main, str) and signal.plain_words:
        code = context.builder.codes[signal.main]
        ends = [
            g * e + o
            for g, o in zip(signal.gain, signal.offset, strict=True)
            for e in (code.min_value, code.max_value)
        ]
        if min(ends) >= 0:
            return signal
    return replace(signal, chain=(*signal.chain, Relu()))


def neg(context: Context, op: Op, inputs: list[Value]) -> Signal:
    signal = context.signal(inputs[0], op)
    return signal.affine(signal.gain * 0 - 1, signal.gain * 0)


def batch_norm(context: Context, op: Op, inputs: list[Value]) -> Signal:
    """The factor gamma / sqrt(variance + epsilon) is taken in float64: the one number that is not a
    rational of the file's.
    """
    signal = context.signal(inputs[0], op)
    parts = [
        context.constant(v, op, "parameters").array.astype(np.float64).reshape(-1)
        for v in inputs[1:5]
    ]
    if (
        any(p.size != signal.map[0] for p in parts)
        or len(signal.view) < 2
        or signal.view[1] != signal.map[0]
    ):
        raise SpikeLoomError(
            f"{op.name}: expected parameters for axis 1 of {signal.view} ({signal.map[0]}"
            f" channels), found {parts[0].size}"
        )
    gamma, beta, mean, variance = parts
    if (variance < 0).any():
        raise SpikeLoomError(
            f"{op.name}: expected variances of 0 or more, found {variance.min():g}"
        )
    gain = rationals(gamma / np.sqrt(variance + float(op.attributes.get("epsilon", 1e-5))))
    return signal.affine(gain, rationals(beta) - gain * rationals(mean))


def _place_values(raw: Unquantized, array: Array) -> Code | None:
    """The code whose place values a constant spreads over the time axis."""
    if (
        len(raw.view) < 3
        or array.shape[-len(raw.view) + 1 :] != (raw.view[1], *(1,) * (len(raw.view) - 2))
        or raw.view[1] > MAX_STEPS
    ):
        return None
    places = array.reshape(-1)
    base = int(places[-2]) if places.size > 1 else 2
    code = Code(places.size, base) if 2 <= base <= 16 else None
    return code if code is not None and np.array_equal(code.place_values, places) else None


def arithmetic(context: Context, op: Op, inputs: list[Value]) -> Value:
    """Add, Sub, Mul, Div of an activation and a constant; Add and Sub of two activations."""
    a, b = inputs
    if isinstance(a, Const) and op.kind in ("Add", "Mul"):
        a, b = b, a
    if isinstance(a, Unquantized) and isinstance(b, Const) and op.kind == "Mul":
        code = _place_values(a, b.array)
        if code is not None:
            return replace(a, places=code)
    if isinstance(a, Const) and op.kind == "Sub":  # constant - x
        signal = context.signal(b, op)
        value = per_channel(a, signal, op)
        return signal.affine(value * 0 - 1, value)
    signal = context.signal(a, op)
    if not isinstance(b, Const):
        if op.kind not in ("Add", "Sub"):
            raise UnsupportedError(
                f"{op.name}: {op.kind} of two activations is not supported; only Add and Sub are"
            )
        other = context.signal(b, op)
        return join(context, op, signal, neg(context, op, [other]) if op.kind == "Sub" else other)
    value = per_channel(b, signal, op)
    if op.kind == "Div":
        if any(v == 0 for v in value):
            raise SpikeLoomError(f"{op.name}: division by zero")
        return signal.affine(1 / value, value * 0)
    if op.kind == "Mul":
        return signal.affine(value, value * 0)
    return signal.affine(value * 0 + 1, -value if op.kind == "Sub" else value)


def join(context: Context, op: Op, a: Signal, b: Signal) -> Signal:
    """A residual: one branch keeps its accumulator, the other joins as words scaled by kappa."""
    if a.map != b.map or a.view != b.view or a.time != b.time:
        raise UnsupportedError(
            f"{op.name}: {op.kind} of tensors {a.view} and {b.view} is not supported; both must"
            " have the same shape"
        )
    if a.chain or b.chain:
        raise UnsupportedError(
            f"{op.name}: {op.kind} after ReLU or max pooling needs quantized activations; put a"
            " Quant before it"
        )
    if isinstance(a.main, str) and not isinstance(b.main, str):
        a, b = b, a
    if isinstance(a.main, Linear) and isinstance(b.main, Linear):
        a, b = _one_as_words(context, op, a, b)
    b = context.builder.words(b, op.name)
    if a.skip is not None:
        a = context.builder.words(a, op.name)
    assert isinstance(b.main, str)
    if a.main == b.main:
        return replace(a, gain=a.gain + b.gain, offset=a.offset + b.offset)
    return replace(a, offset=a.offset + b.offset, skip=b.main, skip_gain=b.gain)


def _one_as_words(context: Context, op: Op, a: Signal, b: Signal) -> tuple[Signal, Signal]:
    """Two sums without activations: one of them, preferably a pooling, leaves as words if it is
    narrow.
    """
    first, second = sorted(
        (a, b), key=lambda s: isinstance(s.main, Linear) and context.builder.is_sum_pool(s.main)
    )
    words = context.builder.words(second, op.name)
    assert isinstance(words.main, str)
    if context.builder.codes[words.main].steps > MAX_SKIP_STEPS:
        raise UnsupportedError(
            f"{op.name}: {op.kind} of two sums without activations is not supported; put a Quant on"
            " one of the branches"
        )
    return first, words


def max_pool(context: Context, op: Op, inputs: list[Value]) -> Signal:
    signal = context.signal(inputs[0], op)
    rank = spatial(signal, op)
    if len(op.outputs) > 1 and op.outputs[1]:
        raise UnsupportedError(
            f"{op.name}: MaxPool with a second output (indices) is not supported"
        )
    kernel = (
        signal.map[3 - rank :]
        if op.kind == "GlobalMaxPool"
        else tuple(int(k) for k in op.attributes["kernel_shape"])
    )
    step = PoolStep(op.name, *window(op, kernel, rank))
    shape = window_shape(signal.map, signal.map[0], step.kernel, step.stride, step.padding, op.name)
    if not isinstance(signal.main, str) or not signal.plain_words:
        return with_map(signal, shape, rank, chain=(*signal.chain, step))
    if context.builder.codes[signal.main].spike_train and signal.time is None:
        raise UnsupportedError(
            f"{op.name}: MaxPool of spike counts is not supported; pool before summing over time"
        )
    return with_map(
        signal, shape, rank, main=context.builder.max_pool(signal.main, step, sign(signal.gain))
    )


def average_pool(context: Context, op: Op, inputs: list[Value]) -> Signal:
    """A sum, whose divisor goes into the scale."""
    signal = context.signal(inputs[0], op)
    rank = spatial(signal, op)
    kernel = (
        tuple(int(k) for k in op.attributes["kernel_shape"])
        if op.kind == "AveragePool"
        else signal.map[3 - rank :]
    )
    step = PoolStep(op.name, *window(op, kernel, rank))
    if any(step.padding) and not op.attributes.get("count_include_pad", 0):
        raise UnsupportedError(f"{op.name}: AveragePool with padding needs count_include_pad=1")
    return _sum_pool(context, op, signal, step, Fraction(1, step.kernel[0] * step.kernel[1]), rank)


def _sum_pool(
    context: Context, op: Op, signal: Signal, step: PoolStep, factor: Fraction, rank: int
) -> Signal:
    signal = context.builder.words(signal, op.name)
    assert isinstance(signal.main, str)
    if any(step.padding) and any(o != 0 for o in signal.offset):
        raise UnsupportedError(
            f"{op.name}: padding meets activations whose zero is not a silent word; use a zero"
            " point of 0 or no padding"
        )
    count = step.kernel[0] * step.kernel[1]
    if context.builder.codes[signal.main].signed:
        ones = np.ones((signal.map[0], 1, *step.kernel), dtype=np.int64)
        linear = Linear(op.name, signal.main, ones, step.stride, step.padding, signal.map[0])
        shape = context.builder.linear_shape(linear)
        return with_map(
            signal,
            shape,
            rank,
            main=linear,
            gain=signal.gain * factor,
            offset=signal.offset * factor * count,
        )
    last = context.builder.sum_pool(signal.main, step)
    return with_map(
        signal,
        context.builder.shapes[last],
        rank,
        main=last,
        gain=signal.gain * factor,
        offset=signal.offset * factor * count,
    )


def reduce(context: Context, op: Op, inputs: list[Value]) -> Value:
    """ReduceSum, ReduceMean: over the time steps, or over the whole map."""
    axes, value = _axes(context, op, inputs), inputs[0]
    keep = bool(op.attributes.get("keepdims", 1))
    if isinstance(value, Unquantized) and value.places is not None:
        view = (value.view[0], *value.view[2:])
        if axes != [1] or keep or op.kind != "ReduceSum":
            raise UnsupportedError(
                f"{op.name}: expected ReduceSum over axis 1 (time) without keepdims, found"
                f" {op.kind} over {axes}"
            )
        node = Input(
            clean(context.file.input),
            map_of(view, op),
            context.file.input_shape[1:],
            value.places,
            events=True,
        )
        return context.input_signal(node, view)
    signal = context.signal(value, op)
    rank = len(signal.view)
    axes = sorted(a % rank for a in axes or [])
    if (
        axes == [1]
        and signal.time is not None
        and signal.view[1] == signal.time
        and not signal.chain
        and not keep
    ):
        steps = signal.time if op.kind == "ReduceSum" else 1
        each = Fraction(1, 1 if op.kind == "ReduceSum" else signal.time)
        skip_gain = None if signal.skip_gain is None else signal.skip_gain * each
        view = (signal.view[0], *signal.view[2:])
        return replace(
            signal,
            gain=signal.gain * each,
            offset=signal.offset * steps,
            skip_gain=skip_gain,
            view=view,
            time=None,
        )
    maps = spatial(signal, op)
    if axes != list(range(2, 2 + maps)):
        raise UnsupportedError(
            f"{op.name}: {op.kind} over axes {axes} is not supported; only over time (axis 1, no"
            " keepdims) or over the whole map"
        )
    step = PoolStep(op.name, (signal.map[1], signal.map[2]), (1, 1), (0, 0, 0, 0))
    factor = Fraction(1) if op.kind == "ReduceSum" else Fraction(1, signal.map[1] * signal.map[2])
    result = _sum_pool(context, op, signal, step, factor, maps)
    return result if keep else replace(result, view=result.view[:2])
