"""Tools of other people: their output is kept, their end is told, and they end with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from spikeloom.backend import tools
from spikeloom.backend.tools import ToolError

from tests import signals


def tool(folder: Path, text: str, name: str = "tool") -> Path:
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_output_is_kept_and_handed_on(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", []
    log.write_text("before\n", encoding="utf-8")
    text = (
        "import os, sys; print('one'); print('two', file=sys.stderr); print(os.environ['HINT'],"
        " os.getcwd()); sys.stdout.write('three')"
    )
    tools.run(
        [tool(tmp_path, text), "x"],
        folder=tmp_path,
        log=log,
        what="step",
        seen=seen.append,
        environment={"HINT": "given"},
    )
    lines = log.read_text(encoding="utf-8").splitlines()
    assert (
        lines[0] == "before"
        and lines[1].endswith("tool x")
        and set(lines[2:]) >= {"two", f"given {tmp_path}"}
    )
    assert set(seen) >= {"two", f"given {tmp_path}"} and "before" not in seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_ends_the_tool(tmp_path: Path, number: signal.Signals) -> None:
    """The program that waits for the tool is told to end; the tool goes first."""
    text = (
        "import os, time; open('pid.part', 'w').write(str(os.getpid())); os.rename('pid.part',"
        " 'pid'); time.sleep(60)"
    )
    call = (
        "from pathlib import Path; from spikeloom.backend import tools; here ="
        f" Path({str(tmp_path)!r})\n"
    )
    call += "tools.run([here / 'tool'], folder=here, log=here / 'log', what='step')"
    tool(tmp_path, text)
    process = subprocess.Popen(
        [sys.executable, "-c", call], stderr=subprocess.PIPE, preexec_fn=signals.heard
    )
    for _ in range(600):
        if (tmp_path / "pid").exists():
            break
        time.sleep(0.05)
    process.send_signal(number)
    try:
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text(encoding="utf-8")), 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "import sys; print('ERROR: [Synth 8-439] no module x'); sys.exit(3)",
            "tool ended with status 3 (ERROR: [Synth 8-439] no module x)",
        ),
        ("import os; os.kill(os.getpid(), 9)", "tool was killed by signal 9"),
        ("raise SystemExit(1)", "tool ended with status 1; its log: "),
    ],
)
def test_a_tool_that_fails(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ToolError) as caught:
        tools.run(
            [tool(tmp_path, text)], folder=tmp_path, log=tmp_path / "log", what="place and route"
        )
    assert (
        str(caught.value).startswith("place and route: ")
        and says in str(caught.value)
        and str(tmp_path / "log") in str(caught.value)
    )
    assert "\n" not in str(caught.value)


def test_a_tool_that_is_not_there(tmp_path: Path) -> None:
    assert tools.absent(["sh", "no-such-tool"]) == ["no-such-tool"]
    with pytest.raises(ToolError, match="step: no-such-tool is not on PATH"):
        tools.run(["no-such-tool"], folder=tmp_path, log=tmp_path / "log", what="step")
    (tmp_path / "text").write_text("no program", encoding="utf-8")
    (tmp_path / "text").chmod(0o755)
    with pytest.raises(ToolError, match="text could not be run"):
        tools.run([tmp_path / "text"], folder=tmp_path, log=tmp_path / "log", what="step")


def test_an_interrupt_ends_the_tool_and_what_it_started(tmp_path: Path) -> None:
    """The tool ignores the first signal, and has a child that does as well."""
    child = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('child',"
        " 'w').close(); time.sleep(60)"
    )
    text = f"""
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", {child!r}])
open("pids.part", "w").write(str(child.pid))
os.rename("pids.part", "pids")
time.sleep(60)
"""

    def interrupt() -> None:
        while not (tmp_path / "pids").exists() or not (tmp_path / "child").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    old = tools.GRACE
    tools.GRACE = 0.3
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with signals.ctrl_c(), pytest.raises(KeyboardInterrupt):
            tools.run([tool(tmp_path, text)], folder=tmp_path, log=tmp_path / "log", what="step")
    finally:
        tools.GRACE = old
        thread.join()
    number = int((tmp_path / "pids").read_text(encoding="utf-8"))
    for _ in range(100):
        status = Path(f"/proc/{number}/status")
        if not status.exists() or "State:\tZ" in status.read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    raise AssertionError("the tool's child is still there")
