"""FIFOs of the depths that the generated C++ asks for: with each process as a thread, no network
locks up, whatever the branches are.

C simulation cannot tell, since there a stream has no end. The threads run several images, so that
one follows another into the pipeline. One network by default, ten with ``--hls-networks 100``.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from spikeloom.backend.hls import project
from spikeloom.backend.hls.vectors import stream_order
from spikeloom.ir import golden
from spikeloom.ir.nodes import Layer
from spikeloom.mapping.plan.plan import Plan

from tests.networks import random_plan, random_words
from tests.sw.backend.hls.small import compiler

HERE = Path(__file__).parent / "bounded"
IMAGES = 5
PATIENCE = 60


SEEDS = (24, 69, 51, 50, 45, 33, 48, 70, 71, 9)
"""Random networks with residuals on maps of 20 positions or more. In the first one a residual must
hold rows back.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize(
            "seed", SEEDS[: max(1, metafunc.config.getoption("--hls-networks") // 10)]
        )


def threaded(place: Path) -> None:
    """Every process of the dataflow regions in a thread of its own, every stream as deep as its
    pragma says.
    """
    top = (place / "top.cpp").read_text(encoding="utf-8")
    top, streams = re.subn(
        r"#pragma HLS STREAM variable=(\w+) depth=(\d+)", r"hls::set_depth(\1, \2);", top
    )
    head, body = top.rsplit(";\n\n", 1)
    calls = re.findall(r"^    (\w.*);$", body, re.MULTILINE)
    loop = "for (int image = 0; image < images; ++image)"
    lines = [f"    threads.emplace_back([&] {{ {loop} {call}; }});" for call in calls]
    ends = "    for (std::thread& thread : threads) thread.join();\n}\n"
    made = f"{head};\n    std::vector<std::thread> threads;\n" + "\n".join(lines) + "\n" + ends
    (place / "top.cpp").write_text(
        "#include <thread>\n#include <vector>\nextern int images;\n" + made, encoding="utf-8"
    )
    assert streams > 3 and len(calls) > 4
    event = (place / "include/spikeloom/event.hpp").read_text(encoding="utf-8")
    event, scans = re.subn(
        r"(scan<P>\(q\[n\].*\));", r"threads.emplace_back([&, n] { \1; });", event
    )
    event, starts = re.subn(
        r"    hls::stream<Part<P>> parts",
        "    std::vector<std::thread> threads;\n    hls::stream<Part<P>> parts",
        event,
    )
    join = (
        r"    add<P>(parts, planes, o, counts);\n    for (std::thread& thread : threads)"
        r" thread.join();"
    )
    event, ends_found = re.subn(r"    add<P>\(parts, planes, o, counts\);", join, event)
    assert scans == starts == ends_found == 1
    (place / "include/spikeloom/event.hpp").write_text(
        "#include <thread>\n#include <vector>\n" + event, encoding="utf-8"
    )


def built(plan: Plan, folder: Path) -> Path:
    place = project.write(plan, folder)
    threaded(place)
    command = [
        compiler(),
        "-std=c++17",
        "-O1",
        "-pthread",
        "-Wno-unknown-pragmas",
        "-I",
        HERE,
        "-Ishim",
        "-Iinclude",
        "-I.",
    ]
    subprocess.run(
        [*command, "top.cpp", HERE / "main.cpp", "-o", "threads"],
        cwd=place,
        check=True,
        timeout=300,
    )
    return place / "threads"


def residuals(plan: Plan) -> int:
    return sum(isinstance(node, Layer) and node.skip is not None for node in plan.graph.nodes)


def test_no_network_locks_up(seed: int, tmp_path: Path) -> None:
    plan = random_plan(seed)
    assert residuals(plan)
    words = random_words(np.random.default_rng(seed), plan.graph, IMAGES)
    data = stream_order(words).astype("<u2").tobytes()
    program = built(plan, tmp_path)
    done = subprocess.run([program], input=data, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    expected = golden.trace(plan.graph, words)[plan.graph.output.name]
    np.testing.assert_array_equal(
        np.frombuffer(done.stdout, dtype="<i4"), stream_order(expected).ravel()
    )
    if (
        seed == SEEDS[0]
    ):  # with two beats in every stream it does lock up, and the test would see it
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(
                [program],
                input=data,
                capture_output=True,
                timeout=4,
                env={**os.environ, "MOST_DEPTH": "2"},
            )
