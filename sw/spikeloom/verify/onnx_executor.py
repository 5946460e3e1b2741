"""The QONNX executor as a rung: ``model.onnx`` word by word, any other file by its outputs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array, first_line
from spikeloom.frontend.onnx import lif_operator
from spikeloom.frontend.onnx.load import QONNX_DOMAINS, File
from spikeloom.frontend.onnx.write.canvas import QONNX
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Ints
from spikeloom.progress import Progress
from spikeloom.verify.words import Floats, joined, words_of

OTHER = "another network than the plan's; compile again"


class ExecutorError(SpikeLoomError):
    """The QONNX executor cannot run a file."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What the executor gave: words (N, C, H, W) of the nodes that were asked for, real outputs (N,
    O, H, W).
    """

    words: dict[str, Ints]
    outputs: Floats


def answers(
    graph: Graph, file: File, tensors: Mapping[str, str], x: Array, values: Ints, progress: Progress
) -> Answers:
    """Run a file that computes this network on real input (N, ...) or, where it takes integers, on
    the input's ``values`` (N, C, H, W).

    tensors: node -> tensor, one image at a time, that holds its words' values. Raises
    SpikeLoomError where its input or output has another shape than the network's, ExecutorError
    where the executor fails.
    """
    source, shape = graph.input, graph.shapes[graph.output.name]
    if file.input_shape[1:] != source.real_shape:
        raise SpikeLoomError(
            f"expected inputs of shape {source.real_shape}, found {file.input_shape[1:]}: {OTHER}"
        )
    plain = file.input_type and not source.events and (source.scale, source.zero_point) == (1, 0)
    parts, outputs = [], []
    for context in _executed(
        file, np.asarray(values.reshape(x.shape) if plain else x, dtype=np.float32), progress
    ):
        parts.append(
            {
                name: words_of(graph.codes[name], whole(graph, name, context[tensor]))
                for name, tensor in tensors.items()
            }
        )
        outputs.append(np.asarray(context[file.output], dtype=np.float64))
    if outputs[0].size != file.input_shape[0] * math.prod(shape):
        raise SpikeLoomError(
            f"expected outputs of shape {shape}, found {outputs[0].shape[1:]}: {OTHER}"
        )
    return Answers(
        joined(parts), np.concatenate([part.reshape(-1, *shape) for part in outputs])[: len(x)]
    )


def whole(graph: Graph, name: str, tensor: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """One image's tensor with the axes that :func:`spikeloom.verify.words.words_of` expects."""
    code = graph.codes[name]
    lead = (code.steps, 1) if code is not None and code.spike_train else (1,)
    return tensor.reshape(*lead, *graph.shapes[name])


def _executed(
    file: File, x: npt.NDArray[np.float32], progress: Progress
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """All tensors, for as many images at a time as the file takes; the last image is repeated where
    the last batch is short.
    """
    batch = file.input_shape[0]
    with _failing():
        model = _executable(file)
    for start in range(0, len(x), batch):
        progress("onnx", start, len(x))
        rows = np.minimum(np.arange(start, start + batch), len(x) - 1)
        with _failing():
            context = execute_onnx(model, {file.input: x[rows]}, return_full_exec_context=True)
        yield context
    progress("onnx", len(x), len(x))


@contextmanager
def _failing() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about shapes that it did not infer
            yield
    except Exception as error:  # qonnx raises what its parts raise, and plain Exceptions
        raise ExecutorError(f"the QONNX executor cannot run it: {first_line(error)}") from error


def _executable(file: File) -> ModelWrapper:
    """The operators of the file, in order, with all shapes and without local functions."""
    source = helper.make_tensor_value_info(file.input, TensorProto.FLOAT, file.input_shape)
    constants = [numpy_helper.from_array(array, name) for name, array in file.constants.items()]
    graph = helper.make_graph(
        [_known(op.proto) for op in file.ops], file.name, [source], [], constants
    )
    opsets = [helper.make_opsetid("", file.opset), helper.make_opsetid(QONNX, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    lif_operator.add_functions(model)
    shaped: ModelProto = ModelWrapper(model).transform(InferShapes()).model
    output = next(info for info in shaped.graph.value_info if info.name == file.output)
    shaped.graph.output.append(output)
    shaped.graph.value_info.remove(output)
    return ModelWrapper(lif_operator.inline(shaped)).transform(InferShapes())


def _known(node: NodeProto) -> NodeProto:
    """The operator under the one domain that every version of the executor knows."""
    known = NodeProto()
    known.CopyFrom(node)
    known.domain = QONNX if node.domain in QONNX_DOMAINS else node.domain
    return known
