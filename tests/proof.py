"""``python -m tests.proof``: the long runs, see :mod:`tests.tiers`.

They are cut into pieces of minutes, one per core at a time. ``build/proof`` keeps the log of each
piece, and which ones have passed. Those are skipped when this is started again, as long as nothing
that they need has changed. ``--list`` shows the pieces, ``--only`` runs those with a word in their
name.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from spikeloom.backend import tools
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json, save_json

from tests.changes import module_of
from tests.import_graph import ROOT, everything
from tests.pynq_versions import VERSIONS

PLACE = ROOT / "build" / "proof"

PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")

NOTHING = 5
"""Exit status of a pytest that found no test."""

DATA = ("hls_templates", "bitstreams", "sw", "hw", "sim", "tests")
"""Where files lie that are no modules, and that any piece may read."""

BOARD = "tests/sim/board"
ON_BOARD = ("test_driver", "test_driver_packed", "test_driver_ps7", "test_weights")


@dataclass(frozen=True)
class Piece:
    """One run. ``file``: the test file, for what it needs. ``words``: of Python's command line."""

    name: str
    file: str
    words: tuple[str, ...]

    @property
    def log(self) -> Path:
        return PLACE / f"{self.name.replace(' ', '-')}.log"


def series(what: str, test: str, option: str, count: int, size: int, first: int) -> Iterator[Piece]:
    """``count`` of something in pieces of ``size``, with seeds from ``first`` on."""
    for k in range(0, count, size):
        numbers = (option, str(min(size, count - k)), "--random-seed", str(first + k))
        yield Piece(f"{what} {first + k}", test.partition("::")[0], (*PYTEST, test, *numbers))


def pieces() -> list[Piece]:
    """All of them, the quick kinds first."""
    faults = f"{BOARD}/test_fault_runs.py"
    networks = "tests/sim/network/test_random_networks.py"
    hls = "tests/sw/backend/hls"
    baselines = "tests/synthesis/test_baselines.py"
    return [
        Piece("marked", "tests/test_tiers.py", (*PYTEST, "-m", "proof")),
        *(
            Piece(
                f"pynq {version} {name}",
                f"{BOARD}/{name}.py",
                ("-m", "tests.pynq_versions", version, f"{BOARD}/{name}.py"),
            )
            for version in VERSIONS
            for name in ON_BOARD
        ),
        Piece("synthesis", baselines, (*PYTEST, baselines, "--synthesis-components", "1000")),
        *(
            Piece(
                f"mutations {first}",
                "tests/mutations.py",
                ("-m", "tests.mutations", "--first", str(first), "--count", "12"),
            )
            for first in range(0, 240, 12)
        ),
        *series("soak", f"{faults}::test_soak", "--soak-images", 100_000, 10_000, 1),
        *series("faults", f"{faults}::test_random_faults", "--fault-runs", 10_000, 500, 1),
        Piece(
            "hls depths",
            f"{hls}/test_depths.py",
            (*PYTEST, f"{hls}/test_depths.py", "--hls-networks", "100"),
        ),
        *series("hls", f"{hls}/test_networks.py", "--hls-networks", 200, 10, 1000),
        *series("networks", f"{networks}::test_equal", "--random-networks", 2000, 40, 1000),
    ]


def closure(module: str, needed: Mapping[str, set[str]]) -> set[str]:
    """A module and all that it needs, directly or through others."""
    found, waiting = {module}, [module]
    for one in waiting:
        new = needed.get(one, set()) - found
        found |= new
        waiting += sorted(new)
    return found


def keys(wanted: Iterable[Piece]) -> dict[str, str]:
    """By name, a hash of the command and of every file that a piece needs."""
    known, needed = everything()
    digests = {module: hashlib.sha256(path.read_bytes()).digest() for module, path in known.items()}
    common = hashlib.sha256((ROOT / "constraints.txt").read_bytes())
    for path in sorted(path for name in DATA for path in (ROOT / name).rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            common.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    found = {}
    for piece in wanted:
        module = module_of(piece.file)
        assert module in known, piece
        own = common.copy()
        own.update(repr(piece.words).encode())
        # What is only marked may need anything.
        for name in sorted(known if piece.name == "marked" else closure(module, needed)):
            own.update(name.encode() + digests[name])
        found[piece.name] = own.hexdigest()
    return found


class Passed:
    """What has passed, by name: the key that it had."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = load_json(path, "what has passed")
        except SpikeLoomError:
            data = {}
        self.keys: dict[str, str] = data if isinstance(data, dict) else {}

    def add(self, name: str, key: str) -> None:
        self.keys[name] = key
        save_json(self.path, self.keys)


class Runs:
    """Pieces that run now. Leaving ends them."""

    def __init__(self) -> None:
        self.running: set[subprocess.Popen[bytes]] = set()
        self.stopped = threading.Event()

    def __enter__(self) -> Runs:
        return self

    def __exit__(self, *why: object) -> None:
        self.stopped.set()
        for process in list(self.running):
            tools.end(process)

    def run(self, piece: Piece) -> tuple[bool, float]:
        """Whether it passed, and its seconds."""
        start = time.monotonic()
        if self.stopped.is_set():
            return False, 0.0
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with piece.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *piece.words],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.running.add(process)
            status = process.wait()
            self.running.discard(process)
        good = status == 0 or (status == NOTHING and piece.name == "marked")
        return good, time.monotonic() - start


def prove(wanted: Sequence[Piece], console: Console) -> list[Piece]:
    """Run what has not passed yet; those that failed."""
    PLACE.mkdir(parents=True, exist_ok=True)
    passed, now = Passed(PLACE / "passed.json"), keys(wanted)
    left = [piece for piece in wanted if passed.keys.get(piece.name) != now[piece.name]]
    console.print(f"{len(wanted) - len(left)} of {len(wanted)} pieces have passed before")
    failed = []
    with (
        Progress(console=console) as progress,
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
        Runs() as runs,
    ):
        bar = progress.add_task("proof", total=len(wanted), completed=len(wanted) - len(left))
        waiting = {pool.submit(runs.run, piece): piece for piece in left}
        for run in as_completed(waiting):
            piece, (good, seconds) = waiting[run], run.result()
            if good:
                passed.add(piece.name, now[piece.name])
                console.print(f"{piece.name}: passed, {seconds:.0f} s")
            else:
                failed.append(piece)
                console.print(f"{piece.name}: FAILED, {seconds:.0f} s; its log: {piece.log}")
            progress.advance(bar)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--only", default="", help="pieces with this word in their name")
    parser.add_argument("--list", action="store_true", help="show the pieces, run nothing")
    options = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    wanted = [piece for piece in pieces() if options.only in piece.name]
    if options.list:
        passed, now = Passed(PLACE / "passed.json"), keys(wanted)
        for piece in wanted:
            state = "passed" if passed.keys.get(piece.name) == now[piece.name] else "-"
            console.print(f"{state:8}{piece.name}")
        return 0
    try:
        failed = prove(wanted, console)
    except KeyboardInterrupt:
        console.print("interrupted; start it again, and it goes on with the pieces that are left")
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
