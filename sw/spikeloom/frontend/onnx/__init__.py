"""From an ONNX file to the integer network: `read(path)`.

Operators are walked in topological order; each tensor is either a constant or a symbolic signal
(:mod:`spikeloom.frontend.signal`). A Quant or another neuron closes a signal into a source layer;
the passes turn source layers into integers and prove them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from spikeloom.errors import SpikeLoomError, UnsupportedError, about
from spikeloom.frontend.builder import Builder
from spikeloom.frontend.lower import compile_source
from spikeloom.frontend.onnx import activations, arithmetic, linear
from spikeloom.frontend.onnx.constants import FOLDED, Const, fold
from spikeloom.frontend.onnx.context import Context, Value
from spikeloom.frontend.onnx.load import File, Op, load
from spikeloom.frontend.signal import Signal, Unquantized
from spikeloom.ir.exact import Source
from spikeloom.ir.graph import Graph

Reader = Callable[[Context, Op, list[Value]], Value]

READERS: dict[str, Reader] = {
    "Add": arithmetic.arithmetic,
    "AveragePool": arithmetic.average_pool,
    "BatchNormalization": arithmetic.batch_norm,
    "BipolarQuant": activations.quant,
    "Cast": arithmetic.cast,
    "Conv": linear.conv,
    "Div": arithmetic.arithmetic,
    "Dropout": arithmetic.identity,
    "Flatten": arithmetic.reshape,
    "Gemm": linear.gemm,
    "GlobalAveragePool": arithmetic.average_pool,
    "GlobalMaxPool": arithmetic.max_pool,
    "Identity": arithmetic.identity,
    "LIF": activations.lif,
    "MatMul": linear.matmul,
    "MaxPool": arithmetic.max_pool,
    "Mul": arithmetic.arithmetic,
    "MultiThreshold": activations.multithreshold,
    "Neg": arithmetic.neg,
    "Pad": linear.pad,
    "Quant": activations.quant,
    "ReduceMean": arithmetic.reduce,
    "ReduceSum": arithmetic.reduce,
    "Relu": arithmetic.relu,
    "Reshape": arithmetic.reshape,
    "Squeeze": arithmetic.reshape,
    "Sub": arithmetic.arithmetic,
    "Transpose": arithmetic.transpose,
    "Unsqueeze": arithmetic.reshape,
}
"""Readers of operators that have an activation among their inputs."""

CUSTOM_INPUTS = {"BipolarQuant": 2, "LIF": 2, "MultiThreshold": 2, "Quant": 4}
"""Inputs of the operators that onnx's checker does not know."""


def _walk(file: File) -> Source:
    context = Context(file, Builder(file.name))
    context.values.update({"": None, file.input: Unquantized(file.input_shape)})
    context.values.update({name: Const(array) for name, array in file.constants.items()})
    for op in file.ops:
        if op.name in context.skipped:
            continue
        inputs = [context.values[name] for name in op.inputs]
        results = _apply(context, op, inputs)
        context.values.update(zip(op.outputs, results, strict=False))
    output = context.values[file.output]
    if not isinstance(output, Signal):
        raise UnsupportedError(
            f"the output {file.output} does not depend on the input through any layer"
        )
    return context.builder.finish(output, "output")


def _apply(context: Context, op: Op, inputs: list[Value]) -> list[Value]:
    """The values of an operator's outputs. Raises UnsupportedError on an operator that is not
    known.
    """
    constant = [value for value in inputs if isinstance(value, Const)]
    if op.kind == "Shape" and isinstance(inputs[0], (Signal, Unquantized)):
        return list(
            fold(op, [Const(np.zeros(inputs[0].view, dtype=np.float32))], context.file.opset)
        )
    present = [value for value in inputs if value is not None]
    if op.kind in FOLDED and len(constant) == len(present) and (inputs or op.kind == "Constant"):
        if len(present) == len(inputs):
            return list(fold(op, constant, context.file.opset))
    if op.kind not in READERS:
        raise UnsupportedError(
            f"{op.name}: operator {op.kind} is not supported; supported are"
            f" {', '.join(sorted(READERS))}"
        )
    if len(present) < CUSTOM_INPUTS.get(op.kind, 1):
        raise SpikeLoomError(
            f"{op.name}: {op.kind} needs {CUSTOM_INPUTS.get(op.kind, 1)} inputs, found"
            f" {len(present)}"
        )
    result = READERS[op.kind](context, op, inputs)
    return [result]


def read_source(path: str | Path) -> Source:
    """The network as it stands in the file, exact. Raises SpikeLoomError naming file and node, and
    what to do.
    """
    with about(path, Path(path)):
        return _walk(load(path))


def read(path: str | Path) -> Graph:
    """The integer network of a QONNX file (`trained.onnx`, `model.onnx`, or anyone else's), proven
    equal to it. Raises SpikeLoomError.
    """
    with about(path, Path(path)):
        return compile_source(read_source(path)).graph
