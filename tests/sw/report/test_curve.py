"""Accuracy and latency over the number of time steps: the figures, the file, the page, the command,
and what cannot be chosen.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from spikeloom import Accelerator, SpikeLoomError, compile
from spikeloom.cli import main
from spikeloom.errors import UnsupportedError
from spikeloom.frontend.onnx.write import write_model
from spikeloom.interface.performance import FILE, accuracy, file_of
from spikeloom.ir import golden
from spikeloom.ir.fewer_steps import with_steps
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping import cycle_model
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.plan import Folding
from spikeloom.report import curve

from tests.networks import plan_of
from tests.sw.small_network import network

IMAGES = 20
ONE = np.ones(1, dtype=np.int64)


@pytest.fixture
def made(tmp_path: Path) -> Accelerator:
    write_model(network(), tmp_path / "model.onnx")
    found = compile(tmp_path / "model.onnx", folder=tmp_path, fewer_steps=True)
    x = np.random.default_rng(1).integers(0, 16, (IMAGES, 1, 4, 4)).astype(np.float32)
    np.save(tmp_path / "test_x.npy", x)
    np.save(tmp_path / "test_y.npy", found.golden(x).argmax(axis=1))
    return found


@pytest.fixture
def x(made: Accelerator) -> np.ndarray:
    return np.load(made.folder / "test_x.npy")


@pytest.fixture
def y(made: Accelerator) -> np.ndarray:
    return np.load(made.folder / "test_y.npy")


def test_points_are_those_of_both_models(made: Accelerator, x: np.ndarray, y: np.ndarray) -> None:
    found = made.curve(x, y, images=5)
    assert [point.steps for point in found.points] == [1, 2, 3] and found.points[-1].accuracy == 1.0
    for point in found.points:
        graph, words = with_steps(made.plan.graph, point.steps), made.words(x)
        assert point.accuracy == accuracy(
            golden.dequantize(graph, golden.integers(graph, words)), y
        )
        timing = cycle_model.simulate(made.plan.with_steps(point.steps), words[:5])
        assert (point.latency.min, point.latency.max) == (
            timing.latency.min(),
            timing.latency.max(),
        )
        assert point.synaptic * 5 == sum(stage.synaptic for stage in timing.stages.values())
    assert curve.CURVES.load(made.folder).figures == found
    assert made.curve(x, images=5).points[0].accuracy is None


def test_it_goes_on_where_it_stopped(
    made: Accelerator, x: np.ndarray, y: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points of this plan and these images are kept; those of others are not."""
    whole, computed, at = made.curve(x, y), [], curve.at

    def counted(plan: object, steps: int, *rest: object) -> object:
        computed.append(steps)
        if steps == stop:
            raise KeyboardInterrupt
        return at(plan, steps, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(curve, "at", counted)
    stop = 0
    assert made.curve(x, y) == whole and computed == []
    stop = 3
    with pytest.raises(KeyboardInterrupt):
        made.curve(x[:-1], y[:-1])
    stop = 0
    assert [p.steps for p in made.curve(x[:-1], y[:-1]).points] == [1, 2, 3] and computed == [
        1,
        2,
        3,
        3,
    ]
    (made.folder / curve.FILE).write_text("{}")
    assert made.curve(x, y) == whole and computed[4:] == [1, 2, 3]


def test_the_report_shows_a_whole_curve_of_this_plan(
    made: Accelerator, x: np.ndarray, y: np.ndarray
) -> None:
    def page() -> str:
        return made.report().path.read_text(encoding="utf-8")

    assert "Fewer time steps" not in page()
    made.curve(x, y, images=4)
    text = page()
    assert (
        f"Accuracy on {IMAGES} images by the golden model, cycles of 4 of them by the cycle model"
        in text
    )
    assert "can run with any of these" in text and text == page()
    data = json.loads((made.folder / curve.FILE).read_text())
    for change in ({"points": data["figures"]["points"][:-1]}, {"network": "other"}):
        figures = {**data["figures"], **change}
        (made.folder / curve.FILE).write_text(json.dumps({**data, "figures": figures}))
        assert "Fewer time steps" not in page()
    (made.folder / curve.FILE).write_text(json.dumps({**data, "schema": 9}))
    with pytest.raises(SpikeLoomError, match="of schema 2, found 9; run .spikeloom steps. again"):
        page()


def test_commands(made: Accelerator, capsys: pytest.CaptureFixture[str], x: np.ndarray) -> None:
    folder = str(made.folder)
    assert main.run(["steps", folder, "--images", "3"]) == 0
    assert "100.00 %" in capsys.readouterr().out
    assert main.run(["golden", folder, "--steps", "1", "--output", f"{folder}/y.npy"]) == 0
    assert np.array_equal(np.load(f"{folder}/y.npy"), made.golden(x, steps=1))
    capsys.readouterr()
    for steps in ("0", "4"):
        assert main.run(["golden", folder, "--steps", steps]) == 2
        assert f"time steps to run: expected 1 to 3, got {steps}" in capsys.readouterr().err


def test_files_of_fewer_steps_stand_beside() -> None:
    assert (file_of(None), file_of(2)) == (FILE, "rtlsim_performance_2_steps.json")


@pytest.mark.parametrize("steps", [1, 3])
def test_no_choice_with_one_step_or_weights_at_run_time(tmp_path: Path, steps: int) -> None:
    neuron = SpikePack(Code(steps), ONE, 0 * ONE)
    weight = ONE.reshape(1, 1, 1, 1)
    nodes = (
        Input("x", (1, 1, 1), (1, 1, 1), Code(4)),
        Layer("a", "x", weight, neuron, 0 * ONE, 0 * ONE, 0 * ONE),
    )
    write_model(
        Graph("g", (*nodes, Layer("b", "a", weight, Raw(None), 0 * ONE, 0 * ONE, 0 * ONE))),
        tmp_path / "model.onnx",
    )
    with pytest.raises(
        UnsupportedError, match="one time step" if steps == 1 else "expected one of them"
    ):
        compile(
            tmp_path / "model.onnx", folder=tmp_path, fewer_steps=True, runtime_weights=steps > 1
        )


def test_a_layer_that_cannot_do_with_fewer_is_named(tmp_path: Path) -> None:
    weight, zero = ONE.reshape(1, 1, 1, 1), 0 * ONE
    train = Layer("train", "x", weight, LIF(Code(3, 1), ONE, 0, True), zero, zero, zero)
    count = Layer("count", "train", weight, SpikePack(Code(2), ONE, zero), zero, zero, zero)
    graph = Graph("g", (Input("x", (1, 1, 1), (1,), Code(4)), train, count))
    plan_file.save(
        plan_of(graph, {"train": Folding("event", 1), "count": Folding("event", 1)}), tmp_path
    )
    with pytest.raises(UnsupportedError, match="count: counts the spikes of train"):
        Accelerator.load(tmp_path).curve(np.ones((2, 1), dtype=np.float32))
    write_model(graph, tmp_path / "model.onnx")
    with pytest.raises(UnsupportedError, match="counts the spikes of"):
        compile(tmp_path / "model.onnx", folder=tmp_path, fewer_steps=True)
