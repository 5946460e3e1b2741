"""Where the houses ``bitstreams/`` and ``hls_templates/`` stand.

Beside ``sw/`` in a clone of the repository, inside the package where it was installed.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def is_clone() -> bool:
    """Whether this is a clone, and not an installed package."""
    return not (PACKAGE / "bitstreams").is_dir()


def house(name: str) -> Path:
    """The folder of that name."""
    return (PACKAGE.parent.parent if is_clone() else PACKAGE) / name


def bitstreams() -> Path:
    """The folder with ``boards/*.toml`` and the Tcl; in a clone also the one that finished
    bitstreams go to.
    """
    return house("bitstreams")


def hls_templates() -> Path:
    """The folder with the C++ headers, the test bench, and the two templates."""
    return house("hls_templates")
