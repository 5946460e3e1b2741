"""Random faults and a soak, through the driver on the simulated board: a right answer or one error,
never a wrong one; the next call works.

``make proof`` does 10,000 and 100,000 of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from spikeloom import Accelerator
from spikeloom.driver import Accelerator as Driver
from spikeloom.driver.errors import BoardError, BufferFault, InputError
from spikeloom_sim.board import Fault, MemoryModel, SimulatedBoard, host, random_memory

from tests.sim.board.test_driver import emitted

IMAGES = 24
PATIENCE = 20_000
SLOW = MemoryModel(latency=(15_000, 19_000))
Rng = np.random.Generator


class Bench:
    """One accelerator on one board, with the answers to a pool of images. Opens it again when only
    that helps.
    """

    def __init__(self, accelerator: Accelerator, board: SimulatedBoard) -> None:
        self.board = board
        self.pool = np.random.default_rng(5).integers(0, 16, (IMAGES, 1, 4, 4)).astype(np.float32)
        self.answers = accelerator.golden(self.pool)
        self.driver = self.open()

    def open(self) -> Driver:
        return Driver(self.board.bitstream, buffer_bytes=100, patience=PATIENCE)

    def draw(self, rng: Rng) -> np.ndarray:
        return rng.integers(0, IMAGES, rng.integers(1, 13))

    def predict(self, rng: Rng) -> bool:
        """One call; whether its answer is right. Raises BoardError as the driver does."""
        chosen = self.draw(rng)
        x = self.pool[chosen].astype(np.uint8) if rng.random() < 0.5 else self.pool[chosen]
        return bool(np.array_equal(self.driver.predict(x), self.answers[chosen]))


def memory_fault(bench: Bench, rng: Rng) -> None:
    bench.board.memory(random_memory(int(rng.integers(1 << 30))))
    bench.board.inject(Fault(int(rng.integers(1, len(Fault) + 1))), int(rng.integers(0, 3)))


def slow_memory(bench: Bench, rng: Rng) -> None:
    bench.board.memory(SLOW)


def reset_within(bench: Bench, rng: Rng) -> None:
    """The fabric is reset at one of the register reads of the next call."""
    port, read, left = (
        bench.driver.loaded.port,
        bench.driver.loaded.port.read,
        [int(rng.integers(1, 40))],
    )

    def counted(name: str, index: int = 0) -> int:
        left[0] -= 1
        if left[0] == 0:
            port.read = read  # type: ignore[method-assign]
            bench.board.simulation.reset()
        return read(name, index)

    port.read = counted  # type: ignore[method-assign]


def start_within(bench: Bench, rng: Rng) -> None:
    """A second start while the job runs."""
    port, start = bench.driver.loaded.port, bench.driver.loaded.port.set

    def twice(name: str, *fields: str) -> None:
        start(name, *fields)
        if "start" in fields:
            port.set = start  # type: ignore[method-assign]
            start(name, *fields)

    port.set = twice  # type: ignore[method-assign]


def bad_buffer(bench: Bench, rng: Rng) -> None:
    into, out = bench.driver.allocate(4)
    kind = rng.integers(3)
    if kind == 0:
        into.freebuffer()
    with pytest.raises(BufferFault):
        bench.driver.run(into[:8] if kind == 1 else into[4:] if kind == 2 else into, out, 4)
    for buffer in (into, out)[int(kind == 0) :]:
        buffer.freebuffer()


def bad_input(bench: Bench, rng: Rng) -> None:
    x = bench.pool[:3]
    wrong = (x[:, :, :3], x[:0], x * np.nan, x.astype(np.int64) + 99, x.astype(str), x[0, 0, 0, 0])[
        rng.integers(6)
    ]
    with pytest.raises(InputError):
        bench.driver.predict(wrong)


KINDS: dict[Callable[[Bench, Rng], None], float] = {
    memory_fault: 0.6,
    slow_memory: 0.02,
    reset_within: 0.12,
    start_within: 0.1,
    bad_buffer: 0.08,
    bad_input: 0.08,
}


def heal(bench: Bench) -> None:
    """The fault is over; the board is opened again where the driver says that only this helps."""
    bench.board.repair()
    bench.board.memory(MemoryModel())
    port = bench.driver.loaded.port
    for name in ("read", "set"):
        vars(port).pop(name, None)


def one_run(bench: Bench, rng: Rng) -> str:
    """A fault, a call, the fault's end, another call; how the first one ended."""
    kind = list(KINDS)[rng.choice(len(KINDS), p=list(KINDS.values()))]
    kind(bench, rng)
    try:
        assert bench.predict(rng), f"{kind.__name__}: a wrong answer and no error"
        how = "right"
    except BoardError as error:
        assert len(str(error)) > 20 and "\n" not in str(error)
        how = type(error).__name__
    heal(bench)
    try:
        assert bench.predict(rng), f"{kind.__name__}: a wrong answer after {how}"
    except BoardError as error:
        assert "load the overlay again" in str(error), f"{kind.__name__}: {how}, then {error}"
        bench.driver = bench.open()
        assert bench.predict(rng)
        how += ", opened again"
    return f"{kind.__name__}: {how}"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that looks at least every thousand cycles: nearly all of a long run is waiting for
    what hangs.
    """
    monkeypatch.setattr(host, "LONGEST", 1000)


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory: pytest.TempPathFactory) -> Accelerator:
    return emitted(tmp_path_factory.mktemp("faults"))


def test_random_faults(
    accelerator: Accelerator,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    runs, seen = request.config.getoption("--fault-runs"), Counter[str]()
    rng = np.random.default_rng(request.config.getoption("--random-seed"))
    with SimulatedBoard(accelerator.folder) as board:
        bench = Bench(accelerator, board)
        for _ in range(runs):
            seen[one_run(bench, rng)] += 1
    record_property("fault runs", dict(seen))
    assert sum(seen.values()) == runs


def test_soak(accelerator: Accelerator, request: pytest.FixtureRequest) -> None:
    left = request.config.getoption("--soak-images")
    rng = np.random.default_rng(3 + request.config.getoption("--random-seed"))
    with SimulatedBoard(accelerator.folder) as board:
        bench = Bench(accelerator, board)
        while left > 0:
            board.memory(
                random_memory(int(rng.integers(1 << 30))) if rng.random() < 0.5 else MemoryModel()
            )
            chosen = rng.integers(0, IMAGES, min(left, 1000))
            assert np.array_equal(bench.driver.predict(bench.pool[chosen]), bench.answers[chosen])
            left -= len(chosen)
