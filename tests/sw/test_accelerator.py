"""The facade on a trained-like network: golden, torch, QONNX executor and hardware side by side,
and a fault that must be seen.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from spikeloom import Accelerator, SpikeLoomError, compile, nn
from spikeloom.cli import main
from spikeloom.frontend.onnx.write import write_model
from spikeloom.interface import manifest as manifests
from spikeloom.interface.performance import Performance
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan import plan_file
from spikeloom.verify.words import ILLEGAL, words_of
from spikeloom_hw.emit import emit
from torch.nn import Flatten, Sequential, Softmax

from tests.sw.frontend.onnx.models import Model

IMAGES = 6


def network() -> Graph:
    """4 x 4 image, one convolution with spikes, one layer of three classes."""
    rng = np.random.default_rng(0)
    zero, ones = np.zeros(4, dtype=np.int64), np.ones(4, dtype=np.int64)
    neuron = SpikePack(Code(3), 3 * ones, zero)
    conv = Layer(
        "conv",
        "input",
        rng.integers(-3, 4, (4, 1, 3, 3)),
        neuron,
        2 * ones,
        zero,
        zero,
        padding=(1, 1, 1, 1),
    )
    fc = Layer(
        "fc", "conv", rng.integers(-3, 4, (3, 4, 4, 4)), Raw(None), zero[:3], zero[:3], zero[:3]
    )
    return Graph(
        "small",
        (Input("input", (1, 4, 4), (1, 4, 4), Code(4)), conv, fc),
        np.full(3, 0.25),
        np.array([0.0, 1.0, 2.0]),
    )


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


def test_simulation_measures_every_image_and_writes_it_down(
    accelerator: Accelerator, x: np.ndarray
) -> None:
    labels = np.load(accelerator.folder / "test_y.npy")
    run = accelerator.simulate(x, labels, torch=True)
    p = run.performance
    assert run.differences == () and np.array_equal(run.outputs, accelerator.golden(x))
    assert p.identical == ("torch", "golden", "RTL") and p.accuracy == {
        "torch": 1.0,
        "golden": 1.0,
        "RTL": 1.0,
    }
    assert sum(map(sum, p.confusion)) == IMAGES == p.images
    trace = golden.trace(accelerator.plan.graph, accelerator.words(x))
    for row in p.single:
        code = accelerator.plan.graph.codes[row.name]
        if code is not None:
            assert row.spikes == tuple(
                code.planes(trace[row.name]).reshape(code.steps, -1).sum(axis=1)
            )
            assert row.words == trace[row.name].size and row.nonzero == np.count_nonzero(
                trace[row.name]
            )
    assert [row.spikes for row in p.single] == [row.spikes for row in p.stream]
    assert len({row.cycles for row in p.single if row.kind != "input"}) == 1
    assert Performance.load(accelerator.folder) == p
    assert "equal to the golden model" in repr(run) and "<table>" in run._repr_html_()


def test_compare_finds_all_rungs_equal(accelerator: Accelerator, x: np.ndarray) -> None:
    verdicts = accelerator.compare(x[:3])
    assert [v.rung for v in verdicts] == [
        "torch, frozen",
        "QONNX executor, model.onnx",
        "RTL",
        "RTL, pipeline full",
    ]
    assert all(v.differences == () and v.images == 3 and v.result == "equal" for v in verdicts)


def test_a_wrong_threshold_is_found_where_it_is(
    accelerator: Accelerator, x: np.ndarray, tmp_path: Path
) -> None:
    """Golden, torch of another network than the emitted one, which claims to be it: the first layer
    that differs is named, not the last.
    """
    graph = accelerator.plan.graph
    conv = graph["conv"]
    assert isinstance(conv, Layer)
    beta = conv.beta.copy()
    beta[2] += 3
    other = dataclasses.replace(
        graph, nodes=(graph.input, dataclasses.replace(conv, beta=beta), graph["fc"])
    )
    folder = shutil.copytree(accelerator.folder, tmp_path / "small")
    changed = Accelerator(folder, dataclasses.replace(accelerator.plan, graph=other))
    claims = dataclasses.replace(
        manifests.load(folder), network_sha256=plan_file.hashes(changed.plan).network
    )
    (folder / "manifest.json").write_text(claims.to_json(), encoding="utf-8")
    torch_, onnx_, *hardware = changed.compare(x)
    assert torch_.differences == ()
    assert (
        "layer conv: " in onnx_.differences[0] and "channel 2, position (" in onnx_.differences[0]
    )
    assert all("layer conv, plane" in verdict.differences[0] for verdict in hardware)
    run = changed.simulate(x)
    assert run.differences and run.performance.identical == ()


def test_layers_and_report_show_themselves(accelerator: Accelerator, x: np.ndarray) -> None:
    assert "conv 3×3" in repr(accelerator) and "linear 64→3" in accelerator._repr_html_()
    page = accelerator.report(x)
    assert (
        page.path == accelerator.folder / "report.html"
        and "srcdoc" in page._repr_html_()
        and "sandbox" in page._repr_html_()
    )


def test_sim_command_ends_with_one_screen(
    accelerator: Accelerator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = accelerator.folder
    assert main.run(["sim", str(folder), "--output", str(tmp_path / "y.npy")]) == 0
    screen = capsys.readouterr().out
    for word in (
        "accuracy, torch",
        "accuracy, RTL",
        "identical",
        "latency, p99",
        "initiation interval",
        "frames per second",
        "busy",
        "report.html",
    ):
        assert word in screen
    assert np.array_equal(
        np.load(tmp_path / "y.npy"), accelerator.golden(np.load(folder / "test_x.npy"))
    )
    assert (
        json.loads((folder / "rtlsim_performance.json").read_text(encoding="utf-8"))["source"]
        == "simulated"
    )


def test_sim_command_takes_any_input_without_labels(
    accelerator: Accelerator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 4, 4), dtype=np.uint8))
    assert main.run(["sim", str(accelerator.folder), "--input", str(tmp_path / "x.npy")]) == 0
    screen = capsys.readouterr().out
    assert (
        "accuracy" not in screen
        and "initiation interval" not in screen
        and "latency, median" in screen
    )


def test_another_networks_hardware_is_refused(
    accelerator: Accelerator, capsys: pytest.CaptureFixture[str]
) -> None:
    top = accelerator.folder / "rtl" / "top.v"
    whole = top.read_text(encoding="utf-8")
    try:
        top.write_text(whole + "\n", encoding="utf-8")
        assert main.run(["sim", str(accelerator.folder)]) == 2
        assert "emit" in capsys.readouterr().err
    finally:
        top.write_text(whole, encoding="utf-8")


def test_module_without_calibration_is_refused() -> None:
    from torch.nn import Sequential

    with pytest.raises(SpikeLoomError, match="calibration"):
        compile(Sequential())


def test_errors_begin_with_the_file_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(network(), tmp_path / "small.onnx")
    x = np.zeros((1, 1, 4, 4), dtype=np.float32)
    for given in ("small.onnx", "./small.onnx", tmp_path / "small.onnx"):
        with pytest.raises(SpikeLoomError) as caught:
            compile(given, calibration=x, target_fps=1e12)
        assert str(caught.value).startswith(f"{given}: 1e+12 frames per second")
    with pytest.raises(SpikeLoomError, match=r"^\./nothing\.onnx: no such file"):
        compile("./nothing.onnx")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"target_fps": "a"}, "target_fps: expected a number, got 'a'"),
        ({"clock_mhz": [1]}, r"clock_mhz: expected a number, got \[1\]"),
        ({"folder": 42}, "folder: expected a path, got 42"),
    ],
)
def test_arguments_of_another_type(tmp_path: Path, given: dict[str, Any], says: str) -> None:
    write_model(network(), tmp_path / "small.onnx")
    with pytest.raises(SpikeLoomError, match=says):
        compile(tmp_path / "small.onnx", **given)


def test_errors_of_a_module_begin_with_its_class(tmp_path: Path) -> None:
    """Not with a file that the user never saw, whether it cannot be exported, read, frozen or
    planned.
    """
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
    assert words_of(Code(2, signed=True), np.array([[[[-2.0, -1, 0, 1, 2]]]])).ravel().tolist() == [
        2,
        3,
        0,
        1,
        ILLEGAL,
    ]
    assert words_of(
        Code(2, 1), np.array([[[[[1.0, 0, 2]]]], [[[[0.0, 1, 0]]]]])
    ).ravel().tolist() == [2, 1, ILLEGAL]


def broken_text(path: Path) -> None:
    path.write_text("{}", encoding="utf-8")


def other_weights(path: Path) -> None:
    """Another plan's numbers, behind a time stamp of long ago."""
    folder = path.parent
    plan = plan_file.load(folder)
    plan_file.save(
        dataclasses.replace(plan, graph=dataclasses.replace(plan.graph, bias=plan.graph.bias + 1)),
        folder,
    )
    os.utime(folder / "plan.json", (0, 0))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("manifest.json", Path.unlink),
        ("manifest.json", broken_text),
        ("rtl/top.v", Path.unlink),
        ("rtl/engine.sha256", Path.unlink),
        ("weights.npz", other_weights),
    ],
)
def test_hardware_of_another_state_is_emitted_anew(
    accelerator: Accelerator,
    x: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    damage: Callable[[Path], None],
) -> None:
    folder = shutil.copytree(accelerator.folder, tmp_path / "small")
    assert Accelerator.load(folder).emitted
    damage(folder / name)
    changed = Accelerator.load(folder)
    assert not changed.emitted
    if name == "weights.npz":
        with pytest.raises(
            SpikeLoomError,
            match=r"manifest\.json: is the hardware of another plan; run 'spikeloom emit' again",
        ):
            changed.network()
    emitted = []
    monkeypatch.setattr(
        Accelerator, "emit", lambda self: emitted.append(emit(self.plan, self.folder))
    )
    assert changed.simulate(x[:1]).differences == ()
    assert len(emitted) == 1 and changed.emitted


def test_another_engine_or_other_verilog_is_noticed(
    accelerator: Accelerator, tmp_path: Path
) -> None:
    made = Accelerator.load(shutil.copytree(accelerator.folder, tmp_path / "small"))
    mark = made.folder / "rtl" / "engine.sha256"
    engine, verilog = mark.read_text(encoding="utf-8").split()
    assert made.emitted and verilog == made.hardware().top_sha256
    for text in (
        "",
        "{}",
        f"{'0' * 64} {verilog}\n",
        f"{engine} {'0' * 64}\n",
        f"{engine} {verilog}",
    ):
        mark.write_text(text, encoding="utf-8")
        assert not made.emitted, text


def test_a_board_keeps_to_the_plan_and_emits_nothing(
    accelerator: Accelerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(accelerator.folder, tmp_path / "small")
    monkeypatch.setattr("spikeloom.driver.environment.on_board", lambda: True)
    monkeypatch.setattr(Accelerator, "emit", None)
    (folder / "rtl" / "engine.sha256").unlink()
    with (
        pytest.raises(SpikeLoomError, match=r"\.bit: 'spikeloom bitstream DIR' builds it"),
        Accelerator.load(folder).board(),
    ):
        pass
    other_weights(folder / "weights.npz")
    with (
        pytest.raises(SpikeLoomError, match="is the hardware of another plan"),
        Accelerator.load(folder).board(),
    ):
        pass


def test_a_plan_that_is_only_touched_is_not_emitted_anew(accelerator: Accelerator) -> None:
    (accelerator.folder / "plan.json").touch()
    assert Accelerator.load(accelerator.folder).emitted


def test_tensors_and_lists_are_inputs(accelerator: Accelerator, x: np.ndarray) -> None:
    expected = accelerator.golden(x)
    assert np.array_equal(accelerator.golden(torch.from_numpy(x).requires_grad_()), expected)
    assert np.array_equal(accelerator.golden(x.tolist()), expected)
    run = accelerator.simulate(
        torch.from_numpy(x), torch.from_numpy(expected.argmax(axis=1)), torch=True
    )
    assert (
        run.differences == ()
        and np.array_equal(run.outputs, expected)
        and run.performance.accuracy["RTL"] == 1
    )
    with pytest.raises(SpikeLoomError, match="^input: expected numbers .* got str"):
        accelerator.golden("x.npy")
    with pytest.raises(SpikeLoomError, match="^calibration: expected numbers .* got str"):
        compile(accelerator.folder / "model.onnx", calibration="x.npy")


def renamed(source: Path, path: Path) -> None:
    """The same network as somebody else's file: every tensor but the input has another name."""
    model = onnx.load(source)
    del model.graph.value_info[:]
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [name if name == "input" else f"t_{name}" for name in names]
    for value in (*model.graph.initializer, *model.graph.output):
        value.name = f"t_{value.name}"
    onnx.save(model, path)


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    m = Model(1, 4)
    folder = tmp_path / os.fsdecode(b"a\xff")
    made = compile(
        m.save(tmp_path / "a.onnx", m.op("MatMul", m.quant("x"), m.weights(np.eye(4)))),
        folder=folder,
    )
    assert made.plan.graph.name == "a?" and Accelerator.load(folder).plan.graph.name == "a?"


def test_a_foreign_file_is_compared_by_its_outputs(
    accelerator: Accelerator, x: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(accelerator.folder, tmp_path / "small")
    renamed(folder / "model.onnx", tmp_path / "mine.onnx")
    made = compile(tmp_path / "mine.onnx", calibration=x, folder=folder)
    (tmp_path / "mine.onnx").unlink()
    rungs = {verdict.rung: verdict for verdict in made.compare(x.tolist())}
    assert all(verdict.result == "equal" for verdict in rungs.values())
    assert main.run(["compare", str(folder), "--images", "2"]) == 0
    assert (
        "QONNX executor, original.onnx: 0 of 6 outputs differ; float32 rounds in this file"
        in capsys.readouterr().out
    )


class Failing(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.nonsense()  # blamed


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (42, "compile: expected a torch module or the path of a QONNX file, got int 42"),
        (None, "got NoneType"),
        (torch.nn.Flatten, "got type"),
        (b"x.onnx", "got bytes"),
        (
            Sequential(nn.QuantInput(4), Softmax(1)),
            "Sequential: 1/Softmax: operator Softmax is not supported",
        ),
        (Sequential(), "Sequential: the output output does not depend on the input"),
        (
            Sequential(nn.QuantInput(4), Flatten(), nn.QuantLinear(9, 2)),
            r"Sequential: cannot be exported for inputs of shape \(1, 4, 4\): ",
        ),
        (Failing(), r"Failing: test_accelerator\.py line \d+: AttributeError: .*nonsense"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # torch's own, about an empty module
def test_what_cannot_be_compiled_is_one_line_about_the_users_object(
    model: object, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(SpikeLoomError, match=f"^.*{says}") as caught:
        compile(model, calibration=np.zeros((2, 1, 4, 4), dtype=np.float32))
    assert "\n" not in str(caught.value) and str(tmp_path) not in str(caught.value)
    assert list(tmp_path.iterdir()) == [], "a temporary folder is left behind"


def test_a_network_that_only_adds_or_passes_on_has_hardware_too() -> None:
    """Their last layer is none of the user's; it must not take the name of the output."""
    x = np.random.default_rng(3).integers(0, 16, (2, 2, 2, 2)).astype(np.float32)
    passed = compile(nn.QuantInput(4), calibration=x)
    assert np.array_equal(passed.golden(x), x) and passed.plan.graph.output.name == "sum"


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (lambda: nn.SpikePack(4.0), "time steps T must be an integer, got 4.0"),
        (lambda: nn.SpikePack(4, 3.0), "base tau must be an integer, got 3.0"),
        (lambda: nn.SpikePack(4, theta="a"), "threshold theta must be a number, got 'a'"),
        (lambda: nn.LIF(4.0), "LIF: time steps T must be an integer, got 4.0"),
        (lambda: nn.LIF(4, 1.5), "LIF: leak must be an integer, got 1.5"),
        (lambda: nn.QuantInput(4.0), "input bits must be an integer, got 4.0"),
        (lambda: nn.QuantInput(4, scale="a"), "input scale must be a number, got 'a'"),
        (lambda: nn.QuantLinear(2, 2, weight_bits="4"), "weight_bits must be an integer, got '4'"),
        (
            lambda: nn.QuantConv2d(2, 2, 1, weight_bits=2.5),
            "weight_bits must be an integer, got 2.5",
        ),
    ],
)
def test_numbers_of_layers(layer: Callable[[], object], says: str) -> None:
    with pytest.raises(SpikeLoomError, match=f"^{says}$"):
        layer()
