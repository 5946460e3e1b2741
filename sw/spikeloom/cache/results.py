"""Finished figures in the folder where they were made, known again by what they depend on: work
that stopped goes on there.

    store = Store("bench.json", "figures of 'spikeloom bench'", Result.of, HOW)
    result = store.resume(folder, key_of(top_sha256, yosys), make)     # made once for this key

The file holds ``key``, ``figures``, and ``how`` the figures came about.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar

from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_schema, save_json

Figures = TypeVar("Figures")
"""A frozen dataclass."""


def key_of(*parts: str) -> str:
    """Changes with any of the parts, and with the version."""
    return hashlib.sha256(json.dumps([*parts, version("spikeloom")]).encode()).hexdigest()


def untold(line: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Finished(Generic[Figures]):
    """What a file holds."""

    key: str
    figures: Figures


@dataclass(frozen=True)
class Store(Generic[Figures]):
    """One kind of figures, one file in each folder.

    Attributes
    ----------
    file: its name. what: what is in it, in words, for errors. read: figures from what ``asdict``
        made of them; raises KeyError, TypeError or ValueError for anything else.
    how: how the figures came about. schema: number of the format. again: what makes the figures
        anew, in words.
    """

    file: str
    what: str
    read: Callable[[dict[str, Any]], Figures]
    how: Mapping[str, str] | str
    schema: int = 1
    again: str = "it is made again"

    def save(self, folder: Path, key: str, figures: Figures) -> None:
        """Write the file: the last step, since what is written counts as finished."""
        data = {"schema": self.schema, "key": key, "how": self.how}
        save_json(folder / self.file, {**data, "figures": asdict(figures)})  # type: ignore[call-overload]

    def load(self, folder: Path) -> Finished[Figures]:
        """What a folder holds, whatever its key. Raises SpikeLoomError where the file is missing,
        damaged or of another schema.
        """
        path = folder / self.file
        data = load_schema(path, self.what, self.schema, self.again, without=1)
        try:
            return Finished(data["key"], self.read(data["figures"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SpikeLoomError(
                f"{path}: expected {self.what}, found something else ({error}); {self.again}"
            ) from error

    def find(self, folder: Path, key: str, shown: Callable[[str], None] = untold) -> Figures | None:
        """The figures of this very key, or None; ``shown`` is told in one line why a file that is
        there does not count.
        """
        if not (folder / self.file).exists():
            return None
        try:
            found = self.load(folder)
        except SpikeLoomError as error:
            shown(str(error))
            return None
        if found.key != key:
            shown(f"{folder / self.file}: was made with other settings; {self.again}")
            return None
        return found.figures

    def resume(
        self, folder: Path, key: str, make: Callable[[], Figures], *, anew: bool = False
    ) -> Figures:
        """The figures of this key: those that are there, else what ``make`` gives and is kept."""
        found = None if anew else self.find(folder, key)
        if found is None:
            found = make()
            self.save(folder, key, found)
        return found

    def forget(self, folder: Path) -> None:
        """Nothing that was finished counts."""
        (folder / self.file).unlink(missing_ok=True)
