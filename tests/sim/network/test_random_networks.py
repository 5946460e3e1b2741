"""Random networks, randomly folded: every output of the Verilated hardware equals the golden
model's, every counter the cycle model's.

40 by default; ``pytest tests/sim/test_random_networks.py --random-networks 2000`` for more (``-n 2
--dist loadgroup`` to share them out).
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from spikeloom_sim.network.network import Network, Stalls

from tests.sim.cases import Case, batch

BATCH = 20


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "index" not in metafunc.fixturenames:
        return
    count, first = (
        metafunc.config.getoption("--random-networks"),
        metafunc.config.getoption("--random-seed"),
    )
    rows = []
    for k in range(count):
        start = k // BATCH * BATCH
        mark = pytest.mark.xdist_group(f"batch{start}")
        rows.append(
            pytest.param(
                first + start,
                min(BATCH, count - start),
                k - start,
                id=f"seed{first + k}",
                marks=mark,
            )
        )
    metafunc.parametrize(("start", "size", "index"), rows)


def check_times(case: Case, network: Network, mode: str) -> None:
    """Outputs, and every cycle and count, in a run without stalls."""
    result, expected = network.run(case.words, mode), case.timing[mode]
    np.testing.assert_array_equal(
        result.values, case.values, err_msg=f"seed {case.seed}, {mode}: outputs"
    )
    counted = expected.counters()
    different = {
        name: (count, counted.get(name))
        for name, count in result.counters.items()
        if counted.get(name) != count
    }
    assert not different, f"seed {case.seed}, {mode}: counters (hardware, cycle model): {different}"
    assert result.counters.keys() == counted.keys()
    assert (result.first.tolist(), result.last.tolist()) == (
        expected.first.tolist(),
        expected.last.tolist(),
    ), f"seed {case.seed}, {mode}"


def test_equal(
    start: int, size: int, index: int, record_property: Callable[[str, object], None]
) -> None:
    case, network = batch(start, size)[index]
    record_property("coverage", json.dumps(case.coverage))
    check_times(case, network, "single")
    check_times(case, network, "stream")
    for stalls in (
        Stalls(0.3, 0.3, 3, case.seed),
        Stalls(0, 0.6, 20, case.seed),
        Stalls(0.6, 0, 20, case.seed),
    ):
        result = network.run(case.words, "stream", stalls)
        np.testing.assert_array_equal(
            result.values, case.values, err_msg=f"seed {case.seed}, {stalls}"
        )


def test_last_output_before_the_last_input_beat() -> None:
    """Seed 152 strides over rows that no output needs: they come when the image is answered
    already, and the next image still starts.
    """
    case, network = batch(152, 1)[0]
    check_times(case, network, "single")
    check_times(case, network, "stream")
