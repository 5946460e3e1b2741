"""Whatever goes wrong in a job ends in one clear error, and the next call works."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from spikeloom.driver import errors
from spikeloom.driver.errors import BoardError
from spikeloom.interface.registers import register

from tests.sw.driver.conftest import Maker, answer
from tests.sw.driver.fake import Shell

BITS = {
    "read_slverr": (errors.BusError, "a read with SLVERR"),
    "read_decerr": (errors.BusError, "a read with DECERR"),
    "write_slverr": (errors.BusError, "a write with SLVERR"),
    "write_decerr": (errors.BusError, "a write with DECERR"),
    "protocol": (errors.ProtocolError, "broke the rules"),
    "start_while_busy": (errors.BusyError, "one program at a time"),
    "misaligned": (errors.BufferFault, "not aligned"),
    "stuck": (errors.HangError, "watchdog"),
    "underrun": (errors.StreamError, "not complete"),
    "overrun": (errors.StreamError, "left over"),
    "no_weights": (errors.JobError, "load weights again"),
}


def failed(kind: type[BoardError], call: object, *arguments: object) -> BoardError:
    with pytest.raises(kind) as caught:
        call(*arguments)  # type: ignore[operator]
    assert type(caught.value) is kind and "\n" not in str(caught.value)
    return caught.value


def test_every_error_bit_is_known() -> None:
    assert set(BITS) == {field.name for field in register("error").fields}


@pytest.mark.parametrize("bit", sorted(BITS))
def test_errors_of_the_shell(make: Maker, words: np.ndarray, bit: str) -> None:
    accelerator, board = make()
    kind, says = BITS[bit]
    board.shell.fault = bit
    error = failed(kind, accelerator.predict, words)
    assert (
        says in str(error)
        and "fake: 1 of 41 images of the job were done" in str(error)
        and error.images_done == 1
    )
    assert board.shell.values["error"] == 0
    assert np.array_equal(accelerator.execute(words), answer(words))


def test_images_of_earlier_jobs_count_as_done(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    start, shell = board.shell.start, board.shell

    def second_fails() -> None:
        start()
        shell.fault = "read_slverr" if len(shell.starts) == 2 else ""

    shell.start = second_fails  # type: ignore[method-assign]
    assert failed(errors.BusError, accelerator.predict, words).images_done == 41 + 1


def test_a_hang_names_the_layer(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    board.shell.fault = "hang"
    error = failed(errors.HangError, accelerator.predict, words)
    assert "nothing moved for 20000 cycles" in str(
        error
    ) and "look behind a (a stalled, b busy)" in str(error)
    board.shell.fault = ""
    assert np.array_equal(accelerator.execute(words), answer(words))


@pytest.mark.parametrize(
    ("fault", "says"),
    [("memory", "does not answer reads, 0 of 62 words came"), ("writes", "takes no writes")],
)
def test_memory_that_stands_still(make: Maker, words: np.ndarray, fault: str, says: str) -> None:
    accelerator, board = make()
    board.shell.fault = fault
    assert says in str(failed(errors.MemoryHangError, accelerator.predict, words))
    board.shell.fault = ""
    assert np.array_equal(accelerator.execute(words), answer(words))


def test_transfers_that_are_never_answered(make: Maker, words: np.ndarray) -> None:
    """Such an engine cannot be reset: every call says so, until memory answers."""
    accelerator, board = make()
    board.shell.fault = "draining"
    for _ in range(2):
        assert "so the engine cannot be reset" in str(
            failed(errors.MemoryHangError, accelerator.predict, words)
        )
    board.shell.fault, board.shell.left = "", 0
    assert np.array_equal(accelerator.execute(words), answer(words))


def test_a_clock_that_stands_still(
    make: Maker, words: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spikeloom.driver.port.POLLS", 50)
    accelerator, board = make()
    board.shell.fault = "clock"
    assert "clock of the fabric stands still" in str(
        failed(errors.HangError, accelerator.predict, words)
    )


@pytest.mark.parametrize(
    ("fault", "kind"), [("reset", errors.ResetError), ("aborted", errors.JobError)]
)
def test_a_reset_or_abort_by_others(
    make: Maker, words: np.ndarray, fault: str, kind: type[BoardError]
) -> None:
    accelerator, board = make()
    board.shell.fault = fault
    failed(kind, accelerator.predict, words)
    assert np.array_equal(accelerator.execute(words), answer(words))


def test_a_reset_that_sets_the_clock_back(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make(patience=10**9)
    shell, status = board.shell, board.shell.status
    shell.fault = "hang"

    def back() -> int:
        if shell.cycle > 20_000:
            shell.cycle = 0
        return status()

    shell.status = back  # type: ignore[method-assign]
    assert "reset while a job ran" in str(failed(errors.ResetError, accelerator.predict, words))


def test_anothers_job_is_left_alone(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    board.shell.end = float("inf")
    assert "a job of another program runs" in str(
        failed(errors.BusyError, accelerator.predict, words)
    )
    assert not board.shell.starts and board.shell.end == float("inf")


def test_ctrl_c_ends_the_job(make: Maker, words: np.ndarray) -> None:
    accelerator, board = make()
    shell, status = board.shell, board.shell.status
    shell.fault = "hang"

    def pressed() -> int:
        if shell.end == float("inf") and shell.cycle > 5000:
            raise KeyboardInterrupt
        return status()

    shell.status = pressed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        accelerator.predict(words)
    shell.fault = ""
    assert np.array_equal(accelerator.execute(words), answer(words))


def test_threads_take_turns(make: Maker, words: np.ndarray) -> None:
    accelerator, _ = make()
    found: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda k=k: found.update({k: accelerator.execute(words[k:])}))
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[k], answer(words[k:])) for k in range(4))


def test_slow_memory_is_no_hang(make: Maker, words: np.ndarray) -> None:
    """As long as words come at all."""
    accelerator, board = make()
    shell, advance = board.shell, Shell.advance

    def slow() -> None:
        if shell.end is not None and shell.cycle < 200_000:
            shell.end, shell.values["words_read"] = shell.cycle + 1, shell.cycle // 15_000
        advance(shell)

    shell.advance = slow  # type: ignore[method-assign]
    assert (
        np.array_equal(accelerator.execute(words[:1]), answer(words[:1])) and shell.cycle > 200_000
    )
