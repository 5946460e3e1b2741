"""The emitted Verilog of a network, as its manifest knows it: ``rtl/top.v``, and the memories that
lie in files of their own beside it.

    initial $readmemh("conv1_weights0.mem", rows, 0, 511); // SHA-256 4f0c...
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, replacing
from spikeloom.interface.manifest import Manifest

TOP = Path("rtl") / "top.v"

MEMORY = re.compile(
    r'\$readmemh\("([^"/]+\.mem)", rows, 0, \d+\); // SHA-256 ([0-9a-f]{64})$', re.M
)


def load_line(name: str, rows: int, sha256: str) -> str:
    """The line that fills the memory ``rows`` of so many rows from a file."""
    return f'  initial $readmemh("{name}", rows, 0, {rows - 1}); // SHA-256 {sha256}'


def memory_files(verilog: str) -> dict[str, str]:
    """SHA-256 of the memories that a text reads from files, by the names of these."""
    return dict(MEMORY.findall(verilog))


def copy_memories(verilog: str, source: Path, target: Path) -> None:
    """Put the files that a text reads from one folder into another one.

    Raises SpikeLoomError where one is missing, or is another file than the text says.
    """
    for name, wanted in memory_files(verilog).items():
        data = existing(source / name, "a file that the Verilog reads").read_bytes()
        if (found := hashlib.sha256(data).hexdigest()) != wanted:
            raise other_file(source / name, wanted, found)
        with replacing(target / name) as stream:
            stream.write(data)


def other_file(path: Path, wanted: str, found: str) -> SpikeLoomError:
    return SpikeLoomError(
        f"{path}: expected the Verilog of manifest.json ({wanted[:12]}), found another"
        f" ({found[:12]}); run 'spikeloom emit' again"
    )


def checked(folder: Path, manifest: Manifest) -> list[Path]:
    """``rtl/top.v`` of a folder, and the memories that it reads.

    Raises SpikeLoomError where one is missing, or is not that of the manifest.
    """
    top = existing(folder / TOP, "the network's Verilog")
    data = top.read_bytes()
    known = {TOP.name: manifest.top_sha256}
    known |= memory_files(data.decode("utf-8", "replace"))
    paths = [existing(top.with_name(name), "a file that rtl/top.v reads") for name in known]
    for path, wanted in zip(paths, known.values(), strict=True):
        found = hashlib.sha256(data if path == top else path.read_bytes()).hexdigest()
        if found != wanted:
            raise other_file(path, wanted, found)
    return paths
