"""Finished bitstreams: ``<net>-<board>/`` with bitstream, handoff file, manifest and report,
checked when they come and when used.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from spikeloom.backend.bitstream import bitfile, check_handoff
from spikeloom.backend.bitstream.result import Built
from spikeloom.errors import SpikeLoomError
from spikeloom.files import bitstreams, existing, is_clone, load_json, save_json
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import find_board
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.verilog import checked

REPORT = "report.json"

MANIFEST = "manifest.json"


def place(folder: Path, manifest: Manifest) -> Path:
    """Where the bitstream of a network goes: the house ``bitstreams/`` of a clone, else the
    network's own folder.
    """
    house = bitstreams() if is_clone() else folder / "bitstreams"
    return house / f"{manifest.name}-{manifest.board}"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same_network(one: Manifest, other: Manifest) -> bool:
    """Whether two manifests describe the same network in the same hardware; the clock may be
    another.
    """

    def timeless(manifest: Manifest) -> Manifest:
        return replace(manifest, clock_mhz=0.0, plan_sha256="", network_sha256="")

    return timeless(one) == timeless(other)


def check(built: Built, network: Path, manifest: Manifest) -> None:
    """Raises SpikeLoomError unless what a flow made is of this network, for its board."""
    checked(network, manifest)
    bitfile.check(
        bitfile.read(built.bit), find_board(manifest.board).part, manifest.identity, str(built.bit)
    )
    check_handoff.check(built.hwh, manifest)


def rtl_files(network: Path, manifest: Manifest) -> list[Path]:
    """The Verilog, and the memories that it reads."""
    return [*sorted((network / "rtl").glob("*.v")), *checked(network, manifest)[1:]]


def report(
    built: Built, network: Path, manifest: Manifest, files: dict[str, str]
) -> dict[str, Any]:
    """What ``report.json`` says: which tool made it, of which files, and that tool's figures."""
    board = find_board(manifest.board)
    return {
        "network": manifest.name,
        "board": manifest.board,
        "part": board.part,
        "clock_mhz": manifest.clock_mhz,
        "tool": built.tool,
        "identity": manifest.identity,
        "rtl_sha256": {path.name: digest(path) for path in rtl_files(network, manifest)},
        "sha256": files,
        "figures": built.report,
    }


def publish(built: Built, network: Path, target: Path) -> Path:
    """Put a bitstream that a flow has really made into ``target``, whole or not at all; what was
    there before is replaced.

    Arguments: network: the emitted network's folder. Raises SpikeLoomError where the files do not
    belong together, or cannot be written.
    """
    manifest = manifests.load(network)
    check(built, network, manifest)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise SpikeLoomError(f"{target}: cannot be written ({error.strerror})") from error
    try:
        sources = {
            f"{manifest.name}.bit": built.bit,
            f"{manifest.name}.hwh": built.hwh,
            MANIFEST: network / MANIFEST,
        }
        for name, source in sources.items():
            shutil.copyfile(source, made / name)
        save_json(
            made / REPORT,
            report(
                built, network, manifest, {name: digest(made / name) for name in sorted(sources)}
            ),
        )
        verify(made)
        made.chmod(0o755)
        if target.exists():
            old = made.with_name(f"{made.name}.old")
            target.rename(old)
            made.rename(target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            made.rename(target)
    except OSError as error:
        raise SpikeLoomError(f"{target}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def described(folder: Path) -> str:
    """What is published there, in a few words; "" where there is nothing that can be read."""
    try:
        said = load_json(folder / REPORT, "the report of a published bitstream")
        return f"of {said['tool']} for {said['clock_mhz']:g} MHz (manifest {said['identity'][:8]})"
    except (SpikeLoomError, KeyError, TypeError, ValueError):
        return ""


def verify(folder: Path) -> Manifest:
    """The manifest of a published bitstream. Raises SpikeLoomError where a file is missing, or is
    not the one that was published.
    """
    again = "build it again, or restore the folder"
    said = load_json(folder / REPORT, "the report of a published bitstream")
    manifest = manifests.load(folder)
    try:
        files, identity = dict(said["sha256"]), str(said["identity"])
    except (KeyError, TypeError, ValueError):
        raise SpikeLoomError(
            f"{folder / REPORT}: expected the report of a published bitstream, found something"
            f" else; {again}"
        ) from None
    if (
        set(files) != {f"{manifest.name}.bit", f"{manifest.name}.hwh", MANIFEST}
        or identity != manifest.identity
    ):
        raise SpikeLoomError(f"{folder / REPORT}: is the report of another bitstream; {again}")
    for name, known in files.items():
        if digest(existing(folder / name, "a file of the published bitstream")) != known:
            raise SpikeLoomError(f"{folder / name}: is not the file that was published; {again}")
    return manifest
