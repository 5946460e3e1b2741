"""Tools of other people: found on PATH, run with a log, ended with us."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from spikeloom.errors import SpikeLoomError

LOOK = 0.5
"""Seconds between two looks at a running tool."""

GRACE = 5.0
"""Seconds that a tool has to end after it was told to."""

Lines = Callable[[str], None]


class ToolError(SpikeLoomError):
    """A tool ended with an error, or could not be run. The message names its log."""


def absent(names: Sequence[str]) -> list[str]:
    """Those of the tools that are not on PATH."""
    return [name for name in names if shutil.which(name) is None]


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, what tells a program to end, such as a terminal that is closed, is an interrupt: the
    tool must not outlive us.
    """

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ends = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN
    ]
    before = {number: signal.signal(number, interrupt) for number in ends}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@interruptible()
def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    log: Path,
    what: str,
    seen: Lines | None = None,
    environment: Mapping[str, str] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Run a tool inside ``folder``; all that it prints is appended to ``log``.

    Arguments: what: the step, as errors call it. seen: is called with every line that the tool
    prints, soon after it did. environment: variables beside the present ones. stop: interrupts a
    run in another thread than the main one. Raises ToolError where the tool is missing, dies, or
    ends with another status than 0. A tool that runs when this is interrupted is ended, with all
    that it started.
    """
    name = Path(command[0]).name
    process = None
    try:
        with log.open("ab") as into:
            into.write(f"$ {' '.join(map(str, command))}\n".encode())
            into.flush()
            start = into.tell()
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=into,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        follow(process, log, start, seen, stop)
    except BaseException as error:
        if process is not None:
            end(process)
        elif isinstance(error, FileNotFoundError):
            raise ToolError(f"{what}: {name} is not on PATH") from error
        elif isinstance(error, OSError):
            raise ToolError(f"{what}: {name} could not be run ({error.strerror})") from error
        raise
    status = process.returncode
    if status:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        raise ToolError(f"{what}: {name} {how}{last_words(log)}; its log: {log}")


def follow(
    process: subprocess.Popen[bytes],
    log: Path,
    start: int,
    seen: Lines | None,
    stop: threading.Event | None,
) -> None:
    """Until the process has ended, hand on what is in its log from byte ``start`` on. Raises
    KeyboardInterrupt when ``stop`` is set.
    """
    with log.open("rb") as stream:
        stream.seek(start)
        rest = b""
        running = True
        while running:
            running = process.poll() is None
            if seen is not None:
                *lines, rest = (rest + stream.read()).split(b"\n")
                for line in lines:
                    seen(line.decode("utf-8", errors="replace"))
            if running and stop is not None and stop.wait(LOOK):
                raise KeyboardInterrupt
            if running and stop is None:
                time.sleep(LOOK)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started. A second interrupt only shortens the wait."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE)
        except (ProcessLookupError, PermissionError):
            process.wait()
            return
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue


def last_words(log: Path) -> str:
    """The last line of a log that speaks of an error, in brackets; "" if there is none."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-200:]
    for line in reversed(lines):
        if "error" in line.lower():
            return f" ({' '.join(line.split())[:300]})"
    return ""
