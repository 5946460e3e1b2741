"""The board's driver on the top of the open flow: processing system, bridges, shell and network;
the same answers, and the same figures.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from spikeloom import Accelerator
from spikeloom.driver import Accelerator as Driver
from spikeloom.driver import errors
from spikeloom_sim.board import BoardError, Fault, SimulatedBoard, random_memory

from tests.sim.board.test_driver import emitted

PATIENCE = 30_000

ADDED = 4
"""Cycles between start and done that the bridge to memory adds: one for a read request, read data,
a write and its response each.
"""


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory: pytest.TempPathFactory) -> Accelerator:
    return emitted(tmp_path_factory.mktemp("ps7"))


@pytest.fixture
def x(accelerator: Accelerator) -> np.ndarray:
    return np.load(accelerator.folder / "test_x.npy")


@pytest.fixture
def board(accelerator: Accelerator) -> Iterator[SimulatedBoard]:
    with SimulatedBoard(accelerator.folder, top="ps7_top", optimise="-O0") as board:
        yield board


def test_outputs_are_the_golden_models_under_random_memories(
    accelerator: Accelerator, board: SimulatedBoard, x: np.ndarray
) -> None:
    expected = accelerator.golden(x)
    with Driver(board.bitstream, buffer_bytes=100) as driver:
        assert np.array_equal(driver.predict(x), expected)
        for seed in range(15):
            board.memory(random_memory(seed))
            assert np.array_equal(driver.predict(x), expected)


def test_figures_are_those_of_the_shell_alone(
    accelerator: Accelerator, board: SimulatedBoard, x: np.ndarray
) -> None:
    """What happens inside the network takes no other time below the bridges; from start to done it
    takes ``ADDED`` cycles more.
    """
    with Driver(board.bitstream) as driver:
        found = driver.measure(x)
    with (
        SimulatedBoard(accelerator.folder, optimise="-O0") as alone,
        Driver(alone.bitstream) as driver,
    ):
        expected = driver.measure(x)
    assert found.latencies == expected.latencies and found.interval == expected.interval
    assert (found.single, found.stream, found.streams) == (
        expected.single,
        expected.stream,
        expected.streams,
    )
    assert found.start_to_done.min == expected.start_to_done.min + ADDED
    assert board.traffic.errors == 0


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault.READ_SLVERR, "a read with SLVERR"),
        (Fault.READ_DECERR, "a read with DECERR"),
        (Fault.WRITE_SLVERR, "a write with SLVERR"),
        (Fault.WRITE_DECERR, "a write with DECERR"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_errors_of_memory_pass_the_bridge(
    accelerator: Accelerator, board: SimulatedBoard, x: np.ndarray, fault: Fault, says: str
) -> None:
    with Driver(board.bitstream, patience=PATIENCE) as driver:
        board.inject(fault)
        with pytest.raises(errors.BusError, match=says):
            driver.predict(x)
        board.repair()
        assert np.array_equal(driver.predict(x), accelerator.golden(x))


def test_memory_that_breaks_its_rules_is_noticed(
    accelerator: Accelerator, board: SimulatedBoard, x: np.ndarray
) -> None:
    with Driver(board.bitstream, patience=PATIENCE) as driver:
        board.inject(Fault.LAST_EARLY)
        with pytest.raises(errors.ProtocolError, match="broke the rules"):
            driver.predict(x)


def test_a_top_that_is_not_there(accelerator: Accelerator) -> None:
    with pytest.raises(BoardError, match="top: expected one of shell, ps7_top, got 'top'"):
        SimulatedBoard(accelerator.folder, top="top")
    path = accelerator.folder / "rtl" / "ps7_top.v"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    with pytest.raises(BoardError, match=r"ps7_top\.v: expected an emitted network, found none"):
        SimulatedBoard(accelerator.folder, top="ps7_top")
    path.write_text(text, encoding="utf-8")
