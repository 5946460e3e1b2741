"""The hardware handoff: what stands in it. Both versions of pynq load overlays with it in
``tests/sim/board``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.handoff import SYSTEMS, clock_parameters, divisors, hwh_text
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import REGISTERS

from tests.sim.toy import Toy

CLOCKS = {"pynq-z2": 100.0, "zcu104": 250.0}


def manifest(board: str, clock_mhz: float | None = None) -> Manifest:
    return replace(
        Toy(steps=4, group=9, beats=8, outputs=10).manifest(),
        board=board,
        clock_mhz=clock_mhz or CLOCKS[board],
    )


def properties(element: xml.Element) -> dict[str, str]:
    return {found.get("NAME", ""): found.get("VALUE", "") for found in element.findall("PROPERTY")}


@pytest.mark.parametrize("board", CLOCKS)
def test_one_description(board: str) -> None:
    """Every register and every field is in it, as the register description has it."""
    root = xml.fromstring(hwh_text(manifest(board)))
    found = {register.get("NAME"): register for register in root.iter("REGISTER")}
    expected = 0
    for register in REGISTERS:
        for k in range(register.count):
            entry = found[register.name if register.count == 1 else f"{register.name}_{k}"]
            values = properties(entry)
            assert int(values["ADDRESS_OFFSET"], 16) == register.offset + k * register.width // 8
            assert (values["SIZE"], values["DESCRIPTION"]) == (str(register.width), register.text)
            fields = {field.get("NAME"): properties(field) for field in entry.iter("FIELD")}
            assert {
                name: (int(p["BIT_OFFSET"]), int(p["BIT_WIDTH"])) for name, p in fields.items()
            } == {field.name: (field.bit, field.width) for field in register.fields}
            expected += 1
    assert len(found) == expected


@pytest.mark.parametrize(
    ("board", "first", "last"),
    [("pynq-z2", "0x40000000", "0x4000FFFF"), ("zcu104", "0xA0000000", "0xA000FFFF")],
)
def test_where_the_shell_is(board: str, first: str, last: str) -> None:
    root = xml.fromstring(hwh_text(manifest(board)))
    (place,) = root.iter("MEMRANGE")
    assert (place.get("INSTANCE"), place.get("BASEVALUE"), place.get("HIGHVALUE")) == (
        "shell_0",
        first,
        last,
    )
    processor, shell = root.iter("MODULE")
    assert (
        shell.get("VLNV") == "spikeloom:spikeloom:shell:1.0"
        and processor.get("MODTYPE") == SYSTEMS["xc7" if board == "pynq-z2" else "xcup"].module
    )
    interfaces = {bus.get("NAME"): bus.get("TYPE") for bus in shell.iter("BUSINTERFACE")}
    assert interfaces == {"s_axi_control": "SLAVE", "m_axi_memory": "MASTER"}
    assert place.get("MASTERBUSINTERFACE") in {
        bus.get("NAME") for bus in processor.iter("BUSINTERFACE")
    }


def test_same_manifest_same_text_another_one_another() -> None:
    one = manifest("pynq-z2")
    assert hwh_text(one) == hwh_text(one) and one.identity in hwh_text(one)
    assert hwh_text(replace(one, name="other")) != hwh_text(one)


@pytest.mark.parametrize(
    ("pll", "wanted", "found"),
    [
        (1000.0, 100.0, 100.0),
        (1000.0, 150.0, 1000 / 7),
        (1000.0, 99.9, 1000 / 11),
        (1499.985, 250.0, 249.9975),
        (1000.0, 0.5, 1000 / 2009),
    ],
)
def test_clock_is_never_faster_than_the_plan(pll: float, wanted: float, found: float) -> None:
    first, second = divisors(pll, wanted)
    assert (
        pll / (first * second) == pytest.approx(found, rel=2e-2)
        and pll / (first * second) <= wanted * 1.0001
    )
    assert 1 <= second <= first <= 63


def test_clock_parameters() -> None:
    found = clock_parameters(manifest("pynq-z2", 150.0))
    assert (found["PCW_FPGA_FCLK0_ENABLE"], found["PCW_FPGA_FCLK1_ENABLE"]) == ("1", "0")
    assert (
        int(found["PCW_FCLK0_PERIPHERAL_DIVISOR0"]) * int(found["PCW_FCLK0_PERIPHERAL_DIVISOR1"])
        == 7
    )
    assert float(found["PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ"]) == pytest.approx(
        1000 / 7, abs=1e-5
    )


def test_wrong_requests() -> None:
    with pytest.raises(SpikeLoomError, match="clock of 0.1 MHz: expected 0.252 or more"):
        hwh_text(manifest("pynq-z2", 0.1))
    with pytest.raises(SpikeLoomError, match="board 'other' is unknown"):
        hwh_text(replace(manifest("pynq-z2"), board="other"))


@pytest.mark.parametrize("board", CLOCKS)
def test_pynq_takes_it(board: str, tmp_path: Path) -> None:
    from pynq.pl_server.embedded_device import Metadata, RuntimeMetadataParser

    path = tmp_path / "shell.hwh"
    path.write_text(hwh_text(manifest(board)), encoding="utf-8")
    parsed = RuntimeMetadataParser(Metadata(input=path))
    assert set(parsed.ip_dict) == {"shell_0", parsed.ps_name} and parsed.mem_dict == {}
    assert parsed.clock_dict[0]["enable"] == 1 and parsed.clock_dict[1]["enable"] == 0
    assert parsed.clock_dict[0]["frequency"] == pytest.approx(CLOCKS[board], rel=1e-4)
