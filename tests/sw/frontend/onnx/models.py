"""Small QONNX models for tests, written operator by operator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from spikeloom.frontend.onnx import lif_operator

QONNX = "qonnx.custom_op.general"


class Model:
    """``x = m.op("Relu", x)``: each call appends a node named after its kind and number, and
    returns the name of its output.
    """

    def __init__(self, *input_shape: int) -> None:
        self.shape = input_shape
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.input = "x"

    def const(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value, dtype=dtype)
        return name

    def op(self, kind: str, *inputs: Any, domain: str = "", **attributes: Any) -> str:
        """Inputs that are no names become float32 constants."""
        names = [i if isinstance(i, str) else self.const(i) for i in inputs]
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, names, [f"{name}_out"], name=name, domain=domain, **attributes)
        )
        return f"{name}_out"

    def quant(
        self,
        x: Any,
        scale: Any = 1.0,
        bits: float = 4,
        signed: bool = False,
        zero: Any = 0.0,
        narrow: bool = False,
        rounding: str = "ROUND",
    ) -> str:
        return self.op(
            "Quant",
            x,
            scale,
            zero,
            float(bits),
            domain=QONNX,
            signed=int(signed),
            narrow=int(narrow),
            rounding_mode=rounding,
        )

    def weights(self, ints: Any, scale: Any = 1.0, bits: int = 8) -> str:
        """Quantized weights that are exactly ``ints * scale``."""
        ints = np.asarray(ints)
        return self.quant(ints.astype(np.float32) * np.float32(scale), scale, bits, signed=True)

    def lif(self, form: lif_operator.Form, x: str, theta: Any) -> str:
        """An IF or LIF neuron."""
        return self.op(form.function, x, theta, domain=lif_operator.DOMAIN, **form.attributes)

    def reshape(self, x: str, *shape: int) -> str:
        return self.op("Reshape", x, self.const(shape, np.int64))

    def proto(
        self, output: str, output_shape: Sequence[int | str] | None = None
    ) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "test",
            [helper.make_tensor_value_info(self.input, TensorProto.FLOAT, list(self.shape))],
            [
                helper.make_tensor_value_info(
                    output, TensorProto.FLOAT, output_shape or [None, None]
                )
            ],
            [numpy_helper.from_array(a, n) for n, a in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid(QONNX, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        lif_operator.add_functions(model)
        return model

    def save(self, path: Path, output: str) -> Path:
        path.write_bytes(self.proto(output).SerializeToString())
        return path


def execute(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    """What qonnx's executor makes of a batch of as many images as the model takes."""
    shaped = ModelWrapper(model).transform(InferShapes()).model
    wrapped = ModelWrapper(lif_operator.inline(shaped)).transform(InferShapes())
    source = wrapped.graph.input[0].name
    return execute_onnx(wrapped, {source: x.astype(np.float32)})[wrapped.graph.output[0].name]
