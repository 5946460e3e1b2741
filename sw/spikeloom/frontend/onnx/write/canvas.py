"""A QONNX model while it is written: its operators, constants and shapes so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from spikeloom.frontend.onnx import lif_operator
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Ints, Shape

QONNX = "qonnx.custom_op.general"

FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE

EXACT = 1 << 24
"""Integers below this are exact in float32."""

Array = np.ndarray[Any, Any]


def quant_bits(weight: Ints) -> int:
    """Width of a signed Quant that holds the weights; at least 2, since one signed bit means
    +-1.
    """
    return max(2, int(max(weight.max(), -weight.min() - 1)).bit_length() + 1)


class Canvas:
    """Collects the operators, constants and shapes of one model.

    ``values`` holds the tensor of each node, ``sums`` those of spike trains as counts.
    """

    def __init__(self, graph: Graph, batch: int) -> None:
        self.graph = graph
        self.batch = batch
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}
        self.infos: list[onnx.ValueInfoProto] = []
        self.values: dict[str, str] = {}
        self.sums: dict[str, str] = {}

    def op(
        self,
        kind: str,
        name: str,
        inputs: Sequence[str],
        shape: Sequence[int],
        domain: str = "",
        dtype: int = FLOAT,
        **attributes: Any,
    ) -> str:
        """Append an operator; its output tensor has its name."""
        self.nodes.append(
            helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **attributes)
        )
        self.infos.append(helper.make_tensor_value_info(name, dtype, list(shape)))
        return name

    def constant(self, name: str, array: Array | float, dtype: Any = np.float32) -> str:
        self.constants[name] = np.asarray(array, dtype=dtype)
        return name

    def channels(self, name: str, values: Ints, wide: bool = False) -> str:
        return self.constant(name, values.reshape(1, -1, 1, 1), np.float64 if wide else np.float32)

    def reshape(self, name: str, tensor: str, shape: Sequence[int], whole: Sequence[int]) -> str:
        """``shape`` without its first axis; ``whole`` with it."""
        target = self.constant(f"{name}.shape", np.array([-1, *shape]), np.int64)
        return self.op("Reshape", name, [tensor, target], whole)

    def quant(
        self,
        name: str,
        tensor: str,
        shape: Sequence[int],
        bits: int,
        signed: bool,
        rounding: str,
        scale: float = 1,
        zero: float = 0,
        narrow: bool = False,
    ) -> str:
        parameters = [
            self.constant(f"{name}.{k}", v)
            for k, v in (("scale", scale), ("zero_point", zero), ("bits", bits))
        ]
        attributes: dict[str, Any] = {
            "signed": int(signed),
            "narrow": int(narrow),
            "rounding_mode": rounding,
        }
        return self.op("Quant", name, [tensor, *parameters], shape, QONNX, **attributes)

    def lead(self, name: str) -> int:
        """First axis of a node's tensor: images, or images times time steps for spike trains."""
        code = self.graph.codes[name]
        return self.batch * (code.steps if code is not None and code.spike_train else 1)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.lead(name), *self.graph.shapes[name]

    def summed(self, name: str) -> str:
        """A spike train as counts: the sum over its time steps."""
        code = self.graph.code(name)
        if not code.spike_train:
            return self.values[name]
        if name not in self.sums:
            full = (self.batch, code.steps, *self.graph.shapes[name])
            split = self.reshape(f"{name}/split", self.values[name], full[1:], full)
            axis = self.constant(f"{name}/ReduceSum.axes", np.array([1]), np.int64)
            self.sums[name] = self.op(
                "ReduceSum",
                f"{name}/ReduceSum",
                [split, axis],
                (self.batch, *self.graph.shapes[name]),
                keepdims=0,
            )
        return self.sums[name]

    def conv(
        self,
        name: str,
        tensor: str,
        weight: Ints,
        shape: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[int],
        groups: int,
    ) -> str:
        initial = self.constant(f"{name}.weight", weight)
        quantizer = f"{name}/weight_quant"
        if (np.abs(weight) == 1).all():
            quantized = self.op(
                "BipolarQuant",
                quantizer,
                [initial, self.constant(f"{quantizer}.scale", 1)],
                weight.shape,
                QONNX,
            )
        else:
            quantized = self.quant(
                quantizer, initial, weight.shape, quant_bits(weight), True, "ROUND"
            )
        windows: dict[str, Any] = {
            "kernel_shape": list(weight.shape[2:]),
            "strides": list(stride),
            "pads": list(padding),
        }
        return self.op("Conv", f"{name}/Conv", [tensor, quantized], shape, group=groups, **windows)

    def output(self) -> None:
        """Real output in float64, behind a node "real/Add" in every network."""
        node = self.graph.output
        shape: Shape = self.graph.shapes[node.name]
        whole = (self.batch, *shape)
        tensor = self.op(
            "Cast",
            "real/Cast",
            [self.summed(node.name) if self.graph.codes[node.name] else self.values[node.name]],
            whole,
            dtype=DOUBLE,
            to=DOUBLE,
        )
        for kind, values in (("Mul", self.graph.scale), ("Add", self.graph.bias)):
            tensor = self.op(
                kind,
                f"real/{kind}",
                [
                    tensor,
                    self.constant(f"real/{kind}.values", values.reshape(1, -1, 1, 1), np.float64),
                ],
                whole,
                dtype=DOUBLE,
            )
        flat = whole[:2] if shape[1:] == (1, 1) else whole
        target = self.constant("output.shape", np.array([-1, *flat[1:]]), np.int64)
        self.op("Reshape", "output", [tensor, target], flat, dtype=DOUBLE)

    def model(self) -> onnx.ModelProto:
        """All that was collected."""
        source = helper.make_tensor_value_info(
            self.graph.input.name, TensorProto.FLOAT, [self.batch, *self.graph.input.real_shape]
        )
        initializers = [
            numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in self.constants.items()
        ]
        graph = helper.make_graph(
            self.nodes,
            self.graph.name,
            [source],
            [self.infos[-1]],
            initializers,
            value_info=self.infos[:-1],
        )
        opsets = [helper.make_opsetid("", lif_operator.OPSET), helper.make_opsetid(QONNX, 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="spikeloom")
        model.ir_version = 9
        lif_operator.add_functions(model)
        return model
