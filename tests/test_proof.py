"""The long runs, without running them: the pieces add up, what passed is not run again, and an
interruption loses the pieces that ran.
"""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console
from spikeloom.files import load_json

from tests import proof, signals
from tests.import_graph import ROOT
from tests.proof import Piece

PASSES, FAILS = ("-c", "print('said')"), ("-c", "raise SystemExit(1)")


def option(piece: Piece, name: str) -> int:
    return int(piece.words[piece.words.index(name) + 1])


def test_the_pieces_add_up() -> None:
    pieces = proof.pieces()
    names = [piece.name for piece in pieces]
    assert len(set(names)) == len(names) and all((ROOT / piece.file).is_file() for piece in pieces)
    sums: Counter[str] = Counter()
    seeds: dict[str, list[int]] = {}
    for piece in pieces:
        for name in ("--random-networks", "--fault-runs", "--soak-images", "--hls-networks"):
            if name in piece.words and "--random-seed" in piece.words:
                sums[name] += option(piece, name)
                seeds.setdefault(name, []).append(option(piece, "--random-seed"))
    assert sums == {
        "--random-networks": 2000,
        "--fault-runs": 10_000,
        "--soak-images": 100_000,
        "--hls-networks": 200,
    }
    assert all(len(set(found)) == len(found) for found in seeds.values())
    networks = sorted(seeds["--random-networks"])
    assert networks == list(range(1000, 3000, 40))


def test_every_kind_of_piece_has_tests_to_run() -> None:
    """As pytest finds them; of the other programs, that they are there."""
    kinds = {piece.name.partition(" ")[0]: piece for piece in proof.pieces()}
    failed = {}
    for kind, piece in kinds.items():
        pytests = piece.words[: len(proof.PYTEST)] == proof.PYTEST and kind != "marked"
        words = [*piece.words, "--collect-only"] if pytests else ["-c", f"import {piece.words[1]}"]
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode or (pytests and "::test_" not in done.stdout):
            failed[kind] = done.stdout + done.stderr
    assert not failed and len(kinds) == 8


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(proof, "PLACE", tmp_path / "proof")
    return tmp_path / "proof"


def prove(*pieces: Piece) -> tuple[list[str], str]:
    """Names of those that failed, and what was said."""
    said = io.StringIO()
    failed = proof.prove(pieces, Console(file=said, highlight=False, soft_wrap=True))
    return [piece.name for piece in failed], said.getvalue()


def test_what_passed_is_not_run_again(place: Path) -> None:
    good, bad = (
        Piece(name, "tests/test_proof.py", words)
        for name, words in (("a good one", PASSES), ("a bad one", FAILS))
    )
    failed, said = prove(good, bad)
    assert failed == ["a bad one"] and "0 of 2 pieces have passed" in said
    assert f"a bad one: FAILED, 0 s; its log: {place / 'a-bad-one.log'}" in said
    assert (place / "a-good-one.log").read_text() == "said\n"
    failed, said = prove(good, bad)
    assert failed == ["a bad one"] and "1 of 2 pieces" in said and "good" not in said
    changed = Piece(good.name, good.file, ("-c", "pass"))
    assert "0 of 1 pieces" in prove(changed)[1]
    (place / "passed.json").write_text("{", encoding="utf-8")
    assert "0 of 1 pieces" in prove(changed)[1]
    assert load_json(place / "passed.json", "what passed").keys() == {good.name}


def test_a_piece_depends_on_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not on a test or a module that has nothing to do with it; on all data files."""
    piece = next(piece for piece in proof.pieces() if piece.name.startswith("networks"))
    before = proof.keys([piece])
    assert before == proof.keys([piece])
    read = Path.read_bytes
    for path, same in (
        ("sw/spikeloom/mapping/cycle_model/stage.py", False),
        ("hw/spikeloom_hw/top.py", False),
        ("sim/spikeloom_sim/network/harness.h", False),
        ("tests/network_layers.py", False),
        ("constraints.txt", False),
        ("sw/spikeloom/bench/published/tables.py", True),
        ("tests/sw/train/test_loop.py", True),
    ):
        assert (ROOT / path).is_file()

        def other(self: Path, changed: Path = ROOT / path) -> bytes:
            return read(self) + (b"#" if self == changed else b"")

        monkeypatch.setattr(Path, "read_bytes", other)
        assert (proof.keys([piece]) == before) == same, path


PROGRAM = """
import sys
from pathlib import Path
from rich.console import Console
from tests import proof
from tests.proof import Piece
proof.PLACE, long = Path(sys.argv[1]), sys.argv[2]
proof.pieces = lambda: [
    Piece("quick", "tests/test_proof.py", ("-c", "pass")),
    Piece("long", "tests/test_proof.py", ("-c", long)),
]
sys.argv[1:] = []
sys.exit(proof.main())
"""


LONG = "import time; print('on', flush=True); time.sleep(600)"


def test_an_interruption_loses_what_ran(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), LONG],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=signals.heard,
    )
    log, passed = tmp_path / "long.log", tmp_path / "passed.json"
    end = time.monotonic() + 120
    try:
        while not (log.exists() and log.read_text() and passed.exists()):
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130 and "goes on with the pieces that are left" in said
    assert load_json(passed, "what passed").keys() == {"quick"}


def test_list_says_what_has_passed(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = [Piece(name, "tests/test_proof.py", PASSES) for name in ("one", "two")]
    monkeypatch.setattr(proof, "pieces", lambda: pieces)
    prove(pieces[0])
    monkeypatch.setattr(sys, "argv", ["proof", "--list"])
    assert proof.main() == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["passed", "one"],
        ["-", "two"],
    ]
