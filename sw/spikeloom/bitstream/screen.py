"""What the command line says at the end of a flow."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from spikeloom.bitstream.making import Made


def ending(folder: Path, flow: str, made: Made) -> list[str]:
    """One line for each thing that was made or is missing."""
    if made.missing:
        back = f"spikeloom bitstream {folder} --flow {flow} --from {made.work}"
        return [
            f"{', '.join(made.missing)}: not on PATH, so nothing was built. {made.work} is complete for {made.clock_mhz:g} MHz: copy it to "
            f"a machine with the tools, type 'sh run.sh' in it, copy it back, and go on with: {back}"
        ]
    if made.published is None:
        return []
    return [
        f"{made.published}: bitstream for {made.clock_mhz:g} MHz, handoff file, manifest and report; go on with: spikeloom deploy {folder}"
    ]


def closing(console: Console, folder: Path, flow: str, made: Made) -> None:
    """The figures of the tools, and those lines."""
    for name, value in (made.figures or {}).items():
        if not isinstance(value, (dict, list)):
            console.print(f"{name}: {value}", markup=False, highlight=False, soft_wrap=True)
    for line in ending(folder, flow, made):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
