"""The area of the hardware: what Yosys makes of it today is what is on file. Where a change is
meant, a command writes the files anew.
"""

from __future__ import annotations

import json

import pytest
from spikeloom.backend.yosys import yosys
from spikeloom.backend.yosys.cells import NOTHING

from tests.synthesis import baselines, calibrate, chosen
from tests.synthesis.measuring import measure


def test_small_components() -> None:
    known = json.loads(baselines.FILE.read_text(encoding="utf-8"))
    assert known.pop("yosys") == yosys.version(), (
        "another Yosys than that of the baselines: python -m tests.synthesis.baselines"
    )
    found = {name: baselines.row(cells) for name, cells in measure(baselines.designs()).items()}
    assert found == known, (
        "the area has changed; where that is meant: python -m tests.synthesis.baselines"
    )


def test_components_of_the_calibration_set(request: pytest.FixtureRequest) -> None:
    """The first ones of it; all with --synthesis-components 1000."""
    count = request.config.getoption("--synthesis-components")
    known = calibrate.load()["components"]
    some = sorted(chosen.chosen(), key=lambda choice: (choice.part.registers, choice.name))[:count]
    found = measure({choice.name: chosen.design(choice, f"c{k}") for k, choice in enumerate(some)})
    rows = {name: calibrate.row(sum(cells.values(), NOTHING)) for name, cells in found.items()}
    assert rows and rows == {name: known[name] for name in rows}, (
        "where that is meant: delete these, python -m tests.synthesis.calibrate"
    )
