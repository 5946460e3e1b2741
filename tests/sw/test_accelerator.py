"""The facade on a trained-like network: golden, torch, QONNX executor and hardware side by side,
and a fault that must be seen.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from spikeloom import Accelerator, SpikeLoomError, compile
from spikeloom.cli import main
from spikeloom.frontend.onnx.write import write_model
from spikeloom.interface import manifest as manifests
from spikeloom.interface.performance import Performance
from spikeloom.ir import golden
from spikeloom.ir.nodes import Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan import plan_file
from spikeloom.verify.words import ILLEGAL, words_of
from spikeloom_hw.emit import emit

from tests.sw.small_network import network

IMAGES = 6


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
