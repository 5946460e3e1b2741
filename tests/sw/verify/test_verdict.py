"""The file that a network was compiled from is kept and run: equality where float32 is exact,
counted differences elsewhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper
from spikeloom.errors import SpikeLoomError
from spikeloom.frontend.onnx import read, read_source
from spikeloom.frontend.onnx.write import write_model
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.progress import silent
from spikeloom.verify import compiled_file, onnx_executor
from spikeloom.verify.float32_exact import exact_in_float32
from spikeloom.verify.verdict import Verdict, executor_verdict, torch_verdict

from tests.sw.frontend.onnx.models import Model

IMAGES = 5
X = np.random.default_rng(0).integers(0, 16, (IMAGES, 2, 3, 3)).astype(np.float32)


def network(
    path: Path, scale: float = 0.25, bias: float = 0.5, batch: int = 1, zero: float = 0.0
) -> Path:
    """Convolution, neuron, and a sum with scale and bias."""
    rng, m = np.random.default_rng(1), Model(batch, 2, 3, 3)
    y = m.op(
        "Conv",
        m.quant("x", zero=zero),
        m.weights(rng.integers(-3, 4, (4, 2, 3, 3)), scale),
        np.full(4, bias),
    )
    y = m.op("Flatten", m.quant(y, 2.0, 3))
    return m.save(
        path,
        m.op(
            "Add",
            m.op("MatMul", y, m.weights(rng.integers(-3, 4, (4, 3)), scale)),
            np.full(3, bias),
        ),
    )


def compiled(path: Path, folder: Path) -> Graph:
    """What compiling leaves of the file in the folder."""
    folder.mkdir(exist_ok=True)
    graph = read(path)
    compiled_file.keep(graph, path, folder)
    return graph


def verdict(graph: Graph, folder: Path, x: np.ndarray = X) -> Verdict:
    return executor_verdict(
        graph,
        folder,
        x,
        golden.trace(graph, golden.quantize(graph.input, x)),
        silent,
    )


def test_a_foreign_file_is_kept_and_equal(tmp_path: Path) -> None:
    graph = compiled(network(tmp_path / "a.onnx"), tmp_path / "net")
    (tmp_path / "a.onnx").unlink()
    assert [p.name for p in (tmp_path / "net").iterdir()] == ["original.onnx"]
    found = verdict(graph, tmp_path / "net")
    assert (found.rung, found.compared, found.images, found.result) == (
        "QONNX executor, original.onnx",
        "outputs",
        IMAGES,
        "equal",
    )
    assert "0 of 15 outputs differ" in found.note and "exact" in found.note


def changed(folder: Path, by: float) -> None:
    """The kept file with another last bias."""
    model = onnx.load(folder / "original.onnx")
    constant = next(c for c in model.graph.initializer if c.name == model.graph.node[-1].input[1])
    constant.CopyFrom(
        numpy_helper.from_array(
            numpy_helper.to_array(constant) + np.float32([0, by, 0]), constant.name
        )
    )
    onnx.save(model, folder / "original.onnx")


def test_a_difference_is_a_fault_where_float32_is_exact(tmp_path: Path) -> None:
    graph = compiled(network(tmp_path / "a.onnx"), tmp_path / "net")
    changed(tmp_path / "net", 2.0**-10)
    (line,) = verdict(graph, tmp_path / "net").differences
    assert (
        "QONNX executor, original.onnx differs from golden: 5 of 15 outputs differ, first image 0,"
        " channel 1" in line
    )


def test_differences_are_counted_elsewhere(tmp_path: Path) -> None:
    graph = compiled(network(tmp_path / "a.onnx", scale=0.3), tmp_path / "net")
    found = verdict(graph, tmp_path / "net")
    assert found.result == "equal" and "0 of 15 outputs differ; float32 rounds" in found.note
    changed(tmp_path / "net", float(graph.scale[1]) * 0.4)
    assert verdict(graph, tmp_path / "net").counted == 0, "nearest integer"
    changed(tmp_path / "net", float(graph.scale[1]))
    found = verdict(graph, tmp_path / "net")
    assert (found.differences, found.counted, found.result) == (
        (),
        5,
        "5 differ",
    ) and "5 of 15 outputs differ" in found.note


@pytest.mark.parametrize("batch", [2, 3])
def test_a_file_with_a_batch_of_its_own(tmp_path: Path, batch: int) -> None:
    graph = compiled(network(tmp_path / "a.onnx", batch=batch), tmp_path / "net")
    assert "0 of 15" in verdict(graph, tmp_path / "net").note


def test_an_open_batch_and_an_old_domain(tmp_path: Path) -> None:
    path = network(tmp_path / "a.onnx")
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    for node in model.graph.node:
        node.domain = "finn.custom_op.general" if node.domain else ""
    onnx.save(model, path)
    assert "0 of 15" in verdict(compiled(path, tmp_path / "net"), tmp_path / "net").note


def test_integers_as_input_are_those_that_the_hardware_takes(tmp_path: Path) -> None:
    """The file says UINT8, the user gives 3.4 and 300: the words are 3 and 255."""
    m = Model(1, 4)
    y = m.op("MatMul", "x", m.weights(np.random.default_rng(2).integers(-3, 4, (4, 3)), 0.5))
    proto = m.proto(y)
    proto.graph.quantization_annotation.add(tensor_name="x").quant_parameter_tensor_names.add(
        key="finn_datatype", value="UINT8"
    )
    onnx.save(proto, tmp_path / "a.onnx")
    graph = compiled(tmp_path / "a.onnx", tmp_path / "net")
    x = np.array([[3.4, 300.0, 7.0, -2.0], [1.0, 2.0, 3.0, 4.0]])
    assert "0 of 6 outputs differ" in verdict(graph, tmp_path / "net", x).note


def test_external_data_is_taken_along(tmp_path: Path) -> None:
    path = network(tmp_path / "a.onnx")
    onnx.save_model(
        onnx.load(path), path, save_as_external_data=True, location="a.bin", size_threshold=0
    )
    assert (tmp_path / "a.bin").is_file()
    graph = compiled(path, tmp_path / "net")
    (tmp_path / "a.bin").unlink()
    assert "0 of 15" in verdict(graph, tmp_path / "net").note
    assert all(
        c.data_location == TensorProto.DEFAULT
        for c in onnx.load(tmp_path / "net" / "original.onnx").graph.initializer
    )


def test_the_frozen_network_is_compared_word_by_word(tmp_path: Path) -> None:
    graph, folder = read(network(tmp_path / "a.onnx")), tmp_path / "net"
    folder.mkdir()
    (folder / "original.onnx").write_bytes(b"of another compilation")
    write_model(graph, folder / "model.onnx")
    graph = compiled(folder / "model.onnx", folder)
    assert [p.name for p in folder.iterdir()] == ["model.onnx"], "it is kept already"
    found = verdict(graph, folder)
    assert (found.rung, found.compared, found.result) == (
        "QONNX executor, model.onnx",
        "every word of every layer",
        "equal",
    )
    elsewhere = compiled(folder / "model.onnx", tmp_path / "other")
    assert verdict(elsewhere, tmp_path / "other").compared == "every word of every layer"


def test_an_integer_output_of_the_frozen_network_counts_too(tmp_path: Path) -> None:
    graph, folder = read(network(tmp_path / "a.onnx")), tmp_path
    write_model(graph, folder / "model.onnx")
    model = onnx.load(folder / "model.onnx")
    constant = next(c for c in model.graph.initializer if c.name == "real/Add.values")
    constant.CopyFrom(
        numpy_helper.from_array(
            numpy_helper.to_array(constant) + float(graph.scale[0]), constant.name
        )
    )
    onnx.save(model, folder / "model.onnx")
    (line,) = verdict(graph, folder).differences
    assert "15 of 15 outputs differ" in line


@pytest.mark.parametrize("name", ["model.onnx", "original.onnx"])
@pytest.mark.parametrize("content", [b"", b"junk"])
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    graph = compiled(network(tmp_path / "a.onnx"), tmp_path / "net")
    (tmp_path / "net" / "original.onnx").unlink()
    (tmp_path / "net" / name).write_bytes(content)
    with pytest.raises(SpikeLoomError, match=name):
        verdict(graph, tmp_path / "net")


def test_another_networks_file_is_one_line(tmp_path: Path) -> None:
    graph, folder = compiled(network(tmp_path / "a.onnx"), tmp_path / "net"), tmp_path / "net"
    m = Model(1, 7)
    other = m.save(tmp_path / "b.onnx", m.op("MatMul", m.quant("x"), m.weights(np.eye(7))))
    (folder / "original.onnx").write_bytes(other.read_bytes())
    with pytest.raises(
        SpikeLoomError,
        match=(
            r"original\.onnx: expected inputs of shape \(2, 3, 3\), found \(7,\): .*compile again"
        ),
    ):
        verdict(graph, folder)
    m = Model(1, 2, 3, 3)
    m.save(
        folder / "original.onnx",
        m.op("MatMul", m.op("Flatten", m.quant("x")), m.weights(np.eye(18))),
    )
    with pytest.raises(
        SpikeLoomError, match=r"expected outputs of shape \(3, 1, 1\), found \(18,\)"
    ):
        verdict(graph, folder)
    (folder / "original.onnx").rename(folder / "model.onnx")
    with pytest.raises(
        SpikeLoomError, match=r"model\.onnx: expected the frozen network of this folder"
    ):
        verdict(graph, folder)


def test_a_rung_that_is_missing_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = compiled(network(tmp_path / "a.onnx"), tmp_path / "net")
    found = verdict(graph, tmp_path)
    assert (
        found.result == "not run"
        and found.differences == ()
        and "neither original.onnx nor model.onnx; compile again" in found.note
    )
    monkeypatch.setitem(sys.modules, "qonnx", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert (
        "qonnx not installed; pip install 'spikeloom[onnx]'"
        in verdict(graph, tmp_path / "net").note
    )
    found = torch_verdict(graph, X, {}, silent)
    assert (
        found.result == "not run"
        and "torch not installed; pip install 'spikeloom[train]'" in found.note
    )


def test_what_the_executor_cannot_run_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise Exception("no kernel for this\n and much more")  # as qonnx does

    graph = compiled(network(tmp_path / "a.onnx"), tmp_path / "net")
    monkeypatch.setattr(onnx_executor, "execute_onnx", failing)
    found = verdict(graph, tmp_path / "net")
    assert found.result == "not run" and found.note.endswith(
        "the QONNX executor cannot run it: no kernel for this"
    )


@pytest.mark.parametrize(
    ("options", "exact"),
    [
        ({}, True),
        ({"scale": 2.0**-9, "bias": 0.0}, True),
        ({"zero": 3.0}, True),
        ({"scale": 0.3}, False),
        ({"bias": 0.3}, False),
        ({"bias": 2.0**-20}, False),
        ({"bias": 2.0**24}, False),
    ],
)
def test_where_float32_is_exact(tmp_path: Path, options: dict[str, float], exact: bool) -> None:
    assert exact_in_float32(read_source(network(tmp_path / "a.onnx", **options))) == exact


def test_float32_is_not_exact_behind_a_residual_or_an_affine_map_that_is_not(
    tmp_path: Path,
) -> None:
    for scale, gain, exact in ((0.5, 4.0, True), (0.3, 4.0, False), (0.5, 3.0, False)):
        m = Model(1, 4)
        x = m.quant("x")
        y = m.op("MatMul", x, m.weights(np.eye(4)))
        y = m.quant(
            m.op(
                "Mul",
                m.op(
                    "Relu", m.op("Add", y, m.quant(m.op("MatMul", x, m.weights(np.eye(4))), scale))
                ),
                gain,
            ),
            1.0,
            6,
        )
        path = m.save(tmp_path / "a.onnx", m.op("MatMul", y, m.weights(np.eye(4))))
        assert exact_in_float32(read_source(path)) == exact
