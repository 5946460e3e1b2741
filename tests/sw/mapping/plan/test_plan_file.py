"""The plan file: what is saved comes back equal, byte for byte the same on every run, and damage is
named.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import golden
from spikeloom.mapping.plan.plan_file import PLAN_FILE, WEIGHTS_FILE, hashes, load, save

from tests.networks import random_plan, random_words


def same(a: Any, b: Any) -> bool:
    """Equal in type and content, arrays element by element."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    if is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_saved_comes_back(seed: int, tmp_path: Path) -> None:
    plan = random_plan(seed)
    plan.density.update({node.name: 1 / (3 + i) for i, node in enumerate(plan.graph.nodes)})
    save(plan, tmp_path / "a")
    again = load(tmp_path / "a")
    assert same(plan, again)
    words = random_words(np.random.default_rng(seed), plan.graph, 2)
    assert (golden.integers(plan.graph, words) == golden.integers(again.graph, words)).all()
    save(again, tmp_path / "b")
    for name in (PLAN_FILE, WEIGHTS_FILE):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [PLAN_FILE, WEIGHTS_FILE]


def test_weights_open_with_numpy_alone(tmp_path: Path) -> None:
    plan = random_plan(3)
    save(plan, tmp_path)
    with np.load(tmp_path / WEIGHTS_FILE, allow_pickle=False) as arrays:
        assert (arrays["graph.scale"] == plan.graph.scale).all()


def test_hashes_are_of_the_contents(tmp_path: Path) -> None:
    """They survive another compression and another format of the text, and nothing else."""
    plan = random_plan(3)
    save(plan, tmp_path)
    known = hashes(plan)
    with np.load(tmp_path / WEIGHTS_FILE, allow_pickle=False) as arrays:
        np.savez(tmp_path / WEIGHTS_FILE, **arrays)
    text = (tmp_path / PLAN_FILE).read_text(encoding="utf-8")
    (tmp_path / PLAN_FILE).write_text(json.dumps(json.loads(text)), encoding="utf-8")
    assert hashes(load(tmp_path)) == known
    assert known.plan == hashlib.sha256(text.encode()).hexdigest() and len(known.network) == 64
    other = replace(plan, graph=replace(plan.graph, bias=plan.graph.bias + 1))
    assert (
        hashes(other).plan == known.plan
        and hashes(other).weights != known.weights
        and hashes(other).network != known.network
    )
    slower = hashes(replace(plan, clock_mhz=plan.clock_mhz / 2))
    assert (
        slower.plan != known.plan
        and slower.weights == known.weights
        and slower.network != known.network
    )


def broken(tmp_path: Path) -> str:
    """The one line that loading ends with."""
    with pytest.raises(SpikeLoomError) as error:
        load(tmp_path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_missing_files(tmp_path: Path) -> None:
    assert PLAN_FILE in broken(tmp_path)
    save(random_plan(0), tmp_path)
    (tmp_path / WEIGHTS_FILE).unlink()
    assert WEIGHTS_FILE in broken(tmp_path)


@pytest.mark.parametrize("name", [PLAN_FILE, WEIGHTS_FILE])
def test_truncated_or_flipped_files(name: str, tmp_path: Path) -> None:
    save(random_plan(1), tmp_path)
    whole = (tmp_path / name).read_bytes()
    for size in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / name).write_bytes(whole[:size])
        assert name in broken(tmp_path) or size >= len(whole) - 1
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        (tmp_path / name).write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            load(
                tmp_path
            )  # a flipped digit may still be a plan; anything else must be a clear error
        except SpikeLoomError as error:
            assert "\n" not in str(error)


def test_files_of_different_plans(tmp_path: Path) -> None:
    save(random_plan(1), tmp_path)
    other = tmp_path / "other"
    save(random_plan(2), other)
    (other / WEIGHTS_FILE).replace(tmp_path / WEIGHTS_FILE)
    assert "the plan expects" in broken(tmp_path)


def test_another_schema(tmp_path: Path) -> None:
    save(random_plan(1), tmp_path)
    content = json.loads((tmp_path / PLAN_FILE).read_text())
    (tmp_path / PLAN_FILE).write_text(json.dumps(content | {"schema": 99}))
    assert "schema" in broken(tmp_path) and "99" in broken(tmp_path)


@pytest.mark.parametrize("key", ["nodes", "engines", "program", "arrays", "clock_mhz"])
def test_missing_keys(key: str, tmp_path: Path) -> None:
    save(random_plan(1), tmp_path)
    content = json.loads((tmp_path / PLAN_FILE).read_text())
    del content[key]
    (tmp_path / PLAN_FILE).write_text(json.dumps(content))
    assert key in broken(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [("steps", 400), ("base", 0), ("groups", 10**9), ("shift", 10**12)]
)
def test_numbers_that_cannot_be_name_the_file(name: str, value: int, tmp_path: Path) -> None:
    save(random_plan(1), tmp_path)
    text = (tmp_path / PLAN_FILE).read_text()
    (tmp_path / PLAN_FILE).write_text(re.sub(rf'"{name}": \d+', f'"{name}": {value}', text))
    line = broken(tmp_path)
    assert line.startswith(f"{tmp_path / PLAN_FILE}: ") and line.endswith(
        "compile the network again"
    )


def test_values_of_another_type_are_refused(tmp_path: Path) -> None:
    save(random_plan(1), tmp_path)
    content = json.loads((tmp_path / PLAN_FILE).read_text())
    first = next(node for node in content["nodes"] if node["type"] == "layer")
    for change, said in (
        ({"name": []}, "name: expected a text"),
        ({"clock_mhz": 0}, "clock_mhz: expected more than 0"),
        ({"clock_mhz": "fast"}, "not a valid plan"),
        (
            {
                "nodes": [
                    {**node, "negate": None} if node is first else node for node in content["nodes"]
                ]
            },
            f"{first['name']}: negate is no array",
        ),
    ):
        (tmp_path / PLAN_FILE).write_text(json.dumps(content | change))
        assert said in broken(tmp_path)


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    save(random_plan(1), tmp_path)
    np.savez(tmp_path / WEIGHTS_FILE, evil=np.array([{}], dtype=object))
    assert "damaged" in broken(tmp_path)
