"""Compiling from Python: what is refused, in one line about the user's object."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spikeloom import Accelerator, SpikeLoomError, compile, nn
from spikeloom.frontend.onnx.write import write_model
from torch.nn import Flatten, Sequential, Softmax

from tests.sw.frontend.onnx.models import Model
from tests.sw.small_network import network


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


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    m = Model(1, 4)
    folder = tmp_path / os.fsdecode(b"a\xff")
    made = compile(
        m.save(tmp_path / "a.onnx", m.op("MatMul", m.quant("x"), m.weights(np.eye(4)))),
        folder=folder,
    )
    assert made.plan.graph.name == "a?" and Accelerator.load(folder).plan.graph.name == "a?"


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
        (Failing(), r"Failing: test_compile\.py line \d+: AttributeError: .*nonsense"),
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
