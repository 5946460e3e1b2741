"""Run a program of a deployed folder on the simulated board, as it would run on a real one.

    python -m spikeloom_sim.board.deployed build/digits-cnn/deploy build/digits-cnn

The folder stays as it is: a copy of it gets a file in the bitstream's place. The program finds the
copy's own ``spikeloom`` package, and neither this repository's nor its paths.
"""

from __future__ import annotations

import argparse
import runpy
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing

from spikeloom_sim.board import MemoryModel, SimulatedBoard

PACKAGES = ("spikeloom", "spikeloom_hw", "spikeloom_sim")


def ours(name: str) -> bool:
    return name.split(".")[0] in PACKAGES


@contextmanager
def strangers(folder: Path) -> Iterator[None]:
    """Python as it is on a board: what is imported in here comes from ``folder`` or from installed
    packages, not from this repository.
    """
    houses = {
        Path(module.__file__).resolve().parents[1]
        for name in PACKAGES
        if (module := sys.modules.get(name)) and module.__file__
    }
    modules = {name: module for name, module in sys.modules.items() if ours(name)}
    path, finders = list(sys.path), list(sys.meta_path)
    for name in modules:
        del sys.modules[name]
    sys.path[:] = [
        str(folder),
        *(place for place in path if place and Path(place).resolve() not in houses),
    ]
    sys.meta_path[:] = [finder for finder in finders if "editable" not in repr(finder)]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if ours(name)]:
            del sys.modules[name]
        sys.modules.update(modules)
        sys.path[:], sys.meta_path[:] = path, finders


def run(
    folder: Path, network: Path, program: str = "selftest.py", memory: MemoryModel | None = None
) -> int:
    """Run one program of a deployed ``folder`` on the board of the emitted ``network``; its exit
    status.

    Raises SpikeLoomError where it imported SpikeLoom from anywhere but the folder.
    """
    with tempfile.TemporaryDirectory() as place, SimulatedBoard(network, memory=memory):
        copy = Path(place).resolve() / folder.name
        shutil.copytree(folder, copy)
        for hwh in copy.glob("*.hwh"):
            hwh.with_suffix(".bit").touch()
        with strangers(copy):
            status = called(copy / program)
            foreign = [
                name
                for name, module in sys.modules.items()
                if ours(name) and copy not in Path(module.__file__ or "/").parents
            ]
    if foreign:
        raise SpikeLoomError(
            f"{folder / program}: expected modules of the folder alone, found"
            f" {', '.join(sorted(foreign))} from elsewhere"
        )
    return status


def called(program: Path) -> int:
    """Run a program as ``python program`` does; its exit status."""
    before = sys.argv
    sys.argv = [str(program)]
    try:
        runpy.run_path(str(program), run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = before
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Run the self-test of a deployed folder on the simulated board."
    )
    parser.add_argument("folder", type=Path, help="a folder of 'spikeloom deploy'")
    parser.add_argument("network", type=Path, help="the emitted network, e.g. build/digits-cnn")
    parser.add_argument("--program", default="selftest.py", help="another program of the folder")
    options = parser.parse_args()
    try:
        existing(options.folder / options.program, "a program of a deployed folder")
        return run(options.folder, options.network, options.program)
    except SpikeLoomError as error:
        print(f"spikeloom: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
