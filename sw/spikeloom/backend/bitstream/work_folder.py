"""The folder that tools work in: written whole or not at all, kept where it is the same, with the
Verilog that was simulated.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.verilog import checked


def check_rtl(folder: Path, manifest: Manifest) -> None:
    """Raises SpikeLoomError unless the Verilog is the one that belongs to the manifest: the network
    that was simulated, in its shell.
    """
    checked(folder, manifest)
    shell = existing(folder / "rtl" / "shell.v", "the shell's Verilog").read_text(
        encoding="utf-8", errors="replace"
    )
    # Every word of the identity is a constant of its register.
    words = [manifest.identity[k : k + 8] for k in range(0, 64, 8)]
    constants = {int(word, 16) for word in re.findall(r"32'h([0-9a-f]{1,8})\b", shell)}
    constants |= {int(word) for word in re.findall(r"32'd([0-9]{1,10})\b", shell)}
    missing = [word for word in words if int(word, 16) not in constants]
    if missing:
        raise SpikeLoomError(
            f"{folder / 'rtl' / 'shell.v'}: expected the identity of manifest.json in it, found"
            " another one; run 'spikeloom emit' again"
        )


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """An empty folder that takes the place of ``target`` when the block ends well, and vanishes
    when it does not.

    Raises SpikeLoomError where something else than such a folder is in the way, or nothing can be
    written.
    """
    if target.is_symlink() or (target.exists() and not ours(target)):
        raise SpikeLoomError(
            f"{target}: expected no such file, or a folder that an earlier run has written; name"
            " another one, or move it away"
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
    return all(
        other.is_file() and other.read_bytes() == path.read_bytes()
        for path, other in zip(files, there, strict=True)
    )


def ours(folder: Path) -> bool:
    return folder.is_dir() and (
        not any(folder.iterdir())
        or {"run.sh", "manifest.json"} <= {path.name for path in folder.iterdir()}
    )
