"""The measurement: what is counted, what follows from it, and its three faces: JSON, text, page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console
from spikeloom.cli import console as screen
from spikeloom.driver import environment, power
from spikeloom.driver.errors import MismatchError
from spikeloom.driver.figures import Rail, StageFigures, StreamFigures, Traffic
from spikeloom.driver.measurement import SCHEMA, Measurement, tables
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.figures import Spread
from spikeloom.report import measured

from tests.sw.driver.conftest import Maker
from tests.sw.driver.fake import LATENCY, NAMES, manifest


@pytest.fixture
def measurement(make: Maker, words: np.ndarray) -> Measurement:
    return make()[0].measure(words)


@pytest.fixture
def on_board(make: Maker, words: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Measurement:
    """As from a real board with two rails."""
    monkeypatch.setattr(environment, "check_root", lambda: None)
    monkeypatch.setattr(power, "LEAST_SECONDS", 0.05)
    monkeypatch.setattr(power, "INTERVAL", 0.002)
    sensor = SimpleNamespace(value=2.5)
    rails = {
        "INT": SimpleNamespace(power=sensor),
        "12V": SimpleNamespace(power=None, voltage=SimpleNamespace(value=12.0), current=sensor),
    }
    return make(simulated=False, rails={**rails, "temp": SimpleNamespace()})[0].measure(
        words, power_seconds=0.05
    )


def test_latency_interval_and_jobs(measurement: Measurement) -> None:
    m = measurement
    assert m.source == "simulated" and m.images == 70 and m.clock_mhz == 50 and m.network == "fake"
    assert m.latencies == tuple(LATENCY + k for k in (*range(41), *range(29)))
    assert m.latency == Spread.of(m.latencies) and m.start_to_done == Spread(
        100, 100, 100, 100, 100.0
    )
    assert m.interval is not None and m.interval.mean == 100 and m.stream_cycles == 7000
    assert m.frames_per_second == pytest.approx(70 / (7000 / 50e6))


def test_spikes_and_operations(measurement: Measurement, words: np.ndarray) -> None:
    m = measurement
    (x,) = m.streams
    planes = np.array([(words >> t & 1).sum() for t in (3, 2, 1, 0)])
    assert (x.words, x.spikes, x.nonzero) == (words.size, tuple(planes), np.count_nonzero(words))
    assert x.sparsity == tuple(1 - planes / words.size) and x.zero_values == pytest.approx(
        (words == 0).mean()
    )
    assert x.firing_rate == planes.sum() / (4 * words.size)
    assert (
        m.stream
        == m.single
        == (StageFigures("a", 770, 4200, 2800, 0), StageFigures("b", 350, 2100, 0, 4900))
    )
    assert m.synaptic_per_image == 16 and m.synaptic_per_second == pytest.approx(
        16 * m.frames_per_second
    )


def test_bytes_and_passes(measurement: Measurement) -> None:
    """Two jobs, each rounded up to whole memory words."""
    assert measurement.input == Traffic(8 * (62 + 44), 7, None)
    assert measurement.output == Traffic(8 * (103 + 73), 2, None)


def test_residual_operations_belong_to_the_layer(make: Maker, words: np.ndarray) -> None:
    names = (*NAMES, "x.nonzero", *(f"x.spikes[{t}]" for t in range(4)), "b.skip.synaptic")
    accelerator, board = make(manifest(counters={name: k for k, name in enumerate(names)}))
    count = board.shell.count

    def with_skip(images: np.ndarray) -> None:
        count(images)
        board.shell.counts["b.skip.synaptic"] += 3 * len(images)

    board.shell.count = with_skip  # type: ignore[method-assign]
    assert accelerator.measure(words).stream[1].synaptic == 8 * len(words)


def test_one_image_has_no_interval(make: Maker, words: np.ndarray) -> None:
    m = make()[0].measure(words[:1])
    assert m.interval is None and m.latency.max == LATENCY and len(tables(m)[0].rows) == 2


def test_progress_is_told(make: Maker, words: np.ndarray) -> None:
    seen: list[tuple[str, int, int]] = []
    make()[0].measure(words, progress=lambda *state: seen.append(state))
    assert seen[:3] == [("single", 0, 70), ("single", 41, 70), ("single", 70, 70)]
    assert {what for what, _, _ in seen} == {"single", "stream", "alone"} and seen[-1] == (
        "alone",
        32,
        32,
    )


def test_log_and_registers_must_agree(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    value = board.shell.value
    board.shell.value = lambda name: value(name) + (name == "latency_sum")  # type: ignore[method-assign]
    with pytest.raises(MismatchError, match="latency: the log says"):
        accelerator.measure(words)


def test_both_ways_of_running_must_agree(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    count = board.shell.count

    def wrong(images: np.ndarray) -> None:
        count(images)
        board.shell.counts["x.spikes[2]"] += board.shell.values["settings"]

    board.shell.count = wrong  # type: ignore[method-assign]
    with pytest.raises(MismatchError, match="other results or spikes"):
        accelerator.measure(words)


def test_a_board_has_host_time_and_power(on_board: Measurement) -> None:
    m = on_board
    assert m.source == "board" and m.host is not None and 0 < m.host.min <= m.host.max
    assert m.input.seconds is not None and m.output.seconds is not None and m.power_reason == ""
    assert m.power is not None and m.power.samples > 1
    assert m.power.rails == (
        Rail("INT", pytest.approx(2.5), pytest.approx(2.5)),
        Rail("12V", pytest.approx(30), pytest.approx(30)),
    )
    assert any("rail" in table.heads for table in tables(m)) and "host, wall clock" in repr(m)


def test_the_power_loop_is_no_shorter_than_ten_seconds(
    make: Maker, words: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "check_root", lambda: None)
    asked: list[float] = []
    monkeypatch.setattr(power, "measure", lambda found, work, seconds: asked.append(seconds))
    rails = {"INT": SimpleNamespace(power=SimpleNamespace(value=1.0))}
    m = make(simulated=False, rails=rails)[0].measure(words, power_seconds=1)
    assert (
        asked == [10.0] and m.power is None and m.power_reason == "a power sensor could not be read"
    )


@pytest.mark.parametrize(
    ("board", "says"),
    [("pynq-z2", "the PYNQ-Z2 has no power sensors"), ("zcu104", "found no power sensor")],
)
def test_no_sensors_is_said(
    make: Maker, words: np.ndarray, monkeypatch: pytest.MonkeyPatch, board: str, says: str
) -> None:
    monkeypatch.setattr(environment, "check_root", lambda: None)
    m = make(manifest(board=board), simulated=False)[0].measure(words)
    assert m.power is None and says in m.power_reason and says in repr(m)


def test_a_simulation_never_shows_power_or_host_time(measurement: Measurement) -> None:
    text = json.dumps(measurement.to_dict())
    data = json.loads(text)
    assert (
        data["host"]
        is data["power"]
        is data["input"]["seconds"]
        is data["output"]["seconds"]
        is None
    )
    assert "simulated" in data["power_reason"]
    for wrong in ({"host": measurement.latency}, {"input": Traffic(1, 1, 0.5)}):
        with pytest.raises(SpikeLoomError, match="no host time and no power"):
            replace(measurement, **wrong)
    with pytest.raises(SpikeLoomError, match="board or simulated"):
        replace(measurement, source="guessed")


def test_there_and_back(measurement: Measurement, on_board: Measurement, tmp_path: Path) -> None:
    for m in (measurement, on_board, replace(measurement, interval=None)):
        m.save(tmp_path / "measure.json")
        assert Measurement.load(tmp_path / "measure.json") == m
    data = json.loads((tmp_path / "measure.json").read_text(encoding="utf-8"))
    assert (
        data["schema"] == SCHEMA and data["source"] == "simulated" and len(data["identity"]) == 64
    )
    assert (
        data["latency[us]"]["max"] == measurement.latency.max / 50
        and data["streams"][0]["firing_rate"] > 0
    )


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"schema": 99}',
        '{"schema": 1, "latency": {"p50": 3}}',
        '{"schema": 2}',
        "{",
        '{"schema": 2, "source": "board"}',
    ],
)
def test_files_that_are_no_measurement(tmp_path: Path, text: str) -> None:
    (tmp_path / "measure.json").write_text(text, encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="measure.json: expected a measurement"):
        Measurement.load(tmp_path / "measure.json")


def test_the_screen_fits_eighty_columns(
    on_board: Measurement, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "backbone.blocks.11.depthwise_convolution.neuron"
    m = replace(
        on_board,
        network=long,
        streams=tuple(
            StreamFigures(long, 10**7, (10**6,) * planes, 10**6) for planes in (1, 16, 4)
        ),
        stream=(StageFigures(long, 10**9, 10**9, 10**9, 10**9),),
        input=Traffic(10**10, 22, 0.9999),
        input_wait=10**8,
        latency=Spread(10**7, 10**7, 10**7, 10**7, 10**7),
    )
    assert all(len(line) <= 80 for line in repr(m).splitlines()), max(repr(m).splitlines(), key=len)
    console = Console(width=80, record=True, file=StringIO())
    monkeypatch.setattr(screen, "console", console)
    screen.show(tables(m))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    assert "not set" in text and "12V" in text and "90 90 90" in " ".join(text.split())


def test_a_notebook_shows_tables(measurement: Measurement) -> None:
    assert measurement._repr_html_().count("<table>") == 4


def test_the_page_is_self_contained(measurement: Measurement, on_board: Measurement) -> None:
    page = measured.render(replace(measurement, network="<script>alert(1)</script>"))
    assert (
        page.count("<svg") == 3
        and "<script" not in page
        and not re.search(r'(src|href)="(?!#|data:)', page)
    )
    assert (
        "Measured on a simulated pynq-z2" in page
        and "None: simulated" in page
        and "host, wall clock" not in page
    )
    assert page == measured.render(replace(measurement, network="<script>alert(1)</script>"))
    page = measured.render(on_board)
    assert (
        "Measured on a pynq-z2 at 50 MHz" in page and "host, wall clock" in page and "12V" in page
    )
