"""What takes long to build is kept for the next one who needs the same: simulations, C++ objects,
netlists.

    with cache.entry("simulation", cache.key_of(sources)) as kept:
        if not kept.take(folder):
            build(folder / "simulation.so")
            kept.keep(folder / "simulation.so")

An entry is a folder of files, and the SHA-256 of each. Its key covers everything that the files
depend on. Who needs an entry gets copies. A damaged entry counts as missing. Where the cache cannot
be written, everything is built as if there were none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.files import house, is_clone, replacing

PLACE, SIZE = "SPIKELOOM_CACHE", "SPIKELOOM_CACHE_MB"
"""Environment variables: the folder of the cache, and how many megabytes it may take."""

MEGABYTES = 2000
"""What the cache may take unless ``SIZE`` says otherwise."""

CONTENTS = "contents.json"
"""Of an entry: SHA-256 by file name. Its time is that of the last use."""

FOLDER = "spikeloom-cache"
"""Of the place that ``PLACE`` says: other things may lie there."""

LOCK = ".lock"
"""Ending of the lock beside an entry."""

MAKING = ".making-"
"""Beginning of the folder of an entry that is not finished."""

ENTRY = re.compile(r"[0-9a-f]{64}")
"""Names of entries."""

COMPILER = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH")
"""Environment variables that a C++ compiler reads."""

LOOK = 0.2
"""Seconds between two looks whether to wait on."""

LEFT_BEHIND = 24 * 3600
"""Seconds after which an entry that was never finished is removed."""


def place() -> Path:
    """Folder of the cache: what ``SPIKELOOM_CACHE`` says, else ``build/cache`` of a clone, else the
    user's cache folder.
    """
    from platformdirs import user_cache_path

    if given := os.environ.get(PLACE):
        return Path(given).expanduser().absolute() / FOLDER
    return house("build") / "cache" if is_clone() else user_cache_path("spikeloom")


def limit() -> int:
    """Bytes that the cache may take. Raises SpikeLoomError where ``SPIKELOOM_CACHE_MB`` is no
    number.
    """
    given = os.environ.get(SIZE) or str(MEGABYTES)
    if not given.isdecimal():
        raise SpikeLoomError(
            f"{SIZE}: expected the megabytes that the cache may take, e.g. {MEGABYTES}, found"
            f" {given!r}"
        )
    return int(given) * 1_000_000


def check_settings() -> None:
    """Raises SpikeLoomError where an environment variable of the cache is not what it should be."""
    limit()
    if os.environ.get(PLACE):
        for path in (place().parent, place()):
            if path.is_file():
                raise SpikeLoomError(
                    f"{PLACE}: expected a folder for the cache, found the file {path}"
                )


def key_of(parts: Iterable[bytes | str]) -> str:
    """SHA-256 of some parts, which cannot run into each other."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "little") + data)
    return found.hexdigest()


def compiler(name: str) -> str:
    """By what a C++ compiler on PATH is known: its file, its size and time, its version, and what
    the environment tells it.
    """
    path = Path(shutil.which(name) or name)
    try:
        found = path.stat()
        said = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return name
    version = said.stdout.decode("utf-8", "replace").partition("\n")[0]
    told = [f"{key}={os.environ[key]}" for key in COMPILER if os.environ.get(key)]
    return " ".join([f"{path} {found.st_size} {found.st_mtime_ns} {version}", *told])


@dataclass(frozen=True)
class Entry:
    """One entry, there or not. ``room``: bytes that the whole cache may take."""

    folder: Path
    room: int

    def take(self, into: Path) -> bool:
        """Copy the files into a folder. False where there are none, or one is damaged.

        Raises SpikeLoomError where ``into`` cannot be written.
        """
        try:
            contents = json.loads((self.folder / CONTENTS).read_bytes())
            files = {name: (self.folder / name).read_bytes() for name in contents}
            modes = {name: (self.folder / name).stat().st_mode & 0o777 for name in contents}
            whole = {name: digest(data) for name, data in files.items()} == contents != {}
        except (OSError, ValueError, TypeError):
            return False
        if not whole:
            return False
        for name, data in files.items():
            with replacing(into / name) as stream:
                stream.write(data)
            (into / name).chmod(modes[name])
        with suppress(OSError):
            os.utime(self.folder / CONTENTS)
        return True

    def keep(self, *files: Path) -> None:
        """Make the entry of copies of these files, under their names. Where the cache cannot be
        written, it stays as it is.
        """
        with (
            suppress(OSError),
            tempfile.TemporaryDirectory(
                dir=self.folder.parent, prefix=MAKING, ignore_cleanup_errors=True
            ) as work,
        ):
            made = Path(work) / "entry"
            made.mkdir()
            for file in files:
                shutil.copy(file, made / file.name)
            contents = {file.name: digest((made / file.name).read_bytes()) for file in files}
            (made / CONTENTS).write_text(json.dumps(contents), encoding="utf-8")
            shutil.rmtree(self.folder, ignore_errors=True)
            made.rename(self.folder)
            trim(self.folder.parent.parent, self.room)


@contextmanager
def entry(kind: str, key: str, stop: Callable[[], bool] = lambda: False) -> Iterator[Entry]:
    """The entry of a key. Another process that wants the same one waits until the block ends, and
    finds it made.

    Arguments: kind: what it is; a folder of the cache. stop: asked now and then while this waits;
    raises KeyboardInterrupt once it says True. Raises SpikeLoomError where ``SPIKELOOM_CACHE_MB``
    is no number.
    """
    folder, room = place() / kind / key, limit()
    with ExitStack() as held:
        # Without a lock two processes build the same: slower, never wrong.
        with suppress(OSError, NotImplementedError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(folder.with_suffix(LOCK), stop))
        yield Entry(folder, room)


@contextmanager
def locked(path: Path, stop: Callable[[], bool]) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    while not lock.is_locked:
        if stop():
            raise KeyboardInterrupt
        with suppress(Timeout):
            lock.acquire(timeout=LOOK)
    try:
        with suppress(OSError):
            os.utime(path)  # an old one would be removed
        yield
    finally:
        lock.release()


def trim(folder: Path, room: int) -> None:
    """Remove the entries that were not used for longest until the rest fits, and what an
    interrupted process has left behind. What is not of a cache stays.
    """
    found = []
    for path in folder.glob("*/*/" + CONTENTS):
        with suppress(OSError):  # another process removes them too
            if ENTRY.fullmatch(path.parent.name):
                size = sum(file.stat().st_size for file in path.parent.iterdir())
                found.append((path.stat().st_mtime_ns, path.parent, size))
    taken = sum(size for _, _, size in found)
    for _, entry, size in sorted(found):
        if taken <= room:
            break
        shutil.rmtree(entry, ignore_errors=True)
        taken -= size
    old = time.time() - LEFT_BEHIND
    for path in folder.glob(f"*/{MAKING}*"):
        with suppress(OSError):
            if path.stat().st_mtime < old:
                shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob("*/*" + LOCK):
        with suppress(OSError):
            if ENTRY.fullmatch(path.stem) and not path.with_suffix("").exists():
                if path.stat().st_mtime < old:
                    path.unlink()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
