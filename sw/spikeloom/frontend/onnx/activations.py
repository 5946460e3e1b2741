"""Readers of Quant, BipolarQuant, MultiThreshold (with its codebook) and LIF."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.builder import clean
from spikeloom.frontend.onnx import lif_operator
from spikeloom.frontend.onnx.constants import (
    Const,
    bit_width,
    quant_range,
    quantize_constant,
    scalar,
)
from spikeloom.frontend.onnx.context import Context, Value, map_of, per_channel
from spikeloom.frontend.onnx.load import Op
from spikeloom.frontend.signal import Signal, Unquantized
from spikeloom.ir.exact import Quantizer, Threshold
from spikeloom.ir.nodes import Input
from spikeloom.ir.number import MAX_STEPS, Code
from spikeloom.ir.staircase import Cuts, Rationals, exact_grid, rationals, rounding_cuts


def quant(context: Context, op: Op, inputs: list[Value]) -> Value:
    """Quant and BipolarQuant: of a constant (weights), of the network's input, or of an
    activation.
    """
    if isinstance(inputs[0], Const):
        return quantize_constant(op, list(inputs))
    if (
        isinstance(inputs[0], Unquantized)
        and inputs[0].places is None
        and not context.file.input_type
    ):
        return _input(context, op, inputs[0], inputs)
    signal = context.signal(inputs[0], op)
    scale = per_channel(context.constant(inputs[1], op, "the scale"), signal, op)
    if any(s <= 0 for s in scale):
        raise SpikeLoomError(f"{op.name}: scales must be positive, found {float(min(scale)):g}")
    if op.kind == "BipolarQuant":
        return context.builder.activate(signal, _bipolar(op, scale, scale * 0))
    zero = per_channel(context.constant(inputs[2], op, "the zero point"), signal, op)
    bits, signed = bit_width(inputs[3], op.name), bool(op.attributes.get("signed", 1))
    if bits == 1 and signed:
        return context.builder.activate(signal, _bipolar(op, scale, zero))
    narrow = bool(op.attributes.get("narrow", 0))
    low, high = quant_range(bits, signed, narrow)
    halves, strict = rounding_cuts(
        str(op.attributes.get("rounding_mode", "ROUND")), low, high, op.name
    )
    cuts = Cuts.rising(halves, strict, scale / 2, -zero * scale)
    if narrow:  # the word that is left out: the lowest signed one, the highest unsigned one
        cuts = _widen(cuts, first=signed)
    return context.builder.activate(
        signal, Quantizer(op.name, Code(bits, signed=signed), cuts, scale, -scale * zero)
    )


def _widen(cuts: Cuts, first: bool, count: int = 1) -> Cuts:
    """More steps: such as are always passed in front, or such as never are behind."""
    where, filler = (0, 1) if first else (cuts.shape[1], -1)
    columns = [where] * count
    return replace(
        cuts,
        grid=np.insert(cuts.grid, columns, cuts.grid.flat[0], axis=1),
        strict=np.insert(cuts.strict, columns, False, axis=1),
        fixed=np.insert(cuts.fixed, columns, filler, axis=1),
    )


def _bipolar(op: Op, scale: Rationals, zero: Rationals) -> Quantizer:
    """-1 and +1 times the scale, as one-bit words with an offset."""
    cuts = Cuts.rising(
        np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1), dtype=np.bool_), scale, -zero * scale
    )
    return Quantizer(op.name, Code(1), cuts, 2 * scale, scale * (-1 - zero))


def _input(context: Context, op: Op, raw: Unquantized, inputs: list[Value]) -> Signal:
    if op.kind == "BipolarQuant":
        raise UnsupportedError(
            f"{op.name}: a bipolar input is not supported; quantize the input with an unsigned or"
            " signed Quant of 2 bits or more"
        )
    scale = scalar(inputs[1], op.name, "the scale of the network's input")
    zero, bits = (
        scalar(inputs[2], op.name, "the zero point of the network's input"),
        bit_width(inputs[3], op.name),
    )
    signed, narrow = bool(op.attributes.get("signed", 1)), bool(op.attributes.get("narrow", 0))
    rounding = str(op.attributes.get("rounding_mode", "ROUND")).upper()
    if rounding not in ("ROUND", "HALF_EVEN"):
        raise UnsupportedError(
            f"{op.name}: the network's input must be rounded by ROUND, got {rounding}"
        )
    if zero != int(zero) or (bits == 1 and signed) or (narrow and not signed) or scale <= 0:
        raise UnsupportedError(
            f"{op.name}: the network's input needs a positive scale, an integer zero point, and no"
            f" narrow unsigned or bipolar range; got scale {scale:g}, zero point {zero:g}, {bits}"
            f" bits, signed={int(signed)}, narrow={int(narrow)}"
        )
    name, real = clean(context.file.input), context.file.input_shape[1:]
    node = Input(
        name, map_of(raw.view, op), real, Code(bits, signed=signed), scale, int(zero), narrow
    )
    return context.input_signal(node, raw.view)


def multithreshold(context: Context, op: Op, inputs: list[Value]) -> Signal:
    """Counts thresholds; a Gather behind it turns the count into the values of a code."""
    signal = context.signal(inputs[0], op)
    if str(op.attributes.get("data_layout", "")) not in ("", "NCHW", "NC"):
        raise UnsupportedError(
            f"{op.name}: data_layout must be NCHW or NC, got {op.attributes['data_layout']}"
        )
    table = context.constant(inputs[1], op, "the thresholds").array
    if table.ndim != 2 or table.shape[0] not in (1, signal.map[0]) or table.shape[1] < 1:
        raise SpikeLoomError(
            f"{op.name}: expected thresholds ({signal.map[0]}, K), found shape {table.shape}"
        )
    steps = int(table.shape[1]).bit_length()
    if steps > MAX_STEPS:
        raise UnsupportedError(
            f"{op.name}: at most {(1 << MAX_STEPS) - 1} thresholds, found {table.shape[1]}"
        )
    grid, unit = exact_grid(np.sort(table, axis=1))
    one = signal.gain * 0 + 1
    cuts = Cuts.rising(grid, np.zeros((1, table.shape[1]), dtype=np.bool_), one * unit, one * 0)
    missing = (1 << steps) - 1 - table.shape[1]
    if missing:
        cuts = _widen(cuts, first=False, count=missing)
    gather = _gather(context, op)
    if gather is not None:
        return _coded(context, op, gather, signal, cuts, steps)
    gain, bias = (
        Fraction(float(op.attributes.get(k, d))) for k, d in (("out_scale", 1.0), ("out_bias", 0.0))
    )
    if gain and bias / gain == -(1 << (steps - 1)) and not missing:
        return context.builder.activate(
            signal, Quantizer(op.name, Code(steps, signed=True), cuts, one * gain, one * 0)
        )
    return context.builder.activate(
        signal, Quantizer(op.name, Code(steps), cuts, one * gain, one * bias)
    )


def _gather(context: Context, op: Op) -> Op | None:
    """The Gather that looks the count up in a codebook; it and the Casts between are taken
    along.
    """
    passed, tensor = [], op.outputs[0]
    while True:
        users = context.consumers(tensor)
        if len(users) != 1 or users[0].kind not in ("Cast", "Gather"):
            return None
        passed.append(users[0])
        if users[0].kind == "Gather":
            break
        tensor = users[0].outputs[0]
    if users[0].inputs[1] != tensor or users[0].attributes.get("axis", 0) != 0:
        return None
    context.skipped.update(user.name for user in passed)
    return passed[-1]


def _coded(context: Context, op: Op, gather: Op, signal: Signal, cuts: Cuts, steps: int) -> Signal:
    values = context.constant(
        context.values[gather.inputs[0]], gather, "the codebook"
    ).array.astype(np.float32)
    if (
        values.shape != (1 << steps,)
        or op.attributes.get("out_scale", 1.0) != 1
        or op.attributes.get("out_bias", 0.0) != 0
    ):
        raise UnsupportedError(
            f"{gather.name}: expected a codebook of {1 << steps} values and a MultiThreshold that"
            f" counts, found shape {values.shape}"
        )
    unit = values[1] - values[0]
    base = round(float((values[2] - values[0]) / unit)) if steps > 1 and unit > 0 else 2
    code = Code(steps, base) if 2 <= base <= 16 else Code(steps)
    if not unit > 0 or not np.array_equal(
        code.codebook.astype(np.float32) * unit + values[0], values
    ):
        raise UnsupportedError(
            f"{gather.name}: the codebook must be all sums of distinct powers of one base from 2 to"
            " 16, times one scale"
        )
    one = signal.gain * 0 + 1
    result = context.builder.activate(
        signal,
        Quantizer(
            op.name, code, cuts, one * Fraction(float(unit)), one * Fraction(float(values[0]))
        ),
    )
    context.values[gather.outputs[0]] = result
    return result


def lif(context: Context, op: Op, inputs: list[Value]) -> Signal:
    form = lif_operator.form_of(op.proto)
    steps, repeat = form.steps, bool(form.repeat)
    signal = context.signal(inputs[0], op)
    if not repeat and (signal.time != steps or len(signal.view) < 3 or signal.view[1] != steps):
        raise SpikeLoomError(
            f"{op.name}: expected currents (batch, {steps}, ...), found a tensor {signal.view}"
        )
    if repeat and signal.time is not None:
        raise SpikeLoomError(
            f"{op.name}: expected one current without a time axis, found {signal.time} time steps"
        )
    theta = context.constant(inputs[1], op, "the threshold").array.reshape(-1)
    if theta.size not in (1, signal.map[0]) or not (theta > 0).all():
        raise SpikeLoomError(
            f"{op.name}: expected one positive threshold or {signal.map[0]}, found {theta.size},"
            f" the smallest {theta.min():g}"
        )
    per = rationals(np.broadcast_to(theta, (signal.map[0],)))
    neuron = Threshold(
        op.name, Code(steps, 1), per, form.leak, form.hard_reset, repeat, not form.floor
    )
    return context.builder.spike(signal, neuron)
