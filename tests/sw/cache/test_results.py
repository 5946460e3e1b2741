"""Finished figures: found by their key alone; a file that is damaged, or another's, counts not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from spikeloom.cache.results import Finished, Store, key_of
from spikeloom.errors import SpikeLoomError


@dataclass(frozen=True)
class Count:
    """Figures of a test."""

    a: int
    b: tuple[int, ...] = ()


def read(data: dict[str, Any]) -> Count:
    return Count(**{**data, "b": tuple(data["b"])})


STORE = Store("count.json", "figures of a test", read, {"a": "counted"})


def test_there_and_back(tmp_path: Path) -> None:
    assert STORE.find(tmp_path, "k") is None
    STORE.save(tmp_path, "k", Count(1, (2, 3)))
    assert STORE.find(tmp_path, "k") == Count(1, (2, 3))
    assert STORE.load(tmp_path) == Finished("k", Count(1, (2, 3)))
    assert json.loads((tmp_path / "count.json").read_text()) == {
        "schema": 1,
        "key": "k",
        "how": {"a": "counted"},
        "figures": {"a": 1, "b": [2, 3]},
    }


def test_another_key_is_told_and_does_not_count(tmp_path: Path) -> None:
    said: list[str] = []
    STORE.save(tmp_path, "k", Count(1))
    assert STORE.find(tmp_path, "l", said.append) is None
    assert said == [f"{tmp_path / 'count.json'}: was made with other settings; it is made again"]
    assert STORE.find(tmp_path / "nowhere", "l", said.append) is None and len(said) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"7",
        b"null",
        b"{}",
        b'{"key": "k"}',
        b'{"key": "k", "figures": []}',
        b'{"key": "k", "figures": {"a": 2}}',
        b'{"key": "k", "figures": {"a": 2, "b": [], "c": 1}}',
        b'{"schema": 2, "key": "k", "figures": {"a": 2, "b": []}}',
        b"\xff",
    ],
)
def test_a_damaged_file_is_one_line_and_does_not_count(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "count.json").write_bytes(content)
    said: list[str] = []
    assert STORE.find(tmp_path, "k", said.append) is None
    assert len(said) == 1 and said[0].startswith(f"{tmp_path / 'count.json'}: expected figures of")
    with pytest.raises(SpikeLoomError):
        STORE.load(tmp_path)


def test_figures_from_before_there_were_schemas_count(tmp_path: Path) -> None:
    (tmp_path / "count.json").write_text('{"key": "k", "figures": {"a": 2, "b": []}}')
    assert STORE.find(tmp_path, "k") == Count(2)


def test_resuming_makes_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> Count:
        made.append(len(made))
        return Count(len(made))

    assert [STORE.resume(tmp_path, key, make).a for key in "kkk"] == [1, 1, 1]
    assert STORE.resume(tmp_path, "l", make).a == 2 and STORE.find(tmp_path, "k") is None
    assert STORE.resume(tmp_path, "l", make, anew=True).a == 3
    STORE.forget(tmp_path)
    STORE.forget(tmp_path)
    assert STORE.resume(tmp_path, "l", make).a == 4 and made == [0, 1, 2, 3]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> Count:
        raise SpikeLoomError("no room")

    with pytest.raises(SpikeLoomError, match="no room"):
        STORE.resume(tmp_path, "k", fail)
    assert not (tmp_path / "count.json").exists()


def test_keys() -> None:
    keys = {key_of("a", "b"), key_of("ab"), key_of("b", "a"), key_of("a", "b", "")}
    assert len(keys) == 4 and all(len(key) == 64 for key in keys)
