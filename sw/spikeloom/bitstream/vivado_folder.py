"""The folder that Vivado builds a bitstream from: Verilog, Tcl, settings and a line to start it. It can be copied to any machine."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spikeloom import manifest as manifests
from spikeloom.bitstream.bitfile import identity_word
from spikeloom.bitstream.tcl import Value, settings
from spikeloom.boards import board_data, find_board
from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, save_text
from spikeloom.house import bitstreams
from spikeloom.hwh import divisors, system_of
from spikeloom.manifest import Manifest
from spikeloom.registers import ADDRESS_WIDTH

COMMAND = ("vivado", "-mode", "batch", "-notrace", "-nojournal")

RUN = """#!/bin/sh
cd "$(dirname "$0")" && exec {command} -log vivado.log -source build.tcl
"""

README = """# {name} on {board}, for Vivado

Everything that Vivado 2022.2 to 2025.2 needs, with the device family of {part}. Copy this folder to a machine that has it, and there:

    sh run.sh

{result}
`settings.tcl` holds what depends on network and board. The manifest is {identity}.
"""

WHOLE = """It ends with `out/{file}.bit` and `out/{file}.hwh`, or with an error in `vivado.log`. Copy the folder back and read it with
`spikeloom bitstream DIR --from FOLDER`.
"""

ALONE = """It synthesises the network out of context, without processing system, and writes `report/`: size and timing, no bitstream.
"""

MEMORY_BUS = {
    "MAX_BURST_LENGTH": "16",
    "NUM_READ_OUTSTANDING": "8",
    "NUM_WRITE_OUTSTANDING": "4",
    "SUPPORTS_NARROW_BURST": "0",
}
"""How the shell uses its port to memory, see docs/shell.md."""

STEPS = {False: 10, True: 3}
"""Steps that the Tcl announces, of a whole run and of one out of context."""


def file_name(manifest: Manifest) -> str:
    """Base name of the files that Vivado writes: the network's, or ``shell`` where Vivado could not take it."""
    return manifest.name if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", manifest.name) else "shell"


def real_mhz(manifest: Manifest) -> float:
    """The clock that the processing system makes for a plan: never faster."""
    system = system_of(manifest)
    first, second = divisors(system.pll_mhz, manifest.clock_mhz)
    return system.pll_mhz / (first * second)


def values(manifest: Manifest, ooc: bool) -> dict[str, Value]:
    """What ``settings.tcl`` sets. Raises SpikeLoomError for a board that is not described for Vivado."""
    board, system, clock = find_board(manifest.board), system_of(manifest), f"{real_mhz(manifest):.6f}"
    try:
        data = board_data(manifest.board)["vivado"]
        named = {
            key: data[key] for key in ("core", "control", "control_clock", "memory", "memory_clock", "memory_segments", "clock", "reset")
        }
        parameters = {**data["system"], data["frequency"]: clock}
        ports = data["ports"]
    except KeyError as error:
        path = bitstreams() / "boards" / f"{manifest.board}.toml"
        raise SpikeLoomError(f"{path}: expected {error} in what it says for Vivado, found none; see docs/bitstreams.md") from error
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


def check_rtl(folder: Path, manifest: Manifest) -> None:
    """Raises SpikeLoomError unless the Verilog is the one that belongs to the manifest: the network that was simulated, in its shell."""
    top = hashlib.sha256(existing(folder / "rtl" / "top.v", "the network's Verilog").read_bytes()).hexdigest()
    if top != manifest.top_sha256:
        raise SpikeLoomError(
            f"{folder / 'rtl' / 'top.v'}: expected the Verilog of manifest.json ({manifest.top_sha256[:12]}), "
            f"found {top[:12]}; run 'spikeloom emit' again"
        )
    shell = existing(folder / "rtl" / "shell.v", "the shell's Verilog").read_text(encoding="utf-8", errors="replace")
    # Every word of the identity is a constant of its register.
    words = [manifest.identity[k : k + 8] for k in range(0, 64, 8)]
    constants = {int(word, 16) for word in re.findall(r"32'h([0-9a-f]{1,8})\b", shell)}
    constants |= {int(word) for word in re.findall(r"32'd([0-9]{1,10})\b", shell)}
    missing = [word for word in words if int(word, 16) not in constants]
    if missing:
        raise SpikeLoomError(
            f"{folder / 'rtl' / 'shell.v'}: expected the identity of manifest.json in it, found another one; run 'spikeloom emit' again"
        )


def clock_text(manifest: Manifest) -> str:
    return f"create_clock -name aclk -period {1000 / real_mhz(manifest):.6f} [get_ports aclk]\n"


def write(network: Path, folder: Path, ooc: bool) -> None:
    """Write all files of the folder, which is there and empty."""
    manifest = manifests.load(network)
    check_rtl(network, manifest)
    text = settings(values(manifest, ooc))
    (folder / "rtl").mkdir()
    for name in ("manifest.json", "rtl/top.v", "rtl/shell.v"):
        shutil.copyfile(network / name, folder / name)
    for path in sorted((bitstreams() / "vivado").glob("*.tcl")):
        shutil.copyfile(path, folder / path.name)
    save_text(folder / "settings.tcl", text)
    if ooc:
        save_text(folder / "clock.xdc", clock_text(manifest))
    save_text(folder / "run.sh", RUN.format(command=" ".join(COMMAND)))
    (folder / "run.sh").chmod(0o755)
    result = ALONE if ooc else WHOLE.format(file=file_name(manifest))
    part = find_board(manifest.board).part
    page = README.format(name=manifest.name, board=manifest.board, part=part, result=result, identity=manifest.identity)
    save_text(folder / "README.md", page)


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """An empty folder that takes the place of ``target`` when the block ends well, and vanishes when it does not.

    Raises SpikeLoomError where something else than such a folder is in the way, or nothing can be written.
    """
    if target.is_symlink() or (target.exists() and not ours(target)):
        raise SpikeLoomError(
            f"{target}: expected no such file, or a folder that an earlier run has written; name another one, or move it away"
        )
    made: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        made.chmod(0o755)
        yield made
        if same(made, target):
            return
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    except OSError as error:
        raise SpikeLoomError(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        if made is not None and made.exists():
            shutil.rmtree(made, ignore_errors=True)


def same(made: Path, target: Path) -> bool:
    """Whether every file of ``made`` is in ``target`` as it is; there may be more."""
    files = [path for path in made.rglob("*") if path.is_file()]
    there = [target / path.relative_to(made) for path in files]
    return all(other.is_file() and other.read_bytes() == path.read_bytes() for path, other in zip(files, there, strict=True))


def ours(folder: Path) -> bool:
    return folder.is_dir() and (not any(folder.iterdir()) or {"run.sh", "manifest.json"} <= {path.name for path in folder.iterdir()})
