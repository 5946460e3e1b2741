"""The facade on a trained-like network: golden, torch, QONNX executor and hardware side by side, and a fault that must be seen."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from spikeloom import Accelerator, SpikeLoomError, cli, compile, golden
from spikeloom.code import Code
from spikeloom.graph import Graph, Input, Layer
from spikeloom.neuron import Raw, SpikePack
from spikeloom.report.performance import Performance
from spikeloom.rungs import ILLEGAL, words_of
from spikeloom.write import write_model

IMAGES = 6


def network() -> Graph:
    """4 x 4 image, one convolution with spikes, one layer of three classes."""
    rng = np.random.default_rng(0)
    zero, ones = np.zeros(4, dtype=np.int64), np.ones(4, dtype=np.int64)
    neuron = SpikePack(Code(3), 3 * ones, zero)
    conv = Layer("conv", "input", rng.integers(-3, 4, (4, 1, 3, 3)), neuron, 2 * ones, zero, zero, padding=(1, 1, 1, 1))
    fc = Layer("fc", "conv", rng.integers(-3, 4, (3, 4, 4, 4)), Raw(None), zero[:3], zero[:3], zero[:3])
    return Graph("small", (Input("input", (1, 4, 4), (1, 4, 4), Code(4)), conv, fc), np.full(3, 0.25), np.array([0.0, 1.0, 2.0]))


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory: pytest.TempPathFactory) -> Accelerator:
    """Compiled and emitted, with a test set beside it, as 'make sim' leaves it."""
    folder = tmp_path_factory.mktemp("small")
    write_model(network(), folder / "model.onnx")
    x = np.random.default_rng(1).integers(0, 16, (IMAGES, 1, 4, 4)).astype(np.float32)
    made = compile(folder / "model.onnx", calibration=x, folder=folder)
    np.save(folder / "test_x.npy", x)
    np.save(folder / "test_y.npy", made.golden(x).argmax(axis=1))
    made.emit()
    return made


@pytest.fixture
def x(accelerator: Accelerator) -> np.ndarray:
    return np.load(accelerator.folder / "test_x.npy")


def test_golden_is_the_golden_model(accelerator: Accelerator, x: np.ndarray) -> None:
    assert np.array_equal(accelerator.golden(x), golden.run(network(), x))


def test_simulation_measures_every_image_and_writes_it_down(accelerator: Accelerator, x: np.ndarray) -> None:
    labels = np.load(accelerator.folder / "test_y.npy")
    run = accelerator.simulate(x, labels, torch=True)
    p = run.performance
    assert run.differences == () and np.array_equal(run.outputs, accelerator.golden(x))
    assert p.identical == ("torch", "golden", "RTL") and p.accuracy == {"torch": 1.0, "golden": 1.0, "RTL": 1.0}
    assert sum(map(sum, p.confusion)) == IMAGES == p.images
    trace = golden.trace(accelerator.plan.graph, accelerator.words(x))
    for row in p.single:
        code = accelerator.plan.graph.codes[row.name]
        if code is not None:
            assert row.spikes == tuple(code.planes(trace[row.name]).reshape(code.steps, -1).sum(axis=1))
            assert row.words == trace[row.name].size and row.nonzero == np.count_nonzero(trace[row.name])
    assert [row.spikes for row in p.single] == [row.spikes for row in p.stream]
    assert len({row.cycles for row in p.single if row.kind != "input"}) == 1
    assert Performance.load(accelerator.folder) == p
    assert "equal to the golden model" in repr(run) and "<table>" in run._repr_html_()


def test_compare_finds_all_rungs_equal(accelerator: Accelerator, x: np.ndarray) -> None:
    verdicts = accelerator.compare(x[:3])
    assert [v.rung for v in verdicts] == ["torch, frozen", "QONNX executor", "RTL", "RTL, pipeline full"]
    assert all(v.differences == () and v.images == 3 for v in verdicts)


def test_a_wrong_threshold_is_found_where_it_is(accelerator: Accelerator, x: np.ndarray) -> None:
    """Golden, torch of another network than the emitted one: the first layer that differs is named, not the last."""
    graph = accelerator.plan.graph
    conv = graph["conv"]
    assert isinstance(conv, Layer)
    beta = conv.beta.copy()
    beta[2] += 3
    other = dataclasses.replace(graph, nodes=(graph.input, dataclasses.replace(conv, beta=beta), graph["fc"]))
    changed = Accelerator(accelerator.folder, dataclasses.replace(accelerator.plan, graph=other))
    torch_, onnx_, *hardware = changed.compare(x)
    assert torch_.differences == ()
    assert "layer conv: " in onnx_.differences[0] and "channel 2, position (" in onnx_.differences[0]
    assert all("layer conv, plane" in verdict.differences[0] for verdict in hardware)
    run = changed.simulate(x)
    assert run.differences and run.performance.identical == ()


def test_layers_and_report_show_themselves(accelerator: Accelerator, x: np.ndarray) -> None:
    assert "conv 3×3" in repr(accelerator) and "linear 64→3" in accelerator._repr_html_()
    page = accelerator.report(x)
    assert page.path == accelerator.folder / "report.html" and "srcdoc" in page._repr_html_() and "sandbox" in page._repr_html_()


def test_sim_command_ends_with_one_screen(accelerator: Accelerator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = accelerator.folder
    assert cli.run(["sim", str(folder), "--output", str(tmp_path / "y.npy")]) == 0
    screen = capsys.readouterr().out
    for word in (
        "accuracy, torch",
        "accuracy, RTL",
        "identical",
        "latency, p99",
        "initiation interval",
        "frames per second",
        "busy %",
        "report.html",
    ):
        assert word in screen
    assert np.array_equal(np.load(tmp_path / "y.npy"), accelerator.golden(np.load(folder / "test_x.npy")))
    assert json.loads((folder / "rtlsim_performance.json").read_text(encoding="utf-8"))["source"] == "simulated"


def test_sim_command_takes_any_input_without_labels(accelerator: Accelerator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 4, 4), dtype=np.uint8))
    assert cli.run(["sim", str(accelerator.folder), "--input", str(tmp_path / "x.npy")]) == 0
    screen = capsys.readouterr().out
    assert "accuracy" not in screen and "initiation interval" not in screen and "latency, median" in screen


def test_another_networks_hardware_is_refused(accelerator: Accelerator, capsys: pytest.CaptureFixture[str]) -> None:
    top = accelerator.folder / "rtl" / "top.v"
    whole = top.read_text(encoding="utf-8")
    try:
        top.write_text(whole + "\n", encoding="utf-8")
        assert cli.run(["sim", str(accelerator.folder)]) == 2
        assert "emit" in capsys.readouterr().err
    finally:
        top.write_text(whole, encoding="utf-8")


def test_module_without_calibration_is_refused() -> None:
    from torch.nn import Sequential

    with pytest.raises(SpikeLoomError, match="calibration"):
        compile(Sequential())


def test_errors_begin_with_the_file_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(network(), tmp_path / "small.onnx")
    x = np.zeros((1, 1, 4, 4), dtype=np.float32)
    for given in ("small.onnx", "./small.onnx", tmp_path / "small.onnx"):
        with pytest.raises(SpikeLoomError) as caught:
            compile(given, calibration=x, target_fps=1e12)
        assert str(caught.value).startswith(f"{given}: 1e+12 frames per second")
    with pytest.raises(SpikeLoomError, match=r"^\./nothing\.onnx: no such file"):
        compile("./nothing.onnx")


def test_errors_of_a_module_begin_with_its_class(tmp_path: Path) -> None:
    """Not with a file that the user never saw, whether it cannot be exported, read, frozen or planned."""
    import torch
    from spikeloom import nn

    class Net(torch.nn.Sequential):
        pass

    x = np.full((1, 8), 3.0, dtype=np.float32)
    first = nn.QuantInput(16), nn.QuantLinear(8, 4, weight_bits=8, power_of_two=True)
    for modules, says in (
        ((*first, nn.SpikePack(4)), "Net: 2: the threshold is not known yet"),
        ((*first, torch.nn.Sigmoid()), "Net: 2/Sigmoid: operator Sigmoid is not supported"),
        ((*first,), "Net: n1: sums up to .* are not exact in float32"),
        ((*first, nn.SpikePack(2, theta=64.0)), "Net: n1: sums up to .* are not exact in float32"),
        ((nn.QuantInput(8), *first[1:]), "Net: 1e.15 frames per second are not reached"),
    ):
        with pytest.raises(SpikeLoomError, match=f"^{says}") as caught:
            compile(Net(*modules).eval(), calibration=x, folder=tmp_path / "net", target_fps=1e15)
        assert str(tmp_path) not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "net").write_text("a file", encoding="utf-8")
    write_model(network(), tmp_path / "small.onnx")
    with pytest.raises(SpikeLoomError, match=f"^{tmp_path / 'net'}/"):
        compile(tmp_path / "small.onnx", folder=tmp_path / "net")


def test_illegal_values_equal_no_word() -> None:
    values = np.array([[[[0.0, 1.0, 3.0, 4.0, 5.0, 0.5, -1.0]]]])
    assert words_of(Code(2, 3), values).ravel().tolist() == [0, 1, 2, 3, ILLEGAL, ILLEGAL, ILLEGAL]
    assert words_of(Code(2, signed=True), np.array([[[[-2.0, -1, 0, 1, 2]]]])).ravel().tolist() == [2, 3, 0, 1, ILLEGAL]
    assert words_of(Code(2, 1), np.array([[[[[1.0, 0, 2]]]], [[[[0.0, 1, 0]]]]])).ravel().tolist() == [2, 1, ILLEGAL]
