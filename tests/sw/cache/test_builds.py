"""The cache of what takes long to build: made once, for all processes; damage and a full or missing
disk change no result.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from spikeloom.cache import builds
from spikeloom.cli.main import run
from spikeloom.errors import SpikeLoomError
from spikeloom.files import house

KEY = builds.key_of(["a key"])


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(builds.PLACE, str(tmp_path / "cache"))
    monkeypatch.delenv(builds.SIZE, raising=False)
    return tmp_path / "cache" / builds.FOLDER


def build(into: Path, key: str = KEY, data: bytes = b"data", kind: str = "toy") -> bool:
    """Fill a folder with a file and a program. Whether they had to be made."""
    into.mkdir(exist_ok=True)
    with builds.entry(kind, key) as kept:
        if kept.take(into):
            return False
        (into / "file").write_bytes(data)
        (into / "program").write_bytes(b"#!/bin/sh\n" + data)
        (into / "program").chmod(0o755)
        kept.keep(into / "file", into / "program")
        return True


def names(place: Path) -> set[str]:
    """Keys of the entries."""
    return {path.parent.name for path in place.glob(f"*/*/{builds.CONTENTS}")}


def test_what_was_made_is_taken(tmp_path: Path) -> None:
    assert build(tmp_path / "a") and not build(tmp_path / "b") and not build(tmp_path / "b")
    for name in ("file", "program"):
        one, two = (tmp_path / folder / name for folder in "ab")
        assert one.read_bytes() == two.read_bytes()
        assert one.stat().st_mode == two.stat().st_mode
        two.write_bytes(b"other")
    assert not build(tmp_path / "c") and (tmp_path / "c" / "file").read_bytes() == b"data"


def test_another_key_or_kind_is_another_entry(tmp_path: Path) -> None:
    assert build(tmp_path / "a") and build(tmp_path / "b", builds.key_of(["another"]))
    assert build(tmp_path / "c", kind="other")


def test_parts_of_a_key_do_not_run_into_each_other() -> None:
    keys = [("a", "b"), ("ab",), ("b", "a"), ("a", "b", ""), ("", "a", "b"), (b"a", b"\xff")]
    assert len({builds.key_of(parts) for parts in keys}) == len(keys)
    assert builds.key_of(["a", b"b"]) == builds.key_of([b"a", "b"])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


DAMAGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a file cut short": ("file", cut),
    "a bit of a program": ("program", flip),
    "a file that is gone": ("file", Path.unlink),
    "no contents": (builds.CONTENTS, Path.unlink),
    "empty contents": (builds.CONTENTS, lambda path: path.write_bytes(b"")),
    "contents of nothing": (builds.CONTENTS, lambda path: path.write_text("{}")),
    "contents cut short": (builds.CONTENTS, cut),
    "contents of another kind": (builds.CONTENTS, lambda path: path.write_text('["file"]')),
    "contents that name too much": (
        builds.CONTENTS,
        lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), "more": "0"})),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_made_again(tmp_path: Path, place: Path, damage: str) -> None:
    assert build(tmp_path / "a")
    name, change = DAMAGE[damage]
    change(place / "toy" / KEY / name)
    assert build(tmp_path / "b") and not build(tmp_path / "c")
    assert (tmp_path / "c" / "file").read_bytes() == b"data"


def test_what_was_not_used_for_longest_goes_first(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(builds.SIZE, "1")
    data, keys = b"x" * 200_000, [builds.key_of([str(k)]) for k in range(3)]
    for key in keys[:2]:
        assert build(tmp_path / "a", key, data)
    assert not build(tmp_path / "a", keys[0])
    assert build(tmp_path / "a", keys[2], data)
    assert names(place) == {keys[0], keys[2]}
    assert {path.stem for path in place.glob(f"*/*{builds.LOCK}")} == {*keys}
    old = (time.time() - builds.LEFT_BEHIND - 60,) * 2
    for key in keys:
        os.utime((place / "toy" / key).with_suffix(builds.LOCK), old)
    assert build(tmp_path / "b", builds.key_of(["another"]), b"")
    assert keys[1] not in {path.stem for path in place.glob(f"*/*{builds.LOCK}")}
    assert build(tmp_path / "b", builds.key_of(["large"]), b"x" * 2_000_000)
    assert names(place) == set()


def test_what_was_left_unfinished_goes_after_a_day(tmp_path: Path, place: Path) -> None:
    for name, age in (
        (f"{builds.MAKING}old", builds.LEFT_BEHIND + 60),
        (f"{builds.MAKING}new", 60),
    ):
        (place / "toy" / name).mkdir(parents=True)
        os.utime(place / "toy" / name, (time.time() - age,) * 2)
    build(tmp_path / "a")
    assert {path.name for path in place.glob("toy/.*")} == {f"{builds.MAKING}new"}


def test_what_is_not_of_the_cache_stays(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old folders with the files that an entry has, beside the cache and within it."""
    monkeypatch.setenv(builds.SIZE, "0")
    others = [
        folder / name
        for folder in (place.parent / "project", place / "toy")
        for name in (".git", "old", f"{KEY}0")
    ]
    for other in others:
        other.mkdir(parents=True)
        (other / builds.CONTENTS).write_text("{}")
        for path in (other / builds.CONTENTS, other):
            os.utime(path, (0, 0))
    assert build(tmp_path / "a")
    assert names(place) == {path.name for path in others if path.parent == place / "toy"}
    assert all((other / builds.CONTENTS).is_file() for other in others)


@pytest.mark.parametrize("given", ["", "a", "-1", "1.5"])
def test_a_size_is_a_number(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(builds.SIZE, given)
    if not given:
        assert build(tmp_path / "a") and not build(tmp_path / "b")
        return
    with pytest.raises(SpikeLoomError, match=rf"^SPIKELOOM_CACHE_MB: expected .* '{given}'$"):
        build(tmp_path / "a")


def test_wrong_settings_are_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / builds.FOLDER).write_bytes(b"")
    no_folder = "SPIKELOOM_CACHE: expected a folder for the cache"
    for name, value, said in (
        (builds.SIZE, "abc", "SPIKELOOM_CACHE_MB: expected the megabytes"),
        (builds.PLACE, str(tmp_path / "file"), no_folder),
        (builds.PLACE, str(tmp_path), no_folder),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert run(["golden", str(tmp_path)]) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert builds.place() == tmp_path / "cache" / builds.FOLDER
    monkeypatch.delenv(builds.PLACE)
    assert builds.place() == house("build") / "cache"
    monkeypatch.setattr(builds, "is_clone", lambda: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert builds.place() == tmp_path / "user" / "spikeloom"


def test_without_a_cache_everything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv(builds.PLACE, str(tmp_path / "file" / "cache"))
    assert build(tmp_path / "a") and build(tmp_path / "b")
    assert (tmp_path / "b" / "file").read_bytes() == b"data"


def refused(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_cache_that_can_only_be_read_is_read(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build(tmp_path / "a")
    for owner, name in (
        (FileLock, "acquire"),
        (builds.tempfile, "TemporaryDirectory"),
        (builds.os, "utime"),
    ):
        monkeypatch.setattr(owner, name, refused)
    assert not build(tmp_path / "b")
    another = builds.key_of(["another"])
    assert build(tmp_path / "c", another) and build(tmp_path / "d", another)
    assert names(place) == {KEY}


WORKER = """
import sys, time
from pathlib import Path
from spikeloom.cache import builds
into, log = Path(sys.argv[1]), Path(sys.argv[2])
into.mkdir()
print("here", flush=True)
with builds.entry("toy", sys.argv[3]) as kept:
    if not kept.take(into):
        with log.open("a") as stream:
            stream.write("made\\n")
        time.sleep(float(sys.argv[4]))
        (into / "file").write_bytes(b"data")
        kept.keep(into / "file")
"""


def worker(folder: Path, log: Path, seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORKER, str(folder), str(log), KEY, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def test_processes_at_once_make_it_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    workers = [worker(tmp_path / f"{k}", log, 0.5) for k in range(4)]
    assert [process.wait(60) for process in workers] == [0] * 4
    for process in workers:
        process.communicate()
    assert log.read_text() == "made\n"
    assert {(tmp_path / f"{k}" / "file").read_bytes() for k in range(4)} == {b"data"}


def test_a_process_that_is_killed_holds_nobody_up(tmp_path: Path, place: Path) -> None:
    log = tmp_path / "log"
    process = worker(tmp_path / "a", log, 600)
    while not (log.exists() and log.read_text()):
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert build(tmp_path / "b") and names(place) == {KEY}


def test_a_wait_can_be_ended(tmp_path: Path) -> None:
    stop, ended = threading.Event(), []

    def wait() -> None:
        try:
            with builds.entry("toy", KEY, stop.is_set):
                pass
        except KeyboardInterrupt:
            ended.append(True)

    with builds.entry("toy", KEY):
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(3 * builds.LOOK)
        assert thread.is_alive() and not ended
        stop.set()
        thread.join(30)
    assert ended == [True]


def test_a_compiler_is_known_by_its_file_its_version_and_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in builds.COMPILER:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "tool"
    path.write_text("#!/bin/sh\necho tool 1.0\necho more\n")
    path.chmod(0o755)
    first = builds.compiler(str(path))
    assert first.startswith(f"{path} ") and first.endswith(" tool 1.0")
    path.write_text("#!/bin/sh\necho tool 1.1\necho more\n")
    assert builds.compiler(str(path)) != first
    assert builds.compiler("no-such-tool") == "no-such-tool"
    found = {builds.compiler(str(path))}
    for name in builds.COMPILER:
        monkeypatch.setenv(name, "/usr/include")
        found.add(builds.compiler(str(path)))
    assert len(found) == 1 + len(builds.COMPILER)


def test_a_lock_in_use_is_not_removed(tmp_path: Path, place: Path) -> None:
    lock = (place / "toy" / KEY).with_suffix(builds.LOCK)
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (0, 0))
    with builds.entry("toy", KEY):
        assert build(tmp_path / "a", builds.key_of(["another"]))
        assert lock.exists()
