"""Quantized layers: Brevitas with the quantizers that the integer network can follow exactly."""

from __future__ import annotations

import math
from typing import Any

import brevitas.nn as qnn
import torch
from brevitas.core.function_wrapper.ops_ste import CeilSte
from brevitas.inject.enum import (
    BitWidthImplType,
    QuantType,
    RestrictValueType,
    ScalingImplType,
    ScalingPerOutputType,
    StatsOp,
)
from brevitas.nn.mixin import QuantWeightMixin
from brevitas.quant import Int8ActPerTensorFloat, Int8WeightPerChannelFloat, Uint8ActPerTensorFloat
from brevitas.quant.solver import WeightQuantSolver
from torch import Tensor

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import MAX_STEPS, integer, number
from spikeloom.nn.onnx_ops import QuantNode


class _BinaryWeight(WeightQuantSolver):  # type: ignore[misc]
    """Sign times the mean absolute weight of each output channel."""

    quant_type = QuantType.BINARY
    bit_width_impl_type = BitWidthImplType.CONST
    scaling_impl_type = ScalingImplType.STATS
    scaling_stats_op = StatsOp.AVE
    restrict_scaling_type = RestrictValueType.FP
    scaling_per_output_type = ScalingPerOutputType.CHANNEL
    scaling_min_val = 1e-10
    bit_width = 1
    narrow_range = True
    signed = True


def _weight_quantizer(bits: int, power_of_two: bool) -> dict[str, Any]:
    bits = integer(bits, "weight_bits")
    if not 1 <= bits <= 8:
        raise SpikeLoomError(f"weight_bits must be 1 to 8, got {bits}")
    options: dict[str, Any] = {
        "weight_quant": _BinaryWeight if bits == 1 else Int8WeightPerChannelFloat,
        "weight_bit_width": bits,
    }
    if power_of_two:
        options |= {
            "weight_restrict_scaling_type": RestrictValueType.POWER_OF_TWO,
            "weight_restrict_value_float_to_int_impl": CeilSte,
        }
    return options


class QuantizedWeights(QuantWeightMixin):  # type: ignore[misc]
    """What both layers share: a width of their weights that can be set again, and is seen in their
    text.

    Attributes
    ----------
    weight_bits: 1 to 8. power_of_two: whether the scales are powers of two.
    """

    weight_bits: int
    power_of_two: bool

    def set_weight_bits(self, bits: int) -> None:
        """Quantize the same float weights to another width. Raises SpikeLoomError if it is out of
        range.
        """
        QuantWeightMixin.__init__(self, **_weight_quantizer(bits, self.power_of_two))
        self.weight_quant.train(self.training)
        self.weight_bits = integer(bits, "weight_bits")

    def extra_repr(self) -> str:
        # a checkpoint goes by this text: the widths are nowhere else in it
        return (
            f"{super().extra_repr()}, weight_bits={self.weight_bits},"
            f" power_of_two={self.power_of_two}"
        )


class QuantConv2d(QuantizedWeights, qnn.QuantConv2d):  # type: ignore[misc]
    """Conv2d, (N, C, H, W), with weights of ``weight_bits`` bits and one scale per output channel.

    Arguments are those of torch's Conv2d (zero padding only), and

    weight_bits: 1 to 8; 1 means +-1 times the scale, more a narrow symmetric range. power_of_two:
    restrict the scales to powers of two: every product and sum is then exact in float32.

    Raises SpikeLoomError if weight_bits is out of range.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        weight_bits: int = 4,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        groups: int = 1,
        bias: bool = False,
        power_of_two: bool = False,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            groups=groups,
            bias=bias,
            **_weight_quantizer(weight_bits, power_of_two),
        )
        self.weight_bits, self.power_of_two = integer(weight_bits, "weight_bits"), power_of_two


class QuantLinear(QuantizedWeights, qnn.QuantLinear):  # type: ignore[misc]
    """Linear, (N, I) to (N, O); ``weight_bits`` and ``power_of_two`` as in :class:`QuantConv2d`."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        weight_bits: int = 4,
        bias: bool = False,
        power_of_two: bool = False,
    ) -> None:
        super().__init__(
            in_features, out_features, bias=bias, **_weight_quantizer(weight_bits, power_of_two)
        )
        self.weight_bits, self.power_of_two = integer(weight_bits, "weight_bits"), power_of_two


class QuantInput(qnn.QuantIdentity):  # type: ignore[misc]
    """The network's input rounded to ``scale * clip(round(x / scale))`` of ``bits`` bits: the words
    that enter the hardware.

    bits: 1 to 16 (2 to 16 if signed). scale: a fixed power of two. signed: two's complement.

    Raises SpikeLoomError if bits is out of range or scale is no power of two.
    """

    def __init__(self, bits: int, *, signed: bool = False, scale: float = 1.0) -> None:
        bits, scale = integer(bits, "input bits"), number(scale, "input scale")
        if not 1 + signed <= bits <= MAX_STEPS:
            raise SpikeLoomError(f"input bits must be {1 + signed} to {MAX_STEPS}, got {bits}")
        if not scale > 0 or math.frexp(scale)[0] != 0.5:
            raise SpikeLoomError(f"input scale must be a power of two, got {scale}")
        super().__init__(
            act_quant=Int8ActPerTensorFloat if signed else Uint8ActPerTensorFloat,
            bit_width=bits,
            scaling_impl_type=ScalingImplType.CONST,
            scaling_init=scale * 2.0 ** (bits - signed),
            restrict_scaling_type=RestrictValueType.POWER_OF_TWO,
        )
        self.only_bit_scale = scale if bits == 1 else None

    def forward(self, x: Tensor) -> Tensor:
        if self.only_bit_scale is not None and torch.onnx.is_in_onnx_export():
            # Brevitas takes one bit for a sign, but this one is 0 or 1
            return QuantNode.apply(x, torch.tensor(self.only_bit_scale), 1, _bit)  # type: ignore[no-any-return, no-untyped-call]
        y: Tensor = super().forward(x)
        return y


def _bit(x: Tensor, scale: Tensor) -> Tensor:
    return torch.round(x / scale).clamp(0, 1) * scale
