"""``made.sha256``: from which files a bitstream was made, as ``run.sh`` and :func:`build` write it
when all steps are done.

No tool of this flow writes the manifest's identity into the bitstream, so this file is what ties
the two. It shows that manifest, Verilog and bitstream are together as a whole run has left them. It
does not show that the tools were right, that nothing was changed while they ran, or that nobody
wrote the file by hand. The driver compares the identity in the fabric with the manifest's.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from spikeloom.backend.nextpnr.steps import SUMMED, SUMS
from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, save_text

AGAIN = "run 'sh run.sh' there"

LINE = re.compile(r"([0-9a-f]{64}) [ *](\S+)")


def digest(folder: Path, name: str) -> str:
    return hashlib.sha256(
        existing(folder / name, "a file that the bitstream was made from").read_bytes()
    ).hexdigest()


def write(folder: Path) -> None:
    """The last act of a run. Raises SpikeLoomError where one of the files is missing."""
    save_text(folder / SUMS, "".join(f"{digest(folder, name)}  {name}\n" for name in SUMMED))


def check(folder: Path) -> None:
    """Raises SpikeLoomError unless every file is the one that a whole run has ended with."""
    path = folder / SUMS
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise SpikeLoomError(
            f"{path}: expected the SHA-256 of what a whole run has used and made, found {found};"
            f" {AGAIN} to its end"
        )
    lines = (
        existing(path, "the SHA-256 of what a run has made")
        .read_text(encoding="utf-8", errors="replace")
        .splitlines()
    )
    said = {found[2]: found[1] for found in map(LINE.fullmatch, lines) if found}
    if len(lines) != len(SUMMED) or set(said) != set(SUMMED):
        raise SpikeLoomError(
            f"{path}: expected one line each for {', '.join(SUMMED)}, found something else; {AGAIN}"
        )
    for name in SUMMED:
        now = digest(folder, name)
        if now != said[name]:
            expected = f"the file of the run that made {SUMMED[-1]} (SHA-256 {said[name][:12]})"
            raise SpikeLoomError(f"{folder / name}: expected {expected}, found {now[:12]}; {AGAIN}")
