"""What the command line says at the end of a flow."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from spikeloom.bitstream.making import Made

SHOWN = ("lut", "ff", "bram36", "uram", "dsp", "wns_ns", "fmax_mhz", "power_w")


def closing(console: Console, folder: Path, flow: str, made: Made) -> None:
    """One line for each thing that was made or is missing."""

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if made.missing:
        say(
            f"{', '.join(made.missing)}: not on PATH, so nothing was built. {made.work} is complete for {made.clock_mhz:g} MHz: copy it to a "
            f"machine with the tools, type 'sh run.sh' there, bring it back, and go on with: spikeloom bitstream {folder} --flow {flow} --from FOLDER"
        )
        return
    figures = made.figures or {}
    found = [f"{name} {figures[name]}" for name in SHOWN if figures.get(name) is not None]
    say(f"{figures.get('source', flow)}: {', '.join(found)}")
    if made.published is not None:
        say(
            f"{made.published}: bitstream for {made.clock_mhz:g} MHz, handoff file, manifest and report; spikeloom deploy {folder} takes it from there"
        )
