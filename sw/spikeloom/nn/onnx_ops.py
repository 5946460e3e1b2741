"""What the neurons look like in an exported graph: each function runs a neuron's own `compute(x,
theta)` and names its nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from spikeloom.frontend.onnx import lif_operator

Compute = Callable[[Tensor, Tensor], Tensor]

QONNX = "qonnx.custom_op.general"


def _constant(g: Any, value: Tensor) -> Any:
    return g.op("Constant", value_t=value.detach().clone())


class QuantNode(Function):
    """(z, theta, steps, compute), exported as an unsigned QONNX Quant."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, theta: Tensor, steps: int, compute: Compute) -> Tensor:
        return compute(z, theta)

    @staticmethod
    def symbolic(g: Any, z: Any, theta: Any, steps: int, compute: Compute) -> Any:
        zero, bits = _constant(g, torch.tensor(0.0)), _constant(g, torch.tensor(float(steps)))
        node = g.op(
            f"{QONNX}::Quant", z, theta, zero, bits, rounding_mode_s="ROUND", signed_i=0, narrow_i=0
        )
        node.setType(z.type())
        return node


class TableNode(Function):
    """(z, theta, thresholds (1, K), values (K + 1,), compute), exported as MultiThreshold, Cast,
    Gather.
    """

    @staticmethod
    def forward(
        ctx: Any, z: Tensor, theta: Tensor, thresholds: Tensor, values: Tensor, compute: Compute
    ) -> Tensor:
        return compute(z, theta)

    @staticmethod
    def symbolic(g: Any, z: Any, theta: Any, thresholds: Any, values: Any, compute: Compute) -> Any:
        count = thresholds.type().sizes()[1]
        index = g.op(
            f"{QONNX}::MultiThreshold",
            z,
            thresholds,
            out_dtype_s="UINT8" if count < 256 else "UINT16",
            out_scale_f=1.0,
            out_bias_f=0.0,
        )
        index.setType(z.type())
        index = g.op("Cast", index, to_i=7)  # INT64
        index.setType(z.type().with_dtype(torch.int64))
        node = g.op("Gather", values, index, axis_i=0)
        node.setType(z.type())
        return node


class LIFNode(Function):
    """(u, theta, form, compute), exported as a node of
    `spikeloom.frontend.onnx.lif_operator`.
    """

    @staticmethod
    def forward(
        ctx: Any, u: Tensor, theta: Tensor, form: lif_operator.Form, compute: Compute
    ) -> Tensor:
        return compute(u, theta)

    @staticmethod
    def symbolic(g: Any, u: Any, theta: Any, form: lif_operator.Form, compute: Compute) -> Any:
        values = {
            f"{name}_{'s' if isinstance(value, str) else 'i'}": value
            for name, value in form.attributes.items()
        }
        node = g.op(f"{lif_operator.DOMAIN}::{form.function}", u, theta, **values)
        sizes = u.type().sizes()
        whole = [sizes[0], form.steps, *sizes[1:]]
        node.setType(u.type().with_sizes(whole) if form.repeat else u.type())
        return node
