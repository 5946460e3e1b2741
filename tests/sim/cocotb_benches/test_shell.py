"""The shell under cocotb and Verilator, with a bus master and a memory that were written
elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import find_libpython
import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import golden
from spikeloom_hw.emit import emit
from spikeloom_sim.cocotb_benches import run

from tests.networks import random_plan, random_words

pytestmark = pytest.mark.skipif(
    find_libpython.find_libpython() is None,
    reason="cocotb needs libpython as a shared library, which is not installed",
)

BENCH = "spikeloom_sim.cocotb_benches.shell"


@pytest.mark.parametrize(("board", "seed"), [("pynq-z2", 24), ("zcu104", 30)])
def test_shell_equals_golden(board: str, seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    plan = replace(random_plan(rng, 3), board=board)
    emit(plan, tmp_path)
    words = random_words(rng, plan.graph, 3, 0.4)
    values = golden.integers(plan.graph, words)
    run.save_vectors(tmp_path, words, values)
    assert run.run(tmp_path, BENCH, shell=True) == 8
    if board == "pynq-z2":
        values.flat[-1] += 1
        run.save_vectors(tmp_path, words, values)
        with pytest.raises(SpikeLoomError, match="8 of 8 benches failed"):
            run.run(tmp_path, BENCH, shell=True)
