"""Opening an ONNX file: from bytes to operators in topological order, or one clear line about what
is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import external_data_helper, helper, inliner, numpy_helper

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.onnx import lif_operator

OPSETS = range(9, 24)
"""Versions of the standard operators that are read."""

QONNX_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")

QONNX_OPERATORS = ("BipolarQuant", "IntQuant", "MultiThreshold", "Quant")

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Op:
    """One operator of the file. ``kind`` is its type, ``Quant`` for all of its aliases; attributes
    are Python values or arrays.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    proto: onnx.NodeProto


@dataclass(frozen=True)
class File:
    """A readable network: one input, one output, operators in topological order.

    Attributes
    ----------
    input_shape: batch first; a batch that is left open counts as 1.
    input_type: QONNX data type annotation of the input ("UINT8"), an integer element type, or ""
        for plain floats.
    """

    name: str
    ops: tuple[Op, ...]
    constants: dict[str, Array]
    input: str
    input_shape: tuple[int, ...]
    input_type: str
    output: str
    opset: int


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t


def _load_external(model: onnx.ModelProto, path: Path) -> None:
    folder = path.resolve().parent
    for tensor in _tensors(model):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        location = next(
            (entry.value for entry in tensor.external_data if entry.key == "location"), ""
        )
        if not (folder / location).resolve().is_relative_to(folder) or not location:
            raise SpikeLoomError(
                f"{path}: tensor {tensor.name} keeps its data in {location or 'no file'}, outside"
                " the model's folder; move it next to the model"
            )
        if not (folder / location).is_file():
            raise SpikeLoomError(
                f"{path}: tensor {tensor.name} keeps its data in {location}, which is missing; copy"
                " it next to the model"
            )
        try:
            external_data_helper.load_external_data_for_tensor(tensor, str(folder))
        except (onnx.checker.ValidationError, OSError, ValueError) as error:
            raise SpikeLoomError(
                f"{path}: data of tensor {tensor.name} cannot be read from {location}:"
                f" {_first_line(error)}"
            ) from error
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]


def _parse(path: Path) -> onnx.ModelProto:
    if not path.is_file():
        raise SpikeLoomError(f"{path}: no such file; expected an ONNX model")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise SpikeLoomError(
            f"{path}: expected an ONNX model, found a damaged or truncated file"
        ) from error
    if not model.graph.node:
        raise SpikeLoomError(
            f"{path}: expected an ONNX model, found no operators in it; is it truncated?"
        )
    if any(isinstance(text, bytes) or not text.isprintable() for text in _names(model)):
        raise SpikeLoomError(
            f"{path}: expected an ONNX model, found names that are no text; the file is damaged"
        )
    _load_external(model, path)
    return model


def _names(model: onnx.ModelProto) -> Iterator[str | bytes]:
    """All names; protobuf gives those that are no text as bytes."""
    for function in (model.graph, *model.functions):
        yield function.name
        for node in function.node:
            yield from (
                node.name,
                node.op_type,
                node.domain,
                *node.input,
                *node.output,
                *(a.name for a in node.attribute),
            )
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        yield value.name
    yield from (x.domain for part in (model.opset_import, model.functions) for x in part)


def _same_body(a: onnx.FunctionProto, b: onnx.FunctionProto) -> bool:
    return [*map(_said, a.node)] == [*map(_said, b.node)]


def _said(node: onnx.NodeProto) -> tuple[object, ...]:
    """An operator but for its name."""
    attributes = sorted(a.SerializeToString(deterministic=True) for a in node.attribute)
    return (node.domain, node.op_type, *node.input, None, *node.output, *attributes)


def _inline(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Without local functions but those of LIF neurons, which must be the ones we know."""
    others = []
    for function in model.functions:
        if function.domain != lif_operator.DOMAIN:
            others.append((function.domain, function.name))
            continue
        for node in model.graph.node:
            if (node.domain, node.op_type) != (function.domain, function.name):
                continue
            if not _same_body(function, lif_operator.lif_function(lif_operator.form_of(node))):
                raise SpikeLoomError(
                    f"{path}: function {function.name} is not what the attributes of {node.name}"
                    " say; expected the definition of spikeloom.frontend.onnx.lif_operator"
                )
    return inliner.inline_selected_functions(model, others) if others else model


def _array(tensor: onnx.TensorProto) -> Array:
    try:
        array: Array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise SpikeLoomError(
            f"tensor {tensor.name} cannot be read: {_first_line(error)}"
        ) from error
    return array


def _value(attribute: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return _array(value) if isinstance(value, onnx.TensorProto) else value


def _op(node: onnx.NodeProto, index: int) -> Op:
    known = node.domain in ("", "ai.onnx") or (
        node.domain in QONNX_DOMAINS and node.op_type in QONNX_OPERATORS
    )
    kind = (
        "LIF"
        if lif_operator.is_lif(node)
        else node.op_type
        if known
        else f"{node.domain}::{node.op_type}"
    )
    name = node.name or f"{node.op_type}_{index}"
    attributes = {a.name: _value(a) for a in node.attribute}
    return Op(
        name,
        "Quant" if kind == "IntQuant" else kind,
        tuple(node.input),
        tuple(node.output),
        attributes,
        node,
    )


def _sorted(ops: list[Op], known: set[str], path: Path) -> tuple[Op, ...]:
    """Topological order. Raises SpikeLoomError on cycles, undefined tensors and tensors defined
    twice.
    """
    produced: dict[str, str] = {}
    for op in ops:
        for output in op.outputs:
            if output and (output in produced or output in known):
                raise SpikeLoomError(
                    f"{path}: tensor {output} is defined twice, by"
                    f" {produced.get(output, 'a constant')} and {op.name}"
                )
            produced[output] = op.name
    ready, order, waiting = set(known), [], list(ops)
    while waiting:
        now = [op for op in waiting if all(not i or i in ready for i in op.inputs)]
        if not now:
            op = waiting[0]
            missing = next(i for i in op.inputs if i and i not in ready)
            for stuck in waiting:
                lost = next(
                    (i for i in stuck.inputs if i and i not in ready and i not in produced), None
                )
                if lost is not None:
                    raise SpikeLoomError(
                        f"{path}: node {stuck.name} reads tensor {lost}, which nothing produces"
                    )
            raise SpikeLoomError(
                f"{path}: node {op.name} is part of a cycle: it waits for {missing}, made by"
                f" {produced[missing]}; a graph must not loop"
            )
        order += now
        ready.update(output for op in now for output in op.outputs)
        waiting = [op for op in waiting if op not in now]
    return tuple(order)


def _input(model: onnx.ModelProto, path: Path) -> tuple[str, tuple[int, ...], str]:
    constants = {t.name for t in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise UnsupportedError(
            f"{path}: expected one input and one output, found {len(inputs)} and"
            f" {len(model.graph.output)}"
        )
    tensor = inputs[0].type.tensor_type
    if not tensor.HasField("shape") or len(tensor.shape.dim) < 2:
        raise SpikeLoomError(f"{path}: input {inputs[0].name} has no shape; expected (batch, ...)")
    dims = [d.dim_value if d.HasField("dim_value") else 0 for d in tensor.shape.dim]
    if any(d < 1 for d in dims[1:]):
        raise UnsupportedError(
            f"{path}: input {inputs[0].name} has a dynamic shape {dims}; only the batch (the first)"
            " may be left open"
        )
    kinds = {
        onnx.TensorProto.UINT8: "UINT8",
        onnx.TensorProto.INT8: "INT8",
        onnx.TensorProto.BOOL: "BINARY",
    }
    kind = kinds.get(tensor.elem_type, "")
    for annotation in model.graph.quantization_annotation:
        if annotation.tensor_name == inputs[0].name:
            kind = next(
                (
                    e.value
                    for e in annotation.quant_parameter_tensor_names
                    if e.key == "finn_datatype"
                ),
                kind,
            )
    return inputs[0].name, (max(1, dims[0]), *dims[1:]), "" if kind == "FLOAT32" else kind


def _check(model: onnx.ModelProto, ops: tuple[Op, ...], path: Path) -> None:
    """onnx's own checker, on the sorted nodes and with an import of every domain that is used."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.node[:]
    whole.graph.node.extend(op.proto for op in ops)
    missing = (
        {op.proto.domain for op in ops} - {"", "ai.onnx"} - {o.domain for o in whole.opset_import}
    )
    whole.opset_import.extend(helper.make_opsetid(domain, 1) for domain in sorted(missing))
    try:
        onnx.checker.check_model(whole)
    except onnx.checker.ValidationError as error:
        raise SpikeLoomError(f"{path}: not a valid ONNX model: {_first_line(error)}") from error


def load(path: str | Path) -> File:
    """Read an ONNX file. Raises SpikeLoomError (one line, naming file and node) on anything that is
    not a well-formed model.
    """
    path = Path(path)
    try:
        return _load(path)
    except UnicodeDecodeError as error:
        raise SpikeLoomError(
            f"{path}: expected an ONNX model, found names that are no text; the file is damaged"
        ) from error
    except SpikeLoomError as error:
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from error


def self_contained(path: str | Path) -> bytes:
    """The file as it is, with its external data inside. Raises SpikeLoomError where it cannot be
    read, as :func:`load` does.
    """
    content: bytes = _parse(Path(path)).SerializeToString(deterministic=True)
    return content


def _load(path: Path) -> File:
    model = _inline(_parse(path), path)
    opset = max(
        (o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=OPSETS[0]
    )
    if opset not in OPSETS:
        raise UnsupportedError(
            f"{path}: expected opset {OPSETS[0]} to {OPSETS[-1]}, found {opset}; export with an"
            " opset in that range"
        )
    constants = {t.name: _array(t) for t in model.graph.initializer}
    for name, array in constants.items():
        check_finite(name, array)
    name, shape, kind = _input(model, path)
    ops = _sorted(
        [_op(node, i) for i, node in enumerate(model.graph.node)], {name, *constants}, path
    )
    _check(model, ops, path)
    output = model.graph.output[0].name
    if output not in {o for op in ops for o in op.outputs}:
        raise SpikeLoomError(f"{path}: output {output} is made by no node")
    return File(path.stem, ops, constants, name, shape, kind, output, opset)


def check_finite(name: str, array: Array) -> None:
    """Raises SpikeLoomError naming a constant that holds NaN, infinity, or no numbers at all."""
    if array.dtype.kind not in "biuf":
        raise SpikeLoomError(f"constant {name} holds {array.dtype}; expected numbers")
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        raise SpikeLoomError(f"constant {name} holds NaN or infinity; expected finite numbers")
