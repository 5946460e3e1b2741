"""`model.onnx`: the integer network as QONNX, such that any executor computes the integers of the
golden model.

Every tensor between input and output holds values of words as float32 integers. A layer is

    Conv (weights behind a Quant of scale 1) -> Mul +-2^f -> Add kappa * skip
    -> Add beta -> Div theta -> Quant FLOOR

and where the drive would not be exact in float32, or the neuron is a table or clears ties,
MultiThreshold in place of what follows the Conv, with a Gather for the codebook of base 3 and
above. IF and LIF are the nodes of :mod:`spikeloom.frontend.onnx.lif_operator`. The last two
operators, scale and bias, are in float64, so that the real outputs are the golden model's too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from spikeloom.errors import CapacityError, UnsupportedError
from spikeloom.frontend.onnx import lif_operator
from spikeloom.ir.graph import Graph, Input, Layer, Pool, Shape
from spikeloom.ir.neurons import LIF, Raw, SpikePack, Table
from spikeloom.ir.number import Code, Ints

QONNX = "qonnx.custom_op.general"

FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE

EXACT = 1 << 24
"""Integers below this are exact in float32."""

Array = np.ndarray[Any, Any]


def thresholds(neuron: SpikePack | Table) -> Ints:
    """(C, K) drives u at which the word's rank reaches 1..K."""
    if isinstance(neuron, Table):
        return neuron.thresholds
    places = neuron.code.codebook - neuron.code.min_value
    odd = np.arange(1, len(places)) % 2
    return np.asarray(
        neuron.theta[:, None] * places[1:] + neuron.tie[:, None] * odd, dtype=np.int64
    )


def counts(neuron: SpikePack | Table) -> bool:
    """Whether a neuron is no plain Quant FLOOR. (A signed Quant of one bit means -1 and +1.)"""
    return (
        isinstance(neuron, Table)
        or bool(neuron.tie.any())
        or neuron.code.base > 2
        or neuron.code == Code(1, signed=True)
    )


def quant_bits(weight: Ints) -> int:
    """Width of a signed Quant that holds the weights; at least 2, since one signed bit means
    +-1.
    """
    return max(2, int(max(weight.max(), -weight.min() - 1)).bit_length() + 1)


class Writer:
    """Collects the nodes, constants and shapes of one model."""

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
        return self.batch * (code.steps if code is not None and code.base == 1 else 1)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.lead(name), *self.graph.shapes[name]

    def input(self, node: Input) -> None:
        shape, real = (self.batch, *node.shape), (self.batch, *node.real_shape)
        tensor = node.name
        if node.events:
            if node.code.base > 1:
                places = node.code.place_values.reshape(1, -1, *(1,) * (len(real) - 2))
                tensor = self.op(
                    "Mul",
                    f"{node.name}/Mul",
                    [tensor, self.constant(f"{node.name}/Mul.places", places)],
                    real,
                )
                axis = self.constant(f"{node.name}/ReduceSum.axes", np.array([1]), np.int64)
                tensor = self.op(
                    "ReduceSum",
                    f"{node.name}/ReduceSum",
                    [tensor, axis],
                    (self.batch, *node.real_shape[1:]),
                    keepdims=0,
                )
            shape = (self.lead(node.name), *node.shape)
        else:
            tensor = self.quant(
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
                tensor = self.op(
                    "Div",
                    f"{node.name}/Div",
                    [tensor, self.constant(f"{node.name}/Div.scale", node.scale)],
                    real,
                )
            if node.zero_point:
                tensor = self.op(
                    "Add",
                    f"{node.name}/Add",
                    [tensor, self.constant(f"{node.name}/Add.zero", node.zero_point)],
                    real,
                )
            if not _exact_input(node):
                tensor = self.quant(
                    f"{node.name}/Snap", tensor, real, node.code.steps, node.code.signed, "ROUND"
                )
        self.values[node.name] = self.reshape(f"{node.name}/Reshape", tensor, node.shape, shape)

    def summed(self, name: str) -> str:
        """A spike train as counts: the sum over its time steps."""
        code = self.graph.code(name)
        if code.base != 1:
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

    def layer(self, layer: Layer) -> None:
        name, neuron = layer.name, layer.neuron
        per_step = self.graph.per_step(layer)
        shape = (self.lead(layer.source) if per_step else self.batch, *self.graph.shapes[name])
        tensor = self.values[layer.source] if per_step else self.summed(layer.source)
        bound = acc_bound(layer, self.graph)
        if bound >= EXACT:
            raise CapacityError(
                f"{name}: sums up to {bound} are not exact in float32 (2^24); use fewer time steps"
                " or weight bits"
            )
        tensor = self.conv(
            name, tensor, layer.weight, shape, layer.stride, layer.padding, layer.groups
        )
        if isinstance(neuron, LIF):
            tensor = self.lif(
                layer,
                neuron,
                self.drive(layer, tensor, shape, layer.beta, bound, neuron.code.steps),
                shape,
            )
        elif isinstance(neuron, Raw):
            tensor = self.drive(layer, tensor, shape, layer.beta, bound)
        else:
            tensor = self.fire(layer, neuron, tensor, shape, bound)
        self.values[name] = tensor

    def fire(
        self, layer: Layer, neuron: SpikePack | Table, tensor: str, shape: Sequence[int], bound: int
    ) -> str:
        """The words' values from the accumulator: a Quant where that is exact in float32, else
        thresholds on the accumulator or, with a residual, on the drive, if need be in float64.
        """
        name = layer.name
        half = (
            neuron.theta if isinstance(neuron, SpikePack) else layer.beta
        ) * neuron.code.sign_bit
        narrow = self.drive_bound(layer, bound, np.abs(layer.beta) + np.abs(half)) < EXACT
        if narrow and not counts(neuron):
            assert isinstance(neuron, SpikePack)
            tensor = self.drive(layer, tensor, shape, layer.beta - half, bound)
            if (neuron.theta != 1).any():
                tensor = self.op(
                    "Div",
                    f"{name}/Div",
                    [tensor, self.channels(f"{name}/Div.theta", neuron.theta)],
                    shape,
                )
            return self.quant(
                f"{name}/Quant", tensor, shape, neuron.code.steps, neuron.code.signed, "FLOOR"
            )
        if layer.skip is None:
            steps = -((layer.beta[:, None] - thresholds(neuron)) >> layer.shift)
            if layer.negate.any():
                tensor = self.op(
                    "Mul",
                    f"{name}/Mul",
                    [tensor, self.channels(f"{name}/Mul.sign", 1 - 2 * layer.negate)],
                    shape,
                )
            return self.table(
                name, tensor, neuron.code, np.clip(steps, -bound - 1, bound + 1), shape, wide=False
            )
        tensor = self.drive(layer, tensor, shape, layer.beta, bound, wide=not narrow)
        limit = self.drive_bound(layer, bound, layer.beta) + 1
        return self.table(
            name,
            tensor,
            neuron.code,
            np.clip(thresholds(neuron), -limit, limit),
            shape,
            wide=not narrow,
        )

    def drive_bound(self, layer: Layer, bound: int, beta: Ints) -> int:
        """Largest magnitude of the drive."""
        total = (bound << layer.shift) + int(np.abs(beta).max())
        if layer.skip is not None:
            code = self.graph.code(layer.skip)
            total += int(np.abs(layer.kappa).max()) * max(code.max_value, -code.min_value)
        return total

    def drive(
        self,
        layer: Layer,
        tensor: str,
        shape: Sequence[int],
        beta: Ints,
        bound: int,
        steps: int = 1,
        wide: bool = False,
    ) -> str:
        """u from the accumulator: fraction bits, sign, residual and beta; in float64 where
        ``wide``.

        Raises CapacityError where it is not exact.
        """
        name, dtype = layer.name, DOUBLE if wide else FLOAT
        theta = int(layer.neuron.theta.max()) if isinstance(layer.neuron, LIF) else 0
        if not wide and self.drive_bound(layer, bound, beta) * steps + theta >= EXACT:
            raise CapacityError(
                f"{name}: its drive is not exact in float32 (2^24); use fewer time steps or weight"
                " bits, or power-of-two scales"
            )
        tensor = (
            self.op("Cast", f"{name}/widen", [tensor], shape, dtype=dtype, to=dtype)
            if wide
            else tensor
        )
        factor = (1 - 2 * layer.negate) << layer.shift
        if (factor != 1).any():
            tensor = self.op(
                "Mul",
                f"{name}/Mul",
                [tensor, self.channels(f"{name}/Mul.factor", factor, wide)],
                shape,
                dtype=dtype,
            )
        if layer.skip is not None:
            skip = (
                self.values[layer.skip] if self.graph.per_step(layer) else self.summed(layer.skip)
            )
            skip = (
                self.op("Cast", f"{name}/skip_widen", [skip], shape, dtype=dtype, to=dtype)
                if wide
                else skip
            )
            skip = self.op(
                "Mul",
                f"{name}/skip",
                [skip, self.channels(f"{name}/skip.kappa", layer.kappa, wide)],
                shape,
                dtype=dtype,
            )
            tensor = self.op("Add", f"{name}/join", [tensor, skip], shape, dtype=dtype)
        if beta.any():
            tensor = self.op(
                "Add",
                f"{name}/Add",
                [tensor, self.channels(f"{name}/Add.beta", beta, wide)],
                shape,
                dtype=dtype,
            )
        return tensor

    def table(
        self, name: str, tensor: str, code: Code, steps: Ints, shape: Sequence[int], wide: bool
    ) -> str:
        kind = ("INT" if code.signed else "UINT") + str(code.steps)
        table = self.constant(
            f"{name}/MultiThreshold.thresholds", steps, np.float64 if wide else np.float32
        )
        bias = float(code.min_value)
        attributes: dict[str, Any] = {
            "out_dtype": kind,
            "out_scale": 1.0,
            "out_bias": bias,
            "data_layout": "NCHW",
        }
        tensor = self.op(
            "MultiThreshold",
            f"{name}/MultiThreshold",
            [tensor, table],
            shape,
            QONNX,
            DOUBLE if wide else FLOAT,
            **attributes,
        )
        if code.base == 2:
            return self.op("Cast", f"{name}/Cast", [tensor], shape, to=FLOAT) if wide else tensor
        index = self.op(
            "Cast", f"{name}/Cast", [tensor], shape, dtype=TensorProto.INT64, to=TensorProto.INT64
        )
        return self.op(
            "Gather",
            f"{name}/Gather",
            [self.constant(f"{name}/Gather.codebook", code.codebook), index],
            shape,
            axis=0,
        )

    def lif(self, layer: Layer, neuron: LIF, tensor: str, shape: Sequence[int]) -> str:
        name, repeat = layer.name, not self.graph.per_step(layer)
        full = (self.batch, neuron.code.steps, *self.graph.shapes[name])
        if not repeat:
            tensor = self.reshape(f"{name}/steps", tensor, full[1:], full)
        kind = lif_operator.op_name(neuron.code.steps, neuron.leak, neuron.hard_reset, repeat)
        tensor = self.op(
            kind,
            f"{name}/LIF",
            [tensor, self.constant(f"{name}/LIF.theta", neuron.theta)],
            full,
            lif_operator.DOMAIN,
        )
        return self.reshape(f"{name}/merged", tensor, full[2:], (full[0] * full[1], *full[2:]))

    def pool(self, pool: Pool) -> None:
        name, shape = pool.name, self.shape(pool.name)
        if pool.kind == "sum":
            ones = np.ones((shape[1], 1, *pool.kernel), dtype=np.int64)
            self.values[name] = self.conv(
                name, self.summed(pool.source), ones, shape, pool.stride, pool.padding, shape[1]
            )
            return
        tensor, sign = self.values[pool.source], 1 - 2 * pool.flip
        if pool.flip.any():
            tensor = self.op(
                "Mul",
                f"{name}/Mul",
                [tensor, self.channels(f"{name}/Mul.sign", sign)],
                self.shape(pool.source),
            )
        attributes: dict[str, Any] = {
            "kernel_shape": list(pool.kernel),
            "strides": list(pool.stride),
            "pads": list(pool.padding),
        }
        tensor = self.op("MaxPool", f"{name}/MaxPool", [tensor], shape, **attributes)
        if pool.flip.any():
            tensor = self.op(
                "Mul", f"{name}/unsign", [tensor, self.channels(f"{name}/unsign.sign", sign)], shape
            )
        self.values[name] = tensor

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
        for node in self.graph.nodes:
            if isinstance(node, Input):
                self.input(node)
            elif isinstance(node, Layer):
                self.layer(node)
            else:
                self.pool(node)
        self.output()
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


def _exact_input(node: Input) -> bool:
    """Whether Quant, Div and Add in float32 give back every word's value exactly."""
    values, scale, zero = node.code.codebook, np.float32(node.scale), np.float32(node.zero_point)
    real = (values.astype(np.float32) - zero) * scale
    return bool(np.array_equal(real / scale + zero, values))


def acc_bound(layer: Layer, graph: Graph) -> int:
    """Largest magnitude of any partial sum of an accumulator."""
    code = graph.code(layer.source)
    largest = 1 if graph.per_step(layer) else max(code.max_value, -code.min_value)
    return int(np.abs(layer.weight).sum(axis=(1, 2, 3)).max()) * largest


def to_model(graph: Graph, batch: int = 1) -> onnx.ModelProto:
    """The integer network as a checked QONNX model. Raises CapacityError naming a layer whose
    integers float32 cannot hold.
    """
    if graph.input.code == Code(1, signed=True):
        raise UnsupportedError(
            f"{graph.input.name}: a signed input of one bit has no QONNX form (it means -1 and +1"
            " there); use two bits"
        )
    taken = {"output", "real"}
    for node in graph.nodes:
        if node.name in taken:
            raise UnsupportedError(f"{node.name}: a node may not have this name; rename it")
        taken.add(node.name)
    model = Writer(graph, batch).model()
    onnx.checker.check_model(model)
    return model


def write_model(graph: Graph, path: str | Path, batch: int = 1) -> None:
    """Write ``model.onnx``; a half-written file never bears the name. Raises as
    :func:`to_model`.
    """
    path = Path(path)
    data = to_model(graph, batch).SerializeToString(deterministic=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)
