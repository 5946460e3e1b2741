"""What the command line says at the end of a flow."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console

from spikeloom.backend.bitstream.build import Made


def command(*words: str | Path) -> str:
    """A command as it can be pasted into a shell."""
    return shlex.join(map(str, words))


def missing(folder: Path, flow: str, ooc: bool, made: Made) -> str:
    """The one line of a run that had no tools."""
    back = command(
        "spikeloom", "bitstream", folder, "--flow", flow, *["--ooc"] * ooc, "--from", made.work
    )
    return (
        f"{', '.join(made.missing)}: not on PATH, so nothing was built. {made.work} is complete for"
        f" {made.clock_mhz:g} MHz: copy it to a machine with the tools, type 'sh run.sh' in it,"
        f" copy it back, and go on with: {back}"
    )


def closing(console: Console, folder: Path, flow: str, ooc: bool, made: Made) -> None:
    """The figures of the tools, and what was made or is missing; that on standard error, for
    nothing was built.
    """

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if made.missing:
        Console(stderr=True, highlight=False).print(
            missing(folder, flow, ooc, made), markup=False, soft_wrap=True
        )
        return
    for name, value in (made.figures or {}).items():
        if not isinstance(value, (dict, list)):
            say(f"{name}: {value}")
    if made.published is not None:
        say(
            f"{made.published}: bitstream for {made.clock_mhz:g} MHz, handoff file, manifest and"
            " report"
        )
        say(f"go on with: {command('spikeloom', 'deploy', folder)}")
