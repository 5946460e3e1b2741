"""All rows of the benchmark, one after the other; a row that is finished is not made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from spikeloom import planfile
from spikeloom.bench import tables
from spikeloom.bench.measuring import IMAGES, Progress, Result, compiled, measure
from spikeloom.bench.rows import Bench
from spikeloom.errors import SpikeLoomError
from spikeloom.facade import Accelerator
from spikeloom.files import load_json, save_json

FILE = "bench.json"


def run(
    rows: Sequence[Bench],
    folder: Path,
    *,
    data_dir: Path | None = None,
    images: int = IMAGES,
    anew: bool = False,
    progress: Progress,
    shown: Callable[[str], None],
) -> list[Result]:
    """Make the rows below ``folder``, and write ``bench.json`` and ``bench.md`` there.

    Arguments: data_dir: folder with MNIST or CIFAR-10 instead of the drawn images. images: test images that the RTL is simulated on.
    anew: compile, simulate and synthesise again what is finished. shown: is told in one line which row cannot be made, and why.
    Raises SpikeLoomError where no row comes to an end.
    """
    results, failed = [], []
    for k, bench in enumerate(rows):
        progress("rows", k, len(rows))
        try:
            results.append(_row(bench, folder / bench.name, data_dir, images, anew, progress))
        except SpikeLoomError as error:
            failed.append(f"{bench.name}: {error}")
            shown(failed[-1])
        if results:
            tables.write(folder, results)
    progress("rows", len(rows), len(rows))
    if not results:
        raise SpikeLoomError(f"{folder}: no row came to an end; the first: {failed[0]}")
    return results


def _row(bench: Bench, folder: Path, data_dir: Path | None, images: int, anew: bool, progress: Progress) -> Result:
    made = compiled(bench, folder, data_dir, progress)
    key = key_of(bench, made, images)
    found = None if anew else finished(folder, key)
    if found is not None:
        return found
    result = measure(bench, made, images, progress)
    save_json(folder / FILE, {"key": key, "how": tables.HOW, "figures": asdict(result)})
    return result


def key_of(bench: Bench, made: Accelerator, images: int) -> str:
    """Changes with whatever changes the row's figures."""
    parts = [repr(bench), planfile.hashes(made.plan).network, str(images), version("spikeloom")]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def finished(folder: Path, key: str) -> Result | None:
    """The row of an earlier run, if it is of this very plan."""
    try:
        data = load_json(folder / FILE, "a finished row")
        return Result(**data["figures"]) if data["key"] == key else None
    except (SpikeLoomError, KeyError, TypeError):
        return None
