"""What a synthesis has found: what does not fit, what is not known, and the components of cells."""

from __future__ import annotations

import json

import pytest
from spikeloom.backend.yosys import synthesis
from spikeloom.backend.yosys.cells import Taken
from spikeloom.backend.yosys.components import finder, inside
from spikeloom.backend.yosys.synthesis import Component, Delay, Synthesis, fits, from_json, to_json
from spikeloom.interface.boards import BOARDS


def made(**changes: object) -> Synthesis:
    part = Component(
        "fc",
        "body",
        Taken(lut=60_000, ff=5, ramb18=281, dsp=221),
        Delay(2.5, "a", "b", (("LUT6", 2),)),
    )
    usual = {
        "network": "n",
        "board": "pynq-z2",
        "source": "s",
        "components": (part,),
        "estimates": {},
        "key": "k",
    }
    return Synthesis(**{**usual, "without_arcs": (), "without_setup": (), "unknown": (), **changes})  # type: ignore[arg-type]


def test_what_does_not_fit_is_named_with_how_much(capsys: pytest.CaptureFixture[str]) -> None:
    found = made()
    lines = synthesis.warnings(found)
    assert lines == (
        "LUT: 60,000 needed, pynq-z2 has 53,200: 6,800 too many",
        "RAMB18: 281 needed, pynq-z2 has 280: 1 too many",
        "DSP: 221 needed, pynq-z2 has 220: 1 too many",
    )
    assert "n does not fit pynq-z2" in synthesis.lines(found)[0] and "112.8 %" in repr(found)
    assert fits(Taken(lut=53_200, ff=106_400, ramb18=280, dsp=220), BOARDS["pynq-z2"]) == ()
    assert fits(Taken(uram=1), BOARDS["pynq-z2"]) == ("URAM: 1 needed, pynq-z2 has 0: 1 too many",)


def test_what_is_not_in_the_numbers_is_said() -> None:
    said = " ".join(synthesis.warnings(made(without_arcs=("URAM288",), unknown=("ODD",))))
    assert "unknown: ODD" in said and "no delay is known of URAM288" in said
    assert any("UltraScale+" in line for line in synthesis.lines(made(board="zcu104")))


def test_result_survives_its_file() -> None:
    found = made(without_arcs=("URAM288",), estimates={"fc": 3})
    assert from_json(json.loads(json.dumps(to_json(found)))) == found


def test_places_become_components() -> None:
    find = finder(("conv", "conv_2", "conv_2_b"))
    top = ("core", "engine", "top")
    assert find(()) == find(("core",)) == ("shell", "itself") and find(
        ("core", "reader", "fifo")
    ) == ("shell", "reader")
    assert find(("core", "engine")) == ("shell", "engine") and find(top) == ("network", "itself")
    assert find((*top, "conv_2_b_source", "queue0")) == ("conv_2_b", "source") and find(
        (*top, "conv_2_body")
    ) == ("conv_2", "body")
    assert find((*top, "conv_2.skip_source")) == ("conv_2", "skip source") and find(
        (*top, "convex_fork")
    ) == ("network", "convex fork")
    assert inside((*top, "conv_2_b_source", "queue0")) == ("queue0",) and inside(
        ("core", "reader", "fifo")
    ) == ("fifo",)
    assert inside(("core",)) == ()
