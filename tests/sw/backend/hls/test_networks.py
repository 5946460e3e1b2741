"""Random networks, randomly folded, through the generated C++: every output and every count equals
those of the golden model and the RTL.

3 by default; ``pytest tests/hls --hls-networks 200`` for more, and with ``--ap-types DIR`` on
Vitis' own types (hls4ml has them in ``templates/vivado/ap_types``). The RTL of the same seeds is
compared in tests/sim/test_random_networks.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from spikeloom.backend.hls import project
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.fewer_steps import most_steps
from spikeloom.mapping import cycle_model
from spikeloom.mapping.cycle_model import ONE_AT_A_TIME
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.runtime_steps import selectable

from tests.networks import random_plan, random_words
from tests.sw.backend.hls.small import again, with_types

IMAGES = 4


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        count, first = (
            metafunc.config.getoption("--hls-networks"),
            metafunc.config.getoption("--random-seed"),
        )
        metafunc.parametrize("seed", range(first, first + count))


def selected(plan: Plan) -> Plan:
    """The same for hardware whose time steps can be chosen, where it can have that."""
    try:
        found = selectable(plan)
        for steps in range(1, most_steps(plan.graph)):
            _ = found.with_steps(steps).stages
        return found
    except SpikeLoomError:
        return plan


def test_equal(
    seed: int, tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng)
    words = random_words(rng, plan.graph, IMAGES)
    plan = selected(plan) if seed % 3 == 0 else plan
    place, types = project.write(plan, tmp_path), pytestconfig.getoption("--ap-types")
    if types:
        with_types(place, Path(types).resolve(), tmp_path / "cxx")
        monkeypatch.setenv("CXX", str(tmp_path / "cxx"))
    found = again(plan, place, words, sanitize=not types and seed % 6 == 2)
    assert not found.differences and found.equal_outputs == found.outputs
    expected = cycle_model.simulate(plan, words, ONE_AT_A_TIME).counters()
    for name, count in found.run.counters.items():
        kind = name.rpartition(".")[2]
        # The RTL counts what is busy while an image is in flight; rows that no output needs may be
        # worked on later.
        if kind == "busy":
            assert count >= expected[name], name
        elif kind not in ("stalled", "starved"):
            assert count == expected[name], name
    for steps in range(1, len(plan.fewer) + 1):
        fewer = again(plan, place, words, steps)
        assert not fewer.differences and fewer.equal_outputs == fewer.outputs, f"{steps} time steps"
