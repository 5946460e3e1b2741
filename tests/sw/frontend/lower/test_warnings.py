"""What compiles all the same but should be known: neurons that never change, large tables; and
tables that a board has no room for.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom import compile
from spikeloom.cli import main
from spikeloom.errors import CapacityError
from spikeloom.frontend import lower
from spikeloom.frontend.importers import compile_file
from spikeloom.frontend.onnx import lif_operator, read
from spikeloom.interface.boards import BOARDS
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Thresholds
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.search.schedule import admit

from tests.sw.frontend.onnx.models import QONNX, Model


def mlp(path: Path, steps: int, scale: float, *, bits: int = 4, outputs: int = 12) -> Path:
    """16 words -> Quant of ``steps`` bits, any scale in every channel -> 3 sums."""
    rng = np.random.default_rng(0)
    m = Model(1, 16)
    scales = rng.uniform(0.1, 0.12, (1, outputs)).astype(np.float32)
    x = m.op(
        "MatMul", m.quant(m.input, 1.0, bits), m.weights(rng.integers(-7, 8, (16, outputs)), scales)
    )
    y = m.quant(x, np.float32(scale), steps)
    return m.save(path, m.op("MatMul", y, m.weights(rng.integers(-1, 2, (outputs, 3)))))


def one_bit(path: Path, relu: bool = True) -> Path:
    """A one-bit quantizer as Brevitas exports it: Relu, then BipolarQuant."""
    m = Model(1, 4)
    x = m.op("MatMul", m.quant(m.input, 1.0, 4), m.weights(np.arange(-6, 6).reshape(4, 3)))
    y = m.op("BipolarQuant", m.op("Relu", x) if relu else x, 0.5, domain=QONNX)
    return m.save(path, m.op("MatMul", y, m.weights(np.eye(3))))


def test_one_bit_behind_a_relu_is_constant(tmp_path: Path) -> None:
    (note,) = read(one_bit(tmp_path / "m.onnx")).notes
    assert (
        note.startswith(
            "MatMul2: all 3 neurons of BipolarQuant4 cannot change, 0.5 whatever comes in; "
        )
        and "2 bits or more" in note
    )
    assert read(one_bit(tmp_path / "m.onnx", relu=False)).notes == ()


def test_constant_channels_are_counted_and_listed(tmp_path: Path) -> None:
    m = Model(1, 4)
    weight = np.ones((4, 12))
    weight[:, [2, 7]] = 0
    x = m.op("MatMul", m.quant(m.input, 1.0, 4), m.weights(weight))
    (note,) = read(
        m.save(tmp_path / "m.onnx", m.quant(m.op("Add", x, np.float32([1.0])), 1.0, 4))
    ).notes
    assert note.startswith(
        "MatMul2: 2 of 12 neurons (channels 2, 7) of Quant4 cannot change, 1 whatever comes in; "
    )


@pytest.mark.parametrize(("theta", "silent"), [(57.0, False), (60.0, False), (61.0, True)])
def test_a_spiking_neuron_that_can_never_fire(theta: float, silent: bool, tmp_path: Path) -> None:
    """At most 3 a step, over 20 time steps."""
    m = Model(1, 4, 3)
    x = m.op("MatMul", m.input, m.weights(np.ones((3, 2))))
    spikes = m.lif(lif_operator.form(4, 0, True, floor=False), x, theta / 5)
    notes = read(
        m.save(tmp_path / "m.onnx", m.op("ReduceSum", spikes, m.const([1], np.int64), keepdims=0))
    ).notes
    assert [note.split(";")[0] for note in notes] == [
        "MatMul1: all 2 neurons of LIF_T4_K0_hard_real2 can never fire"
    ] * silent


def test_notes_reach_every_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = one_bit(tmp_path / "m.onnx")
    assert main.run(["compile", str(model), "-o", str(tmp_path / "net")]) == 0
    assert "\nwarning: MatMul2: all 3 neurons" in capsys.readouterr().out
    assert plan_file.load(tmp_path / "net").graph.notes == read(model).notes
    one_bit(tmp_path / "net" / "trained.onnx")
    assert main.run(["export", str(tmp_path / "net")]) == 0
    assert "\nwarning: MatMul2: all 3 neurons" in capsys.readouterr().out
    accelerator = compile(model)
    assert accelerator.notes == read(model).notes
    assert (
        "warning: MatMul2: all 3 neurons" in repr(accelerator)
        and "<p>warning: MatMul2: all 3 neurons" in accelerator._repr_html_()
    )


def test_a_plan_without_notes_can_be_read(tmp_path: Path) -> None:
    compile(one_bit(tmp_path / "m.onnx"), folder=tmp_path / "net")
    plan = tmp_path / "net" / plan_file.PLAN_FILE
    plan.write_text(
        "\n".join(
            line for line in plan.read_text().splitlines() if "whatever comes in" not in line
        ),
        encoding="utf-8",
    )
    assert plan_file.load(tmp_path / "net").graph.notes == ()


def test_a_large_table_is_explained(tmp_path: Path) -> None:
    m = Model(1, 4)
    x = m.op("MatMul", m.quant(m.input, 1.0, 8), m.weights(np.arange(-20, 20).reshape(4, 10)))
    table = np.sort(np.random.default_rng(0).integers(-9000, 9000, (1, 1023)), axis=1)
    kinds: dict[str, object] = {"domain": QONNX, "out_dtype": "UINT10", "data_layout": "NC"}
    (note,) = compile(
        m.save(tmp_path / "m.onnx", m.op("MultiThreshold", x, table, **kinds)), board="zcu104"
    ).notes
    assert note.startswith(
        "MatMul2: MultiThreshold3 became a table of 10 x 1023 thresholds, about "
    )
    assert (
        "since no evenly spaced thresholds take exactly its steps" in note
        and "power_of_two=True" in note
    )
    few = m.op("MultiThreshold", x, table[:, ::64], **kinds)
    assert (
        compile_file(m.save(tmp_path / "m.onnx", few)).proofs[0].method == "table"
        and read(tmp_path / "m.onnx").notes == ()
    )


def test_a_table_without_room_is_refused_before_the_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreached(*_: object) -> None:
        raise AssertionError("proven before it was known to fit")

    monkeypatch.setattr(lower, "prove", unreached)
    model = mlp(tmp_path / "wide.onnx", 15, 9.37, bits=16)
    assert main.run(["compile", str(model), "-o", str(tmp_path / "net")]) == 2
    error = capsys.readouterr().err
    assert (
        error.startswith(
            f"spikeloom: {model}: MatMul2: its table of 12 x 32767 thresholds is estimated at "
        )
        and error.count("\n") == 1
    )
    assert "may be used of pynq-z2" in error and "power_of_two=True" in error
    assert not (tmp_path / "net").exists()


def test_a_large_network_with_a_small_table_is_not_the_tables_fault() -> None:
    zero = np.zeros(1024, dtype=np.int64)
    neuron = Thresholds(Code(2), np.array([[1, 2, 30]]).repeat(1024, axis=0))
    weight = (np.arange(1024 * 2048) % 15 - 7).reshape(1024, 2048, 1, 1)
    layer = Layer("fc", "x", weight, neuron, zero, zero, zero)
    with pytest.raises(
        CapacityError, match="^the smallest plan is estimated at .* LUT and .* RAMB18"
    ):
        admit(Graph("wide", (Input("x", (2048, 1, 1), (2048,), Code(4)), layer)), "pynq-z2")


@pytest.mark.parametrize(
    ("short", "text"), [("ff", "registers"), ("bram36", "RAMB18"), ("uram", "UltraRAM")]
)
def test_tables_are_not_blamed_for_another_resource(
    short: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the tables alone are too many LUTs, the network would not fit without them."""
    zero = np.zeros(12, dtype=np.int64)
    neuron = Thresholds(Code(12), np.arange(4095)[None].repeat(12, axis=0) * 3)
    layer = Layer("fc", "x", np.ones((12, 8, 1, 1), dtype=np.int64), neuron, zero, zero, zero)
    graph = Graph("tables", (Input("x", (8, 1, 1), (8,), Code(4)), layer))
    board = replace(BOARDS["pynq-z2"], lut=8000)
    monkeypatch.setitem(BOARDS, "pynq-z2", board)
    with pytest.raises(
        CapacityError, match="^fc: its table of 12 x 4095 thresholds is estimated at"
    ):
        admit(graph, "pynq-z2")
    monkeypatch.setitem(BOARDS, "pynq-z2", replace(board, **{short: -2}))
    with pytest.raises(
        CapacityError,
        match=rf"^the smallest plan is estimated at .* \d+ LUT of \d+ and .*\d+ {text} of",
    ):
        admit(graph, "pynq-z2")
