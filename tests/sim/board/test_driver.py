"""The driver on the simulated board, through pynq's own classes: numbers and cycles as the models
say, faults, deployed folders.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pynq
import pytest
from spikeloom import Accelerator, compile
from spikeloom.cli import main
from spikeloom.driver import Accelerator as Driver
from spikeloom.driver import errors
from spikeloom.driver.measurement import Measurement
from spikeloom.driver.words import Images
from spikeloom.frontend.onnx.write import write_model
from spikeloom.ir import golden
from spikeloom.mapping import cycle_model
from spikeloom_sim.board import Fault, MemoryModel, SimulatedBoard, deployed

from tests.sw.small_network import network

IMAGES = 12
PATIENCE = 30_000


def emitted(folder: Path, board: str = "pynq-z2") -> Accelerator:
    """Compiled and emitted, with a test set beside it."""
    write_model(network(), folder / "model.onnx")
    x = np.random.default_rng(1).integers(0, 16, (IMAGES, 1, 4, 4)).astype(np.float32)
    made = compile(folder / "model.onnx", board, calibration=x, folder=folder)
    np.save(folder / "test_x.npy", x)
    made.emit()
    return made


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory: pytest.TempPathFactory) -> Accelerator:
    return emitted(tmp_path_factory.mktemp("board"))


@pytest.fixture
def x(accelerator: Accelerator) -> np.ndarray:
    return np.load(accelerator.folder / "test_x.npy")


@pytest.fixture
def board(accelerator: Accelerator) -> Iterator[SimulatedBoard]:
    with SimulatedBoard(accelerator.folder) as board:
        yield board


@pytest.fixture
def driver(board: SimulatedBoard) -> Iterator[Driver]:
    with Driver(board.bitstream, buffer_bytes=100, patience=PATIENCE) as driver:
        yield driver


def test_outputs_are_the_golden_models(
    accelerator: Accelerator, driver: Driver, x: np.ndarray
) -> None:
    expected = accelerator.golden(x)
    y, seconds, rate = driver.predict(x, profile=True)
    assert np.array_equal(y, expected) and np.array_equal(
        driver.predict(x.astype(np.uint8)), expected
    )
    assert np.array_equal(
        driver.execute(x), golden.integers(accelerator.plan.graph, accelerator.words(x))[:, :, 0, 0]
    )
    assert (
        rate == pytest.approx(IMAGES / seconds)
        and driver.source == "simulated"
        and driver.clock_mhz == pytest.approx(100)
    )


def test_measurement_is_what_the_models_say(
    accelerator: Accelerator, board: SimulatedBoard, x: np.ndarray
) -> None:
    """With ideal memory every latency, interval and counter is the cycle model's, and every spike
    the golden model's.
    """
    with Driver(board.bitstream) as driver:
        m = driver.measure(x)
    words = accelerator.words(x)
    alone, full = (
        cycle_model.simulate(accelerator.plan, words, mode)
        for mode in (cycle_model.ONE_AT_A_TIME, cycle_model.BACK_TO_BACK)
    )
    assert m.latencies == tuple(alone.latency)
    for stage in m.single:
        model = alone.stages[stage.name]
        assert (stage.busy, stage.stalled, stage.starved, stage.synaptic) == (
            model.busy,
            model.stalled,
            model.starved,
            model.synaptic,
        )
    for stream in m.streams:
        assert (
            stream.spikes == tuple(full.streams[stream.name].spikes)
            and stream.nonzero == full.streams[stream.name].nonzero
        )
    assert [stage.synaptic for stage in m.stream] == [
        full.stages[stage.name].synaptic for stage in m.stream
    ]
    assert (
        m.interval is not None
        and m.start_to_done.min > m.latency.min
        and m.host is None
        and m.power is None
    )
    if m.input_wait == 0 == m.output_wait:
        assert m.interval.mean == full.intervals.mean()


def test_the_other_board(x: np.ndarray, tmp_path: Path) -> None:
    """128 bits of memory, 40 of address, another processing system: the driver is the same."""
    made = emitted(tmp_path, "zcu104")
    with made.board() as driver:
        assert np.array_equal(
            driver.predict(x), made.golden(x)
        ) and driver.clock_mhz == pytest.approx(250, rel=0.01)
        assert driver.measure(x[:4]).board == "zcu104" and driver.manifest.memory_width == 128


FAULTS = {
    Fault.READ_SLVERR: (errors.BusError, "a read with SLVERR"),
    Fault.READ_DECERR: (errors.BusError, "a read with DECERR"),
    Fault.WRITE_SLVERR: (errors.BusError, "a write with SLVERR"),
    Fault.WRITE_DECERR: (errors.BusError, "a write with DECERR"),
    Fault.READ_CLOSED: (errors.MemoryHangError, "cannot be reset"),
    Fault.WRITE_CLOSED: (errors.MemoryHangError, "cannot be reset"),
    Fault.READ_SILENT: (errors.MemoryHangError, "cannot be reset"),
    Fault.WRITE_SILENT: (errors.MemoryHangError, "cannot be reset"),
    Fault.LAST_EARLY: (errors.ProtocolError, "broke the rules"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_faults_of_memory_end_in_one_error(
    accelerator: Accelerator, board: SimulatedBoard, driver: Driver, x: np.ndarray, fault: Fault
) -> None:
    kind, says = FAULTS[fault]
    board.inject(fault)
    with pytest.raises(kind, match=says):
        driver.predict(x)
    board.repair()
    if "cannot be reset" in says:  # only loading it anew helps, and the message says so
        driver = Driver(board.bitstream, patience=PATIENCE)
    assert np.array_equal(driver.predict(x), accelerator.golden(x))


def test_memory_a_thousand_times_slower(
    accelerator: Accelerator, board: SimulatedBoard, driver: Driver, x: np.ndarray
) -> None:
    board.memory(MemoryModel(latency=(20_000, 25_000)))
    assert np.array_equal(driver.predict(x[:3]), accelerator.golden(x[:3]))


def test_a_start_while_busy_is_ignored(
    accelerator: Accelerator, driver: Driver, x: np.ndarray
) -> None:
    driver.predict(x)
    into, out, port = driver.buffers.input, driver.buffers.output, driver.loaded.port
    start, seen = driver.loaded.port.set, []

    def twice(name: str, *fields: str) -> None:
        start(name, *fields)
        if "start" in fields:
            start(name, *fields)
            seen.append("start_while_busy" in port.flags("error"))

    port.set = twice  # type: ignore[method-assign]
    driver.fill(Images(x, driver.manifest.input), 0, 2)
    assert driver.run(into, out, 2).images == 2 and seen == [True]
    out.sync_from_device()
    assert np.array_equal(driver.real(driver.results(2)), accelerator.golden(x[:2]))


def test_a_reset_in_the_middle_of_an_image(
    accelerator: Accelerator, board: SimulatedBoard, driver: Driver, x: np.ndarray
) -> None:
    read, port = driver.loaded.port.read, driver.loaded.port

    def reset(name: str, index: int = 0) -> int:
        if name == "words_read":
            port.read = read  # type: ignore[method-assign]
            board.simulation.reset()
        return read(name, index)

    port.read = reset  # type: ignore[method-assign]
    with pytest.raises(errors.ResetError, match="reset while the job ran"):
        driver.predict(x)
    assert np.array_equal(driver.predict(x), accelerator.golden(x))


def test_freed_buffers_are_refused_before_the_fabric_sees_them(driver: Driver) -> None:
    into, out = driver.allocate(2)
    assert isinstance(into, pynq.buffer.PynqBuffer)
    into.freebuffer()
    with pytest.raises(errors.BufferFault, match="was freed"):
        driver.run(into, out, 2)


def test_manifest_of_another_network(
    accelerator: Accelerator, board: SimulatedBoard, tmp_path: Path
) -> None:
    text = (accelerator.folder / "manifest.json").read_text(encoding="utf-8")
    (tmp_path / "manifest.json").write_text(
        text.replace('"limit_cycles": ', '"limit_cycles": 1'), encoding="utf-8"
    )
    with pytest.raises(errors.MismatchError, match="another network"):
        Driver(board.bitstream, tmp_path / "manifest.json")


def test_measure_command(
    accelerator: Accelerator, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = accelerator.folder
    assert main.run(["measure", str(folder), "--images", "5"]) == 0
    screen = capsys.readouterr().out
    assert "No PYNQ board here" in screen and "start to done" in screen and "measure.html" in screen
    measured = Measurement.load(folder / "measure.json")
    assert (
        measured.images == 5
        and measured.source == "simulated"
        and "<svg" in (folder / "measure.html").read_text(encoding="utf-8")
    )
    (folder / "measure.json").rename(tmp_path / "mine.json")
    assert main.run(["measure", str(folder), "--from", str(tmp_path / "mine.json")]) == 0
    assert Measurement.load(folder / "measure.json") == measured
    (tmp_path / "mine.json").write_text(
        json.dumps({**measured.to_dict(), "identity": "0" * 64}), encoding="utf-8"
    )
    capsys.readouterr()
    assert main.run(["measure", str(folder), "--from", str(tmp_path / "mine.json")]) == 2
    assert "found one of another network" in capsys.readouterr().err


@pytest.fixture(scope="module")
def folder(accelerator: Accelerator) -> Path:
    assert main.run(["deploy", str(accelerator.folder)]) == 0
    return accelerator.folder / "deploy"


def test_selftest_of_a_deployed_folder(
    accelerator: Accelerator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployed.run(folder, accelerator.folder) == 0
    out = capsys.readouterr().out
    assert (
        f"passed: {IMAGES} images, every output and every spike count as expected" in out
        and "start to done" in out
    )


def test_selftest_names_the_first_wrong_layer(
    accelerator: Accelerator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "expected.json"
    text = path.read_text(encoding="utf-8")
    data = json.loads(text)
    data["streams"][1]["spikes"][1] += 1
    try:
        path.write_text(json.dumps(data), encoding="utf-8")
        assert deployed.run(folder, accelerator.folder) == 1
    finally:
        path.write_text(text, encoding="utf-8")
    assert (
        "selftest: spikes differ first at layer conv, plane 2: expected" in capsys.readouterr().err
    )


def test_notebook_of_a_deployed_folder(
    accelerator: Accelerator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cells run one after the other, on a copy."""
    cells = json.loads(next(folder.glob("*.ipynb")).read_text(encoding="utf-8"))["cells"]
    lines = ["import os, pathlib", "os.chdir(pathlib.Path(__file__).parent)"]
    lines += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    monkeypatch.chdir(folder)
    (folder / "cells.py").write_text("\n".join(lines), encoding="utf-8")
    try:
        assert deployed.run(folder, accelerator.folder, "cells.py") == 0
    finally:
        (folder / "cells.py").unlink()
