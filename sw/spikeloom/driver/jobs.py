"""One job on the shell: start it, wait with a deadline, and turn whatever goes wrong into one clear
error.

A deadline is counted in cycles of the fabric, not in seconds of the host, so that it is the same on
a board and in simulation.
"""

from __future__ import annotations

from dataclasses import dataclass

from spikeloom.driver.errors import (
    BoardError,
    BufferFault,
    BusError,
    BusyError,
    HangError,
    JobError,
    MemoryHangError,
    ProtocolError,
    ResetError,
    StreamError,
)
from spikeloom.driver.port import BY_NAME, WORD, Clock, Port
from spikeloom.interface.deadlock import LOOK, stuck

MEMORY_PATIENCE = 1_000_000
"""Cycles that memory may leave a transfer waiting, beyond what the network itself may take: 10 ms
at 100 MHz.
"""

BUSY = BY_NAME["status"]["busy"].mask

POLLS = 64
"""Reads of the status between two looks at the progress of a job."""

FAULTS: dict[str, tuple[type[BoardError], str]] = {
    "start_while_busy": (
        BusyError,
        "a job was started while another one ran: let one program at a time use the accelerator",
    ),
    "misaligned": (
        BufferFault,
        (
            "a buffer is not aligned to the memory word, or a job is empty or too long: use"
            " Accelerator.allocate"
        ),
    ),
    "read_slverr": (
        BusError,
        (
            "memory answered a read with SLVERR: free() and call again; if it stays, load the"
            " overlay again"
        ),
    ),
    "read_decerr": (
        BusError,
        "memory answered a read with DECERR, no memory at that address: free() and call again",
    ),
    "write_slverr": (
        BusError,
        (
            "memory answered a write with SLVERR: free() and call again; if it stays, load the"
            " overlay again"
        ),
    ),
    "write_decerr": (
        BusError,
        "memory answered a write with DECERR, no memory at that address: free() and call again",
    ),
    "protocol": (
        ProtocolError,
        (
            "memory broke the rules of its port: the bitstream does not fit this board, or a reset"
            " hit it; load it again"
        ),
    ),
    "no_weights": (
        JobError,
        "the last load of weights did not end well: load weights again, or open the bitstream anew",
    ),
    "stuck": (HangError, "nothing moved until the shell's watchdog ended the job: call again"),
    "underrun": (
        StreamError,
        (
            "all input words were read and images or weights were not complete: bitstream and"
            " manifest do not belong together"
        ),
    ),
    "overrun": (
        StreamError,
        (
            "input words were left over at the last result: bitstream and manifest do not belong"
            " together"
        ),
    ),
}
"""Field of the error register -> the error it becomes, and what it means. The first one that is set
is told first.
"""


@dataclass(frozen=True)
class Job:
    """What the shell is asked to do: ``images`` images, one at a time if ``single``; addresses in
    bytes, words of the memory port.

    ``steps``: time steps to run, 0 for all of them.
    """

    input_address: int
    output_address: int
    images: int
    input_words: int
    output_words: int
    single: bool = False
    steps: int = 0


@dataclass(frozen=True)
class Done:
    """A job that ended well: cycles from its start to its end, and memory words moved."""

    images: int
    cycles: int
    words_read: int
    words_written: int


class Engine:
    """Runs jobs, one at a time.

    Arguments: patience: cycles without any progress after which a job hangs; the manifest's limit
    and ``MEMORY_PATIENCE`` without.
    """

    def __init__(self, port: Port, patience: int | None = None) -> None:
        self.port, self.manifest = port, port.manifest
        self.patience = patience or self.manifest.limit_cycles + MEMORY_PATIENCE

    def run(self, job: Job) -> Done:
        """Run one job to its end. Raises JobError or BufferFault; the engine has been reset then,
        and the next job works.

        Raises BusyError, without touching it, while somebody else's job runs, and MemoryHangError
        while memory does not answer.
        """
        self.act(job, "start")
        return self.judge(job)

    def load(self, address: int, words: int) -> tuple[int, int]:
        """Load weights: memory words from ``address`` on. 32-bit words that reached the weight
        memories, and their CRC.

        Raises what :meth:`run` raises.
        """
        job = Job(address, 0, 0, words, 0)
        self.act(job, "load")
        status = self.port.flags("status")
        if "done" not in status:
            where = f"{self.manifest.name}: loading weights"
            raise (
                self.failure(where, 0)
                if "failed" in status
                else ResetError(f"{where}: the fabric was reset meanwhile: load again")
            )
        return self.port.read("load_words"), self.port.read("load_crc")

    def act(self, job: Job, action: str) -> None:
        """Start a job and wait for its end, good or bad."""
        self.check_idle()
        self.choose(job.steps)
        self.port.write("error", WORD)
        for name in ("input_address", "output_address", "images", "input_words"):
            self.port.write(name, getattr(job, name))
        self.port.write("watchdog", min(4 * self.patience, WORD))
        self.port.set("settings", *["single"] * job.single)
        self.port.set("control", action)
        try:
            self.wait(job)
        except BaseException:
            self.end()
            raise

    def choose(self, steps: int) -> None:
        """Run the network with so many time steps from now on: it takes them over in a reset.
        Raises as :meth:`end`.
        """
        if self.manifest.steps and self.port.read("steps_run") != steps:
            self.port.write("steps", steps)
            self.end()

    def check_idle(self) -> None:
        status = self.port.flags("status")
        if "draining" in status:
            self.end()
        elif "busy" in status:
            raise BusyError(
                f"{self.manifest.name}: expected an idle accelerator, a job of another program"
                " runs; wait for it, or load again"
            )

    def progress(self) -> tuple[int, ...]:
        return tuple(
            self.port.read(name)
            for name in ("images_in", "images_out", "words_read", "words_written")
        )

    def wait(self, job: Job) -> None:
        """Return when the job has ended, well or not. Raises HangError when nothing moves any
        more.
        """
        seen, clock = self.progress(), Clock(self.port)
        while True:
            for _ in range(POLLS):
                if not self.port.read("status") & BUSY:
                    return
            now = self.progress()
            if now != seen:
                seen, clock = now, Clock(self.port)
            elif clock.look() > self.patience:
                raise self.hang(job)

    def judge(self, job: Job) -> Done:
        """The figures of a job that has ended. Raises what went wrong."""
        status, done = self.port.flags("status"), self.port.read("images_out")
        where = f"{self.manifest.name}: {done} of {job.images} images of the job were done"
        if "failed" in status:
            raise self.failure(where, done)
        read, written = self.port.read("words_read"), self.port.read("words_written")
        if "done" not in status or (done, read, written) != (
            job.images,
            job.input_words,
            job.output_words,
        ):
            raise ResetError(f"{where}: the fabric was reset while the job ran: call again", done)
        return Done(job.images, self.port.read("job_cycles"), read, written)

    def failure(self, where: str, done: int) -> BoardError:
        """The error that the shell reports, cleared in it."""
        flags = self.port.flags("error")
        self.port.write("error", WORD)
        found = [FAULTS[name] for name in FAULTS if name in flags]
        if not found:
            return JobError(f"{where}: the job was aborted by another program: call again", done)
        kind, text = found[0]
        also = (
            " (also:"
            f" {', '.join(name for name in FAULTS if name in flags and FAULTS[name][1] != text)})"
            if len(found) > 1
            else ""
        )
        return kind(f"{where}: {text}{also}", done)

    def hang(self, job: Job) -> HangError:
        """What stands still, from registers and counters read twice."""
        done, words = self.port.read("images_out"), self.port.read("words_read")
        where = (
            f"{self.manifest.name}: nothing moved for {self.patience} cycles, {done} of"
            f" {job.images} images of the job were done"
        )
        if "draining" in self.port.flags("status"):
            return MemoryHangError(f"{where}: memory does not answer a transfer under way", done)
        waits = ("input_wait", "output_wait")
        before, waited = self.port.counters(), [self.port.read(name) for name in waits]
        self.port.wait(LOOK)
        after = self.port.counters()
        starved, held = (
            self.port.read(name) - was for name, was in zip(waits, waited, strict=True)
        )
        if starved and words < job.input_words:
            return MemoryHangError(
                f"{where}: memory does not answer reads, {words} of {job.input_words} words came;"
                " load the overlay again",
                done,
            )
        if held:
            return MemoryHangError(f"{where}: memory takes no writes; load the overlay again", done)
        return HangError(
            f"{where}: {stuck(self.manifest.stages, before, after)}; the engine was reset, call"
            " again",
            done,
        )

    def end(self) -> None:
        """Abort whatever runs and wait until the engine is idle. Raises MemoryHangError if
        transfers under way are never answered.
        """
        self.port.set("control", "abort")
        clock = Clock(self.port)
        while self.port.read("status") & BUSY:
            if clock.look() > self.patience:
                raise MemoryHangError(
                    f"{self.manifest.name}: memory does not answer the transfers under way, so the"
                    " engine cannot be reset; load the overlay again (Accelerator(...)), or switch"
                    " the board off and on",
                    self.port.read("images_out"),
                )
        self.port.write("error", WORD)
