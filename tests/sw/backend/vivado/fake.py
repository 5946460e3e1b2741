"""The executable ``vivado`` of the tests: the same command line, the same log and exit status, and
the model behind it.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from spikeloom.interface import manifest as manifests
from spikeloom.interface.handoff import hwh_text, system_of
from spikeloom.interface.manifest import Manifest

from tests.sw.backend.vivado.design import Design
from tests.sw.backend.vivado.interpreter import Interpreter
from tests.sw.backend.vivado.model import Vivado
from tests.sw.backend.vivado.setup import Setup

VARIABLE = "SPIKELOOM_TEST_VIVADO"

ROOT = Path(__file__).parents[4]

PROGRAM = """#!{python}
import sys
sys.path[:0] = {path!r}
from tests.sw.backend.vivado.fake import main
sys.exit(main(sys.argv[1:]))
"""

ARGUMENTS = ["-mode", "batch", "-notrace", "-nojournal"]


def handoff(manifest: Manifest) -> Callable[[Design], str]:
    """The handoff file of a block design: address and clock are those that the design has."""
    system = system_of(manifest)

    def text(design: Design) -> str:
        cell = next(cell for cell in design.cells.values() if cell.kind == system.module)
        name = (
            "PCW_FPGA0_PERIPHERAL_FREQMHZ"
            if system.module == "processing_system7"
            else "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ"
        )
        ((offset, size),) = design.assigned[f"/{cell.name}/Data"].values()
        assert offset is not None and size is not None
        made = hwh_text(replace(manifest, clock_mhz=float(cell.values[name])))
        made = made.replace(f"0x{system.base:08X}", f"0x{offset:08X}")
        return made.replace(f"0x{system.base + 0xFFFF:08X}", f"0x{offset + size - 1:08X}")

    return text


class Dying(Vivado):
    """Is killed at the command ``kill``."""

    kill = ""
    log: Path | None = None

    def say(self, line: str) -> None:
        print(line, flush=True)
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n")

    def call(self, name: str, arguments: tuple[str, ...]) -> object:
        if name == self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().call(name, arguments)


def main(arguments: list[str]) -> int:
    """Run ``build.tcl`` of the present folder."""
    if arguments not in (
        [*ARGUMENTS, "-nolog", "-source", "build.tcl"],
        [*ARGUMENTS, "-log", "vivado.log", "-source", "build.tcl"],
    ):
        print(f"ERROR: [Common 17-170] Unknown option in {arguments}")
        return 1
    given = json.loads(os.environ.get(VARIABLE, "{}"))
    kill = given.pop("kill", "")
    given = {
        key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
    }
    folder = Path.cwd()
    (folder / ".Xil").mkdir(exist_ok=True)
    manifest = manifests.load(folder)
    model = Dying(folder, Setup(**given), handoff(manifest), manifest.stages)
    model.kill = kill
    model.log = folder / "vivado.log" if "-log" in arguments else None
    model.say(f"****** Vivado v{model.setup.version} (64-bit)")
    return Interpreter(folder, model).run()


def install(folder: Path) -> None:
    """Write the executable into a folder that goes onto PATH."""
    path = folder / "vivado"
    path.write_text(PROGRAM.format(python=sys.executable, path=[str(ROOT), *sys.path]))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def described(setup: Setup, kill: str = "") -> str:
    """The value of ``VARIABLE`` for a Vivado like this one."""
    return json.dumps({**asdict(setup), "kill": kill})
