"""`trained.onnx`: the trained float network as Brevitas exports it to QONNX, with SpikeLoom's
neurons as their own nodes.

What a reader finds:

    QuantInput, weights    Quant (BipolarQuant for 1-bit weights), domain qonnx.custom_op.general
    SpikePack, base 2      Quant: scale theta, zero point 0, T bits, unsigned, ROUND
    SpikePack, base > 2    MultiThreshold (1, 2^T - 1), out_scale 1 -> Cast to int64
                           -> Gather(codebook * theta, index)
    IF, LIF                the nodes of :mod:`spikeloom.frontend.onnx.lif_operator`, `_real`
    Steps                  Reshape (N T, ...) -> layers -> Reshape (N, T, ...)
    SumSteps               ReduceSum over axis 1
    Events                 Mul by [2^(T-1) .. 1] of shape (1, T, 1, 1, 1) -> ReduceSum over axis 1

Nodes carry the names of their modules ("conv1/Conv", "conv1/weight_quant/Quant"), a tensor that of
its node, a constant that of its node and place ("n1/Quant.1"). The graph's input and output are
called ``input`` and ``output``; the batch is 1.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.infer_shapes import InferShapes
from torch import nn

from spikeloom.errors import SpikeLoomError
from spikeloom.files import replacing
from spikeloom.frontend.onnx import lif_operator
from spikeloom.nn import Neuron


@contextmanager
def _quiet() -> Iterator[None]:
    """Exporters warn and log about themselves; a library keeps silent."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _clean_name(name: str) -> str:
    return name.removeprefix("/").replace("/export_handler", "").replace("_output_0", "")


def _own_constants(graph: onnx.GraphProto) -> None:
    """One initializer per use, under a stable name: the exporter shares equal ones through Identity
    nodes and makes up random names.
    """
    values = {constant.name: constant for constant in graph.initializer}
    for node in list(graph.node):
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
            graph.node.remove(node)
    del graph.initializer[:]
    own: dict[str, onnx.TensorProto] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in values:
                constant = onnx.TensorProto()
                constant.CopyFrom(values[name])
                constant.name = (
                    name
                    if name.endswith((".weight", ".bias"))
                    else f"{_clean_name(node.name)}.{place}"
                )
                node.input[place] = constant.name
                own[constant.name] = constant
    graph.initializer.extend(own.values())


def _tidy(model: onnx.ModelProto) -> None:
    """Names that say where in the module tree a node came from, the same in every export."""
    graph = model.graph
    _own_constants(graph)
    ends = {value.name for value in (*graph.input, *graph.output)} | {
        constant.name for constant in graph.initializer
    }
    for node in graph.node:
        node.name = _clean_name(node.name)
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                names[place] = name if name in ends else _clean_name(name)
    del graph.value_info[:]


def to_onnx(model: nn.Module, input_shape: tuple[int, ...]) -> onnx.ModelProto:
    """The model in eval mode as a checked ONNX graph with all shapes; ``input_shape`` without the
    batch. The model is on the CPU, and is left as it was.

    Raises SpikeLoomError if a neuron has no threshold yet.
    """
    for name, module in model.named_modules():
        if isinstance(module, Neuron) and not module.calibrated:
            raise SpikeLoomError(
                f"{name or 'SpikePack'}: the threshold is not known yet: train, or run one batch,"
                " before the export"
            )
    with _quiet(), torch.no_grad():
        from brevitas.export import export_qonnx  # here, since the very import warns

        exported: onnx.ModelProto = export_qonnx(
            model,
            args=torch.zeros(1, *input_shape),
            opset_version=lif_operator.OPSET,
            input_names=["input"],
            output_names=["output"],
            keep_initializers_as_inputs=False,
            autograd_inlining=False,
            dynamo=False,
        )
    _tidy(exported)
    lif_operator.add_functions(exported)
    shaped: onnx.ModelProto = ModelWrapper(exported).transform(InferShapes()).model
    onnx.checker.check_model(shaped)
    return shaped


def write_trained(model: nn.Module, input_shape: tuple[int, ...], path: str | Path) -> None:
    """Export to a file; a half-written file never bears the name. Raises as :func:`to_onnx`."""
    content = to_onnx(model, input_shape).SerializeToString(deterministic=True)
    with replacing(Path(path)) as stream:
        stream.write(content)
