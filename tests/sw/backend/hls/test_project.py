"""The generated folder: the same bytes on every run, nothing of the machine in it, headers that
compile alone.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.accelerator import Accelerator
from spikeloom.backend.hls import project
from spikeloom.backend.hls.build import OPTIONS
from spikeloom.backend.hls.names import identifiers
from spikeloom.errors import UnsupportedError
from spikeloom.files import hls_templates
from spikeloom.ir import golden
from spikeloom.ir.nodes import Layer
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.headroom import with_room

from tests.network_layers import plan_of
from tests.networks import random_plan
from tests.sw.backend.hls.small import compiler, small_plan


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("seed", [2, 5, 17])
def test_the_same_bytes_wherever_it_is_written(seed: int, tmp_path: Path) -> None:
    plan = random_plan(seed)
    first, second = (
        contents(project.write(plan, tmp_path / name)) for name in ("here", "over there")
    )
    assert first == second
    assert first == contents(project.write(random_plan(seed), tmp_path / "here"))
    for name, data in first.items():
        if not name.endswith(".npy"):
            text = data.decode("ascii")
            assert str(tmp_path) not in text and not re.search(
                r"/(home|root|tmp|Users)/|20[0-9][0-9]-[0-9]", text
            ), name
            assert all(len(line) <= 240 for line in text.splitlines()), name


def test_what_was_generated_before_is_not_left_over_in_it(tmp_path: Path) -> None:
    project.write(random_plan(17), tmp_path)
    place = project.write(small_plan(), tmp_path)
    assert contents(place) == contents(project.write(small_plan(), tmp_path / "new"))


def test_the_vectors_are_those_of_the_test_set(tmp_path: Path) -> None:
    plan = small_plan()
    x = np.random.default_rng(3).integers(0, 8, (20, 2, 3, 3)).astype(np.float32)
    np.save(tmp_path / "test_x.npy", x)
    place = project.write(plan, tmp_path)
    words, expected = np.load(place / "input.npy"), np.load(place / "expected.npy")
    np.testing.assert_array_equal(words, x[:8].transpose(0, 2, 3, 1))
    values = golden.integers(plan.graph, x[:8].astype(np.int64))
    np.testing.assert_array_equal(expected, values.transpose(0, 2, 3, 1).reshape(8, -1))


def test_identifiers_are_those_of_c_and_one_for_every_node() -> None:
    plan = small_plan()
    first, *others = plan.graph.nodes
    odd = [
        replace(node, name=name)
        for node, name in zip(others, ("_", "a-b c.0"), strict=True)
        if isinstance(node, Layer)
    ]
    named = replace(plan.graph, nodes=(first, odd[0], replace(odd[1], source="_")))
    found = identifiers(
        plan_of(
            named,
            {node.name: plan.foldings[old.name] for node, old in zip(odd, others, strict=True)},
        )
    )
    assert found == {"x": "n0_x", "_": "n1", "a-b c.0": "n2_a_b_c_0"}


def compiled_alone(path: Path) -> str:
    """What the compiler says to a header."""
    shim = hls_templates() / "shim"
    options = [option for option in OPTIONS if not option.startswith("-I")]
    command = [
        compiler(),
        *options,
        "-fsyntax-only",
        "-include",
        "ap_int.h",
        "-I",
        shim,
        "-x",
        "c++",
        path,
        "-Wno-pragma-once-outside-header",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stderr if done.returncode else ""


def test_a_header_compiles_alone() -> None:
    headers = sorted((hls_templates() / "include" / "spikeloom").glob("*.hpp"))
    said = {path.name: compiled_alone(path) for path in headers}
    assert len(said) > 10 and not {name: text for name, text in said.items() if text}


def test_weights_of_the_run_time_are_refused_by_name() -> None:
    plan = small_plan()
    graph, rooms = with_room(plan.graph)
    with pytest.raises(
        UnsupportedError,
        match="small: its weights are loaded at run time, .* without --runtime-weights",
    ):
        project.texts(replace(plan, graph=graph, rooms=rooms))


def test_in_python_as_on_the_command_line(tmp_path: Path) -> None:
    plan = small_plan()
    plan_file.save(plan, tmp_path / "net")
    made = Accelerator.load(tmp_path / "net").hls()
    assert made == tmp_path / "net" / "hls" and contents(made) == contents(
        project.write(plan, tmp_path / "other")
    )


def test_an_installed_package_has_the_templates() -> None:
    text = (Path(__file__).parents[4] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"hls_templates" = "spikeloom/hls_templates"' in text
    assert {
        "include",
        "shim",
        "rtl",
        "testbench.cpp",
        "hls.tcl",
        "params.hpp.j2",
        "top.cpp.j2",
    } <= {p.name for p in hls_templates().iterdir()}
