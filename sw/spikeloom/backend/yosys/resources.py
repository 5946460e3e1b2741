"""From an emitted network to what it takes of its board: Yosys runs on the Verilog that was
simulated, once for the same Verilog.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from spikeloom.backend.yosys import arcs, batches, netlist, paths, yosys
from spikeloom.backend.yosys.cells import NOTHING, Taken, taken
from spikeloom.backend.yosys.components import NETWORK, SHELL, finder, inside
from spikeloom.backend.yosys.netlist import WIRE, Design
from spikeloom.backend.yosys.synthesis import (
    FORMAT,
    Component,
    Delay,
    Synthesis,
    from_json,
    to_json,
)
from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, load_json, save_json
from spikeloom.interface import manifest
from spikeloom.interface.boards import Board, find_board
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.verilog import checked
from spikeloom.progress import Progress, silent

FILE = Path("report") / "synth.json"

FOLDER = "synth"
"""Where the logs lie, within the network's folder."""

SOURCES = ("top.v", "shell.v")

ESTIMATES = "estimate_layer_resources.json"


def resources(folder: Path, board: str | None = None, progress: Progress = silent) -> Synthesis:
    """Resources and logic delay of an emitted network, by component; also written to
    ``report/synth.json``.

    Arguments: board: the manifest's if None. Answers at once where the file is of the same Verilog,
    board and Yosys. Raises SpikeLoomError where the Verilog is missing or was changed, Yosys is not
    installed, or ends with an error.
    """
    folder = Path(folder)
    made = manifest.load(folder)
    chosen = find_board(board if board is not None else made.board)
    version, texts = yosys.version(), verilog(folder, made)
    key = digest(
        [made.name, chosen.name, version, str(FORMAT), batches.script(chosen.family), *texts]
    )
    known = cached(folder, key)
    if known is None:
        design, library = run(folder, chosen, texts, progress)
        progress("paths", 0, 0)
        known = judge(
            design,
            library,
            made,
            chosen,
            key,
            f"synthesised by Yosys {version}; nothing placed or routed",
        )
    known = replace(known, estimates=estimates(folder))
    save_json(folder / FILE, to_json(known))
    return known


def verilog(folder: Path, made: Manifest) -> list[str]:
    """The emitted texts. Raises SpikeLoomError where they are not those of the manifest."""
    paths = [existing(folder / "rtl" / name, "Verilog of 'spikeloom emit'") for name in SOURCES]
    checked(folder, made)
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths]


def digest(texts: list[str]) -> str:
    """SHA-256 of some texts, which cannot run into each other."""
    return hashlib.sha256(
        "".join(hashlib.sha256(text.encode()).hexdigest() for text in texts).encode()
    ).hexdigest()


def cached(folder: Path, key: str) -> Synthesis | None:
    """The folder's last result, if it depends on the same things."""
    known = load(folder)
    return known if known is not None and known.key == key else None


def load(folder: Path) -> Synthesis | None:
    """What the last synthesis in this folder found; None where there was none, or the file is
    damaged. Runs nothing.
    """
    try:
        return from_json(load_json(folder / FILE, "results of 'spikeloom synth'"))
    except (SpikeLoomError, KeyError, TypeError, ValueError, AttributeError):
        return None


def run(
    folder: Path, board: Board, texts: list[str], progress: Progress
) -> tuple[Design, arcs.Library]:
    """Yosys on the sources; its log stays, and what it made of each module."""
    place = folder.resolve() / FOLDER
    log = place / f"{board.name}.log"
    try:
        place.mkdir(exist_ok=True)
        log.unlink(missing_ok=True)
        modules, library = batches.synthesise(
            texts, board.family, folder / "rtl", place, log, progress
        )
        return netlist.take_apart(modules, "shell", str(log)), library
    except OSError as error:
        raise SpikeLoomError(f"{place}: cannot be written ({error.strerror or error})") from error


def estimates(folder: Path) -> dict[str, int]:
    """LUTs by group as 'spikeloom compile' expected them; empty where it left no file that says
    so.
    """
    try:
        data = load_json(folder / ESTIMATES, "estimates")
        groups = {SHELL: data["shell"], NETWORK: data["network"], **data["layers"]}
        return {str(name): int(cost["LUT"]) for name, cost in groups.items()}
    except (SpikeLoomError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def judge(
    design: Design, library: arcs.Library, made: Manifest, board: Board, key: str, source: str
) -> Synthesis:
    """Count the cells of every component, and find the longest path that ends there."""
    find = finder(made.stages)
    counted: dict[tuple[str, str], Taken] = defaultdict(lambda: NOTHING)
    unknown = set()
    for cell in design.cells:
        if cell.kind == WIRE:
            continue
        cost = taken(cell.kind)
        if cost is None:
            unknown.add(cell.kind)
        counted[find(cell.place)] += cost or NOTHING
    longest = paths.analyse(design, library, find)
    order = {name: k for k, name in enumerate((SHELL, NETWORK, *made.stages))}
    names = sorted(set(counted) | set(longest.worst), key=lambda name: (order[name[0]], name[1]))
    components = tuple(
        Component(*name, counted[name], delay(longest.worst.get(name), find)) for name in names
    )
    return Synthesis(
        network=made.name,
        board=board.name,
        source=source,
        components=components,
        estimates={},
        without_arcs=longest.without_arcs,
        without_setup=longest.without_setup,
        unknown=tuple(sorted(unknown)),
        key=key,
    )


def delay(
    path: paths.Path | None, find: Callable[[tuple[str, ...]], tuple[str, str]]
) -> Delay | None:
    """A path in nanoseconds and words."""
    if path is None:
        return None

    def words(end: paths.End) -> str:
        if end.place == paths.PORT:
            return f"{end.what} {end.name}"
        name = ".".join((*inside(end.place), *([end.name] if end.name else [])))
        return f"{' '.join(find(end.place))}: {end.what} {name}".rstrip()

    return Delay(path.picoseconds / 1000, words(path.start), words(path.end), path.cells)
