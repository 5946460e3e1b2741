"""What every operator's reader gets: the file, the builder, and helpers to look at inputs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.builder import Builder, clean
from spikeloom.frontend.onnx.constants import Const
from spikeloom.frontend.onnx.load import File, Op
from spikeloom.frontend.signal import Padded, Signal, Unquantized
from spikeloom.ir.exact import constants
from spikeloom.ir.nodes import Input
from spikeloom.ir.number import MAX_STEPS, Code, Shape
from spikeloom.ir.staircase import Rationals, rationals

Value = Const | Signal | Unquantized | Padded | None
"""What a tensor of the file is to the reader; None for an optional input left out."""


@dataclass
class Context:
    """The state of one reading. ``skipped``: operators that another one has taken along."""

    file: File
    builder: Builder
    values: dict[str, Value] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)

    def consumers(self, tensor: str) -> list[Op]:
        return [op for op in self.file.ops if tensor in op.inputs]

    def signal(self, value: Value, op: Op) -> Signal:
        """An activation tensor. Raises UnsupportedError naming the node if it is something else."""
        if isinstance(value, Unquantized):
            return self.unquantized(value, op)
        if isinstance(value, Padded):
            raise UnsupportedError(
                f"{op.name}: {op.kind} after Pad is not supported; only Conv may follow a Pad"
            )
        if not isinstance(value, Signal):
            raise UnsupportedError(
                f"{op.name}: {op.kind} expected an activation as its first input, found"
                f" {'a constant' if value else 'nothing'}"
            )
        return value

    def constant(self, value: Value, op: Op, what: str) -> Const:
        if not isinstance(value, Const):
            raise UnsupportedError(
                f"{op.name}: {what} of {op.kind} must be a constant, found a computed tensor"
            )
        return value

    def input_signal(self, node: Input, view: tuple[int, ...], time: int | None = None) -> Signal:
        self.builder.add_input(node)
        scale = Fraction(node.scale)
        return Signal(
            node.name,
            constants(scale, node.shape[0]),
            constants(-scale * node.zero_point, node.shape[0]),
            node.shape,
            view,
            time=time,
        )

    def unquantized(self, raw: Unquantized, op: Op) -> Signal:
        """The graph input where it is used as it is: integers by annotation, or spikes with a time
        axis.
        """
        name, real = clean(self.file.input), self.file.input_shape[1:]
        kind = self.file.input_type
        if raw.places is None and kind and kind.strip("UINT").isdigit():
            code = Code(int(kind.strip("UINT")), signed=not kind.startswith("U"))
            return self.input_signal(Input(name, map_of(raw.view, op), real, code), raw.view)
        steps = real[0]
        if (
            raw.places is None
            and len(real) in (2, 4)
            and steps <= MAX_STEPS
            and prod(raw.view) == prod(self.file.input_shape)
        ):
            shape = map_of((1, *(raw.view[-3:] if len(real) == 4 else real[1:])), op)
            return self.input_signal(
                Input(name, shape, real, Code(steps, 1), events=True), raw.view, time=steps
            )
        raise UnsupportedError(
            f"{op.name}: {op.kind} reads the network's input {self.file.input} unquantized; put a"
            " Quant (or spikeloom.nn.QuantInput) at the input, or annotate the input as integers"
            " (UINT8)"
        )


def map_of(view: tuple[int, ...], op: Op) -> Shape:
    """Channels, height, width of a tensor, batch first. Raises UnsupportedError for ranks other
    than 2, 3 and 4.
    """
    if len(view) == 4:
        return view[1], view[2], view[3]
    if len(view) == 3:
        return view[1], 1, view[2]
    if len(view) == 2:
        return view[1], 1, 1
    raise UnsupportedError(
        f"{op.name}: {op.kind} expected a tensor of rank 2 to 4 (batch, channels, height, width),"
        f" found shape {view}"
    )


def per_channel(value: Const, signal: Signal, op: Op) -> Rationals:
    """(C,) a constant that is broadcast over a signal. Raises UnsupportedError if it varies inside
    a channel.
    """
    try:
        full = np.broadcast_to(value.array, signal.view)
    except ValueError as error:
        raise SpikeLoomError(
            f"{op.name}: a constant of shape {value.array.shape} does not fit a tensor of shape"
            f" {signal.view}"
        ) from error
    rows = full.reshape(-1, signal.map[0], signal.map[1] * signal.map[2])
    if not (rows == rows[:1, :, :1]).all():
        raise UnsupportedError(
            f"{op.name}: {op.kind} with a constant that varies inside a channel is not supported;"
            " use one number per channel"
        )
    return rationals(rows[0, :, 0])


def pair(op: Op, attribute: str, default: list[int], rank: int) -> tuple[int, ...]:
    """An attribute with one number per axis of the map; a 1-D map counts as one of height 1."""
    values = [int(v) for v in op.attributes.get(attribute, default)]
    return tuple(values) if rank == 2 else (default[0], values[0])


def window(
    op: Op, kernel: tuple[int, ...], rank: int
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Kernel, stride and padding (top, left, bottom, right). Raises UnsupportedError naming what is
    not supported.
    """
    if str(op.attributes.get("auto_pad", "NOTSET")) not in ("NOTSET", ""):
        raise UnsupportedError(
            f"{op.name}: auto_pad={op.attributes['auto_pad']} is not supported; write the padding"
            " out in `pads`"
        )
    if any(int(d) != 1 for d in op.attributes.get("dilations", [])):
        raise UnsupportedError(
            f"{op.name}: dilations must be 1, got {list(op.attributes['dilations'])}"
        )
    if op.attributes.get("ceil_mode", 0):
        raise UnsupportedError(f"{op.name}: ceil_mode=1 is not supported; pad the map instead")
    stride = [int(s) for s in op.attributes.get("strides", [1] * rank)]
    pads = [int(p) for p in op.attributes.get("pads", [0] * (2 * rank))]
    if (
        any(p < 0 for p in pads)
        or any(n < 1 for n in (*stride, *kernel))
        or (len(stride), len(pads), len(kernel)) != (rank, 2 * rank, rank)
    ):
        raise SpikeLoomError(
            f"{op.name}: expected a window on {rank} axes, found kernel {kernel}, strides {stride},"
            f" pads {pads}"
        )
    if rank == 1:
        return (1, kernel[0]), (1, stride[0]), (0, pads[0], 0, pads[1])
    return (kernel[0], kernel[1]), (stride[0], stride[1]), (pads[0], pads[1], pads[2], pads[3])


def spatial(signal: Signal, op: Op) -> int:
    """Axes of the map of a tensor (batch, C, H, W) or (batch, C, L): 2 or 1. Raises SpikeLoomError
    on any other layout.
    """
    c, h, w = signal.map
    if signal.view[1:] == (c, h, w):
        return 2
    if signal.view[1:] == (c, w) and h == 1:
        return 1
    raise UnsupportedError(
        f"{op.name}: {op.kind} expected a tensor (batch, {c}, {h}, {w}), found {signal.view}"
    )


def with_map(signal: Signal, shape: Shape, rank: int, **changes: Any) -> Signal:
    """The signal with another map, in the same layout."""
    tail = shape if rank == 2 else (shape[0], shape[2])
    return replace(signal, map=shape, view=(signal.view[0], *tail), **changes)
