"""A tiny QONNX file, and a command that must fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from spikeloom.cli import main

QONNX = "qonnx.custom_op.general"


def quant(name: str, tensor: str, bits: int, signed: int) -> tuple[list[Any], list[Any]]:
    """A Quant node of scale 1 and its parameters."""
    parameters = [
        numpy_helper.from_array(np.array(v, dtype=np.float32), f"{name}_{k}")
        for k, v in (("s", 1), ("z", 0), ("b", bits))
    ]
    attributes = {"signed": signed, "narrow": 0, "rounding_mode": "ROUND"}
    return [
        helper.make_node(
            "Quant",
            [tensor, *(p.name for p in parameters)],
            [name],
            name=name,
            domain=QONNX,
            **attributes,
        )
    ], parameters


def tiny(
    path: Path, *, bits: int = 3, extra: tuple[Any, ...] = (), output: str = "y", scale: int = 1
) -> Path:
    """A QONNX file: 4 words in, 3 integers out, and whatever ``extra`` nodes a test wants
    behind.
    """
    weight = scale * np.array([[1, -2, 0], [3, 1, -1], [0, 2, 2], [-3, 0, 1]], dtype=np.float32)
    nodes, parameters = quant("q", "x", bits, 0)
    quantized, more = quant("w_q", "w", min(16, 4 + scale.bit_length()), 1)
    nodes += [*quantized, helper.make_node("MatMul", ["q", "w_q"], ["y"], name="fc"), *extra]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(weight, "w"), *parameters, *more],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid(QONNX, 1)]
    )
    path.write_bytes(model.SerializeToString())
    return path


def files(folder: Path) -> dict[str, int]:
    return {
        str(p.relative_to(folder)): p.stat().st_mtime_ns
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def refused(
    capsys: pytest.CaptureFixture[str], folder: Path, *arguments: object, status: int = 2
) -> str:
    """Run a command that must fail: one line on standard error, nothing written; the line."""
    before = files(folder)
    capsys.readouterr()
    assert main.run([str(a) for a in arguments]) == status
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("spikeloom: ") and "Traceback" not in error
    assert files(folder) == before
    return error


def saved(path: Path, array: Any, **options: Any) -> Path:
    np.save(path, array, **options)
    return path
