"""The file of a board: everything that is wrong in it is said at once, in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from spikeloom.backend.vivado import flow
from spikeloom.backend.yosys import yosys
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.boards import BOARDS, FAMILIES, RULES, board_data, made
from spikeloom.mapping.estimate.memories import SLICES

Change = Callable[[dict[str, Any]], object]

WRONG: dict[str, tuple[Change, str]] = {
    "a family": (
        lambda d: d.update(family="xcv"),
        "family: expected one of xc7, xcup, found 'xcv'",
    ),
    "a list": (lambda d: d.update(family=[]), r"family: expected one of xc7, xcup, found \[\]"),
    "no part": (lambda d: d.pop("part"), "part: expected the FPGA .*, found nothing"),
    "a clock": (lambda d: d.update(clock_mhz="fast"), "clock_mhz: expected a number .*'fast'"),
    "no clock": (lambda d: d.update(clock_mhz=True), "clock_mhz: expected a number .*True"),
    "LUTs": (lambda d: d["resources"].update(lut="many"), "resources.lut: expected their number"),
    "no LUT": (lambda d: d["resources"].update(lut=0), "resources.lut: .* found 0"),
    "half a DSP": (lambda d: d["resources"].update(dsp=0.5), "resources.dsp: .* found 0.5"),
    "resources": (lambda d: d.update(resources=3), "resources.lut: .* found nothing; resources.ff"),
    "a key more": (lambda d: d["resources"].update(hbm=1), "resources.hbm: expected no such key"),
    "a width": (lambda d: d["memory"].update(width=48), "memory.width: expected 32, 64 or 128"),
    "addresses": (lambda d: d["memory"].update(address_width=64), "memory.address_width: .* 64"),
}


def copy() -> dict[str, Any]:
    data = board_data("pynq-z2")
    return {key: dict(value) if isinstance(value, dict) else value for key, value in data.items()}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str) -> None:
    change, message = WRONG[name]
    data = copy()
    change(data)
    with pytest.raises(SpikeLoomError, match=f"boards/mine.toml: .*{message}") as raised:
        made("mine", data)
    assert "\n" not in str(raised.value)


def test_everything_is_named_at_once() -> None:
    with pytest.raises(SpikeLoomError) as raised:
        made("mine", {})
    assert [key for key in RULES if f"{key}: expected" not in str(raised.value)] == []


def test_a_good_file_is_taken() -> None:
    assert made("pynq-z2", copy()) == BOARDS["pynq-z2"]


def test_every_family_is_known_to_estimates_and_tools() -> None:
    assert set(FAMILIES) == set(SLICES) == set(yosys.OPTIONS) == set(flow.FAMILIES)
