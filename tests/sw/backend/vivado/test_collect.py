"""What comes back from a run of Vivado on another machine: taken whole, or refused by name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from spikeloom.backend.bitstream import bitfile
from spikeloom.backend.vivado import flow as vivado
from spikeloom.errors import SpikeLoomError


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "out/toy.hwh",
            "0x40000000",
            "0x43C00000",
            (
                "address of the shell: expected M_AXI_GP0 0x40000000 to 0x4000ffff, found M_AXI_GP0"
                " 0x43c00000"
            ),
        ),
        (
            "out/toy.hwh",
            'VLNV="spikeloom:spikeloom:shell:1.0"',
            'VLNV="xilinx.com:module_ref:shell:1.0"',
            "VLNV of the shell",
        ),
        (
            "out/toy.hwh",
            'VLNV="spikeloom:spikeloom:shell:1.0"',
            'VLNV="a:b:c:1.0"',
            "shells: expected 1, found 0",
        ),
        (
            "out/toy.hwh",
            'INSTANCE="shell_0" IS_DATA',
            'INSTANCE="shell_1" IS_DATA',
            "address ranges of the shell: expected 1, found 0",
        ),
        (
            "out/toy.hwh",
            'MODTYPE="processing_system7"',
            'MODTYPE="microblaze"',
            "modules of type processing_system7: expected 1, found 0",
        ),
        (
            "out/toy.hwh",
            'DIVISOR0" VALUE="5"',
            'DIVISOR0" VALUE="4"',
            "divider of the fabric's clock: expected 10 for 100 MHz, found 8",
        ),
        (
            "out/toy.hwh",
            'DIVISOR0" VALUE="5"',
            'DIVISOR0" VALUE="x"',
            "expected a divider, found x",
        ),
        ("out/toy.hwh", "</EDKSYSTEM>", "", "expected a hardware handoff file in XML"),
        ("rtl/top.v", "endmodule", "endmodule // other", "expected the Verilog of manifest.json"),
        (
            "report/utilization.rpt",
            "Slice LUTs",
            "Slices",
            "expected a row for Slice LUTs or CLB LUTs, found none",
        ),
        ("report/utilization.rpt", "| 12345 ", "| many ", "expected a number for LUT, found "),
        (
            "report/hierarchy.rpt",
            "Total LUTs",
            "LUT Sum",
            "expected a table with columns Instance, Total LUTs, FFs",
        ),
        ("report/timing_summary.rpt", "WNS(ns)", "WNS", "expected a design timing summary"),
        ("report/timing_summary.rpt", "0.338", "NA", "expected a number for WNS.*found 'NA'"),
        (
            "report/timing_summary.rpt",
            "10.000   ",
            "20.000   ",
            "expected a clock of 10.000 ns, found clk_fpga_0 with 20.000 ns",
        ),
        ("report/timing_setup.rpt", "Slack (MET)", "Slack", "expected the slack of a path"),
        ("report/power.rpt", "Total On-Chip", "Total", "expected Total On-Chip Power"),
        (
            "report/utilization.rpt",
            "Tool Version",
            "Tool",
            "expected the version of Vivado in its head",
        ),
    ],
)
def test_what_collect_refuses(ready: Path, name: str, old: str, new: str, message: str) -> None:
    edit(ready / name, old, new)
    with pytest.raises(SpikeLoomError, match=message) as caught:
        vivado.collect(ready)
    assert str(ready) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "out/toy.bit",
        "out/toy.hwh",
        "report/power.rpt",
        "report/hierarchy.rpt",
        "report/timing_summary.rpt",
    ],
)
def test_what_collect_misses(ready: Path, name: str) -> None:
    (ready / name).unlink()
    with pytest.raises(SpikeLoomError, match=re.escape(str(ready / name))):
        vivado.collect(ready)


def test_collect_knows_a_cut_bitstream(ready: Path) -> None:
    raw = (ready / "out" / "toy.bit").read_bytes()
    (ready / "out" / "toy.bit").write_bytes(raw[:-100])
    with pytest.raises(
        SpikeLoomError, match="expected 4045564 bytes of configuration data, found 4045464"
    ):
        vivado.collect(ready)
    other = bitfile.parse(raw, "x")
    bitfile.write(ready / "out" / "toy.bit", replace(other, part="7z010clg400"))
    with pytest.raises(SpikeLoomError, match="expected a bitstream for xc7z020clg400-1"):
        vivado.collect(ready)


def test_the_handoff_file_is_one_for_pynq(ready: Path) -> None:
    from pynq.pl_server.embedded_device import Metadata, RuntimeMetadataParser

    parsed = RuntimeMetadataParser(Metadata(input=ready / "out" / "toy.hwh"))
    assert (
        parsed.ip_dict["shell_0"]["phys_addr"] == 0x4000_0000
        and parsed.ip_dict["shell_0"]["addr_range"] == 0x10000
    )
    assert xml.parse(ready / "out" / "toy.hwh").getroot().tag == "EDKSYSTEM"
