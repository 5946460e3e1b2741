"""The folder that Vivado builds a bitstream from: Verilog, Tcl, settings and a line to start it. It
can be copied to any machine.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from spikeloom.backend.bitstream.bitfile import identity_word
from spikeloom.backend.bitstream.work_folder import check_rtl
from spikeloom.backend.vivado.tcl import Value, settings
from spikeloom.errors import SpikeLoomError
from spikeloom.files import bitstreams, save_text
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import board_data, find_board
from spikeloom.interface.handoff import divisors, system_of
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import ADDRESS_WIDTH
from spikeloom.interface.verilog import checked

COMMAND = ("vivado", "-mode", "batch", "-notrace", "-nojournal")

RUN = """#!/bin/sh
cd "$(dirname "$0")" && exec {command} -log vivado.log -source build.tcl
"""

README = """# {name} on {board}, for Vivado

Everything that Vivado 2022.2 to 2025.2 needs, with the device family of {part}. Copy this
folder to a machine that has it, and there:

    sh run.sh

{result}
`settings.tcl` holds what depends on network and board. The manifest is {identity}.
"""

WHOLE = """\
It ends with `out/{file}.bit` and `out/{file}.hwh`, or with an error in `vivado.log`. Copy the
folder back and read it with `spikeloom bitstream DIR --from FOLDER`.
"""

ALONE = """\
It synthesises the network out of context, without processing system, and writes `report/`: size
and timing, no bitstream.
"""

MEMORY_BUS = {
    "MAX_BURST_LENGTH": "16",
    "NUM_READ_OUTSTANDING": "8",
    "NUM_WRITE_OUTSTANDING": "4",
    "SUPPORTS_NARROW_BURST": "0",
}
"""How the shell uses its port to memory, see docs/explanation/shell.md."""

STEPS = {False: 10, True: 3}
"""Steps that the Tcl announces, of a whole run and of one out of context."""


def file_name(manifest: Manifest) -> str:
    """Base name of the files that Vivado writes: the network's, or ``shell`` where Vivado could not
    take it.
    """
    return (
        manifest.name
        if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", manifest.name)
        else "shell"
    )


def real_mhz(manifest: Manifest) -> float:
    """The clock that the processing system makes for a plan: never faster."""
    system = system_of(manifest)
    first, second = divisors(system.pll_mhz, manifest.clock_mhz)
    return system.pll_mhz / (first * second)


def values(manifest: Manifest, ooc: bool) -> dict[str, Value]:
    """What ``settings.tcl`` sets. Raises SpikeLoomError for a board that is not described for
    Vivado.
    """
    board, system, clock = (
        find_board(manifest.board),
        system_of(manifest),
        f"{real_mhz(manifest):.6f}",
    )
    try:
        data = board_data(manifest.board)["vivado"]
        named = {
            key: data[key]
            for key in (
                "core",
                "control",
                "control_clock",
                "memory",
                "memory_clock",
                "memory_segments",
                "clock",
                "reset",
            )
        }
        parameters = {**data["system"], data["frequency"]: clock}
        ports = data["ports"]
    except KeyError as error:
        path = bitstreams() / "boards" / f"{manifest.board}.toml"
        raise SpikeLoomError(
            f"{path}: expected {error} in what it says for Vivado, found none; see"
            " docs/how-to/bitstream.md"
        ) from error
    return {
        "file": file_name(manifest),
        "part": board.part,
        "ooc": int(ooc),
        "steps": STEPS[ooc],
        "user_id": f"0x{identity_word(manifest.identity):08X}",
        "base": f"0x{system.base:08X}",
        "range": 1 << ADDRESS_WIDTH,
        "address_width": manifest.address_width,
        "memory_bus": MEMORY_BUS,
        "cell": f"{data['core']}_0",
        **named,
        "board_part": data.get("board_part", ""),
        "board_rule": data.get("board_rule", ""),
        "ports": ports,
        "system": parameters,
    }


def clock_text(manifest: Manifest) -> str:
    return f"create_clock -name aclk -period {1000 / real_mhz(manifest):.6f} [get_ports aclk]\n"


def write(network: Path, folder: Path, ooc: bool) -> None:
    """Write all files of the folder, which is there and empty."""
    manifest = manifests.load(network)
    check_rtl(network, manifest)
    text = settings(values(manifest, ooc))
    (folder / "rtl").mkdir()
    for name in ("manifest.json", "rtl/shell.v"):
        shutil.copyfile(network / name, folder / name)
    for path in checked(network, manifest):
        shutil.copyfile(path, folder / "rtl" / path.name)
    for path in sorted((bitstreams() / "vivado").glob("*.tcl")):
        shutil.copyfile(path, folder / path.name)
    save_text(folder / "settings.tcl", text)
    if ooc:
        save_text(folder / "clock.xdc", clock_text(manifest))
    save_text(folder / "run.sh", RUN.format(command=" ".join(COMMAND)))
    (folder / "run.sh").chmod(0o755)
    result = ALONE if ooc else WHOLE.format(file=file_name(manifest))
    part = find_board(manifest.board).part
    page = README.format(
        name=manifest.name,
        board=manifest.board,
        part=part,
        result=result,
        identity=manifest.identity,
    )
    save_text(folder / "README.md", page)
