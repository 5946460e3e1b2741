"""Where the house ``bitstreams/`` stands: beside ``sw/`` in a clone of the repository, inside the package where it was installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def bitstreams() -> Path:
    """The folder with ``boards/*.toml`` and the Tcl; in a clone also the one that finished bitstreams go to."""
    inside = PACKAGE / "bitstreams"
    return inside if inside.is_dir() else PACKAGE.parent.parent / "bitstreams"
