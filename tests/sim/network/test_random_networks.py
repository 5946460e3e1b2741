"""Random networks, randomly folded: every output of the Verilated hardware equals the golden
model's, every counter the cycle model's.

40 by default; ``--random-networks 2000 --random-seed 1000`` for others (``-n 2 --dist loadgroup``
to share them out).
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.sim.cases import batch, check, check_times

BATCH = 8


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


def test_equal(
    start: int, size: int, index: int, record_property: Callable[[str, object], None]
) -> None:
    case, network = batch(start, size)[index]
    record_property("coverage", json.dumps(case.coverage))
    check(case, network)


def test_last_output_before_the_last_input_beat() -> None:
    """Seed 152 strides over rows that no output needs: they come when the image is answered
    already, and the next image still starts.
    """
    case, network = batch(152, 1)[0]
    check_times(case, network, "single")
    check_times(case, network, "stream")
