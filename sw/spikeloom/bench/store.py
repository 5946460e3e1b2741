"""Finished figures in their folder, known again by what they were made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json, save_json

FILE = "bench.json"

Figures = TypeVar("Figures")


def key_of(*parts: str) -> str:
    """Changes with any of the parts, and with the version."""
    return hashlib.sha256(json.dumps([*parts, version("spikeloom")]).encode()).hexdigest()


def save(folder: Path, key: str, how: Mapping[str, str], figures: dict[str, Any]) -> None:
    save_json(folder / FILE, {"key": key, "how": how, "figures": figures})


def load(folder: Path, key: str, read: Callable[[dict[str, Any]], Figures]) -> Figures | None:
    """The figures of an earlier run, if they are of this very key; None where they are not, or the
    file is damaged.
    """
    try:
        data = load_json(folder / FILE, "finished figures of 'spikeloom bench'")
        return read(data["figures"]) if data["key"] == key else None
    except (SpikeLoomError, KeyError, TypeError, ValueError):
        return None
