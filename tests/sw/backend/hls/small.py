"""Small plans for the tests of the HLS flow, and C simulation of them."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from spikeloom.backend.hls import csim, project
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code, Ints
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom.progress import silent

from tests.network_layers import plan_of


def small_plan() -> Plan:
    """Two layers on a 3x3 map: an event body whose drives meet their thresholds, and sums."""
    rng = np.random.default_rng(5)
    zero = np.zeros(4, dtype=np.int64)
    source = Input("x", (2, 3, 3), (2, 3, 3), Code(3))
    fire = SpikePack(Code(3), zero + 4, zero)
    first = Layer("a", "x", rng.integers(-4, 4, (4, 2, 2, 2)), fire, zero + 8, zero, zero)
    last = Layer(
        "b/out", "a", rng.integers(-3, 4, (3, 4, 2, 2)), Raw(None), zero[:3] - 1, zero[:3], zero[:3]
    )
    graph = Graph("small", (source, first, last), np.ones(3), np.zeros(3))
    plan = plan_of(
        graph, {"a": Folding("event", 2, 2, 1, 2, 2, 1), "b/out": Folding("dense", 4, elements=3)}
    )
    return replace(plan, density={"x": 0.5, "a": 0.4}, density_source="assumed")


def words_for(plan: Plan, images: int = 4, seed: int = 1) -> Ints:
    """Random input words."""
    source = plan.graph.input
    return np.random.default_rng(seed).integers(0, 1 << source.code.steps, (images, *source.shape))


def run(
    plan: Plan, folder: Path, words: Ints, steps: int | None = None, sanitize: bool = False
) -> csim.Comparison:
    """Generate, compile, simulate, compare."""
    return again(plan, project.write(plan, folder), words, steps, sanitize)


def again(
    plan: Plan, place: Path, words: Ints, steps: int | None = None, sanitize: bool = False
) -> csim.Comparison:
    """The same for a folder that was generated before."""
    return csim.compare(
        plan,
        words,
        csim.simulate(plan, place, words, steps=steps, sanitize=sanitize, progress=silent),
        steps,
    )


def with_types(place: Path, types: Path, script: Path) -> None:
    """Take the integers and streams of Vitis HLS in a generated folder; ``script`` becomes the
    compiler that knows them (CXX).
    """
    for name in ("ap_int.h", "hls_stream.h"):
        assert (types / name).exists(), types
        (place / "shim" / name).unlink()
    script.write_text(
        f'#!/bin/sh\nexec {compiler()} -isystem "{types}" "$@" -Wno-error\n', encoding="utf-8"
    )
    script.chmod(0o755)


def compiler() -> str:
    """The compiler that the tests call themselves."""
    return shutil.which(os.environ.get("CXX") or "c++") or "c++"
