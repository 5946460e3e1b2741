"""Where the house ``bitstreams/`` stands: beside ``sw/`` in a clone of the repository, inside the package where it was installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def is_clone() -> bool:
    """Whether this is a clone, and not an installed package."""
    return not (PACKAGE / "bitstreams").is_dir()


def bitstreams() -> Path:
    """The folder with ``boards/*.toml`` and the Tcl; in a clone also the one that finished bitstreams go to."""
    return PACKAGE.parent.parent / "bitstreams" if is_clone() else PACKAGE / "bitstreams"
