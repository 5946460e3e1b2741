"""The log of a tool in a work folder: a new one for every run, and there afterwards."""

from __future__ import annotations

from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing


def start_anew(log: Path) -> None:
    """The log, or another file, of an earlier run is gone. Raises SpikeLoomError where it cannot be
    removed, or is a folder.
    """
    if log.is_dir() and not log.is_symlink():
        raise SpikeLoomError(
            f"{log}: expected no such file, or that of an earlier run, found a folder; move it away"
            " and build again"
        )
    try:
        log.unlink(missing_ok=True)
    except OSError as error:
        raise SpikeLoomError(
            f"{log}: cannot be written anew ({error.strerror or error})"
        ) from error


def existing_log(log: Path, tool: str) -> Path:
    """The log itself. Raises SpikeLoomError where a run of the tool has left none."""
    try:
        return existing(log, f"the log of {tool}")
    except SpikeLoomError as error:
        raise SpikeLoomError(
            f"{error}; run 'sh run.sh' there, and copy the whole folder"
        ) from error
