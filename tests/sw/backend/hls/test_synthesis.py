"""Vitis HLS: what is read of its report, and what it is given. It was never run here: report and
program are stand-ins.
"""

from __future__ import annotations

import os
import tkinter
from pathlib import Path

import pytest
from spikeloom.backend.hls import project, report, synthesis
from spikeloom.cli import main
from spikeloom.errors import SpikeLoomError
from spikeloom.mapping.plan import plan_file

from tests.sw.backend.hls.small import small_plan

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<profile>
  <ReportVersion><Version>2022.2</Version></ReportVersion>
  <UserAssignments><Part>xc7z020-clg400-1</Part><TopModelName>spikeloom_hls</TopModelName><TargetClockPeriod>10.00</TargetClockPeriod></UserAssignments>
  <PerformanceEstimates>
    <SummaryOfTimingAnalysis><unit>ns</unit><EstimatedClockPeriod>7.291</EstimatedClockPeriod></SummaryOfTimingAnalysis>
    <SummaryOfOverallLatency>
      <Best-caseLatency>1200</Best-caseLatency><Average-caseLatency>undef</Average-caseLatency><Worst-caseLatency>undef</Worst-caseLatency>
      <Interval-min>900</Interval-min><Interval-max>?</Interval-max>
    </SummaryOfOverallLatency>
  </PerformanceEstimates>
  <AreaEstimates>
    <Resources><BRAM_18K>12</BRAM_18K><DSP>3</DSP><FF>4567</FF><LUT>8901</LUT><URAM>0</URAM></Resources>
    <AvailableResources><BRAM_18K>280</BRAM_18K><DSP>220</DSP><FF>106400</FF><LUT>53200</LUT><URAM>0</URAM></AvailableResources>
  </AreaEstimates>
</profile>
"""
"""As far as it is documented and seen in reports that others published; only the elements that are
read.
"""

PROGRAM = (
    """#!/bin/sh
echo "$@" > called
test -n "$FAILS" && { echo "ERROR: [HLS 200-70] no licence"; exit 1; }
mkdir -p vitis/solution/syn/report
cat > vitis/solution/syn/report/spikeloom_hls_csynth.xml <<'END'
"""
    + REPORT
    + "END\n"
)


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A Vitis HLS on PATH, of that name alone."""
    program = folder / "bin" / name
    program.parent.mkdir()
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")


def test_a_report(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(REPORT, encoding="utf-8")
    found = synthesis.read(path)
    assert (found.version, found.part, found.target_ns, found.clock_ns) == (
        "2022.2",
        "xc7z020-clg400-1",
        10.0,
        7.291,
    )
    assert (found.latency, found.interval) == ((1200, None), (900, None))
    assert found.resources == {"LUT": 8901, "FF": 4567, "DSP": 3, "BRAM_18K": 12, "URAM": 0}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("</profile>", "", "found something else (no element found"),
        ("<LUT>8901</LUT>", "", "found something else (no AreaEstimates/Resources/LUT)"),
        (">7.291<", ">fast<", "found something else (could not convert"),
    ],
)
def test_no_report(old: str, new: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(REPORT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SpikeLoomError) as caught:
        synthesis.read(path)
    assert says in str(caught.value) and str(caught.value).startswith(
        f"{path}: expected the report of a synthesis by Vitis HLS"
    )


@pytest.mark.parametrize(
    ("name", "arguments"), [("vitis_hls", "-f hls.tcl"), ("vitis-run", "--mode hls --tcl hls.tcl")]
)
def test_the_tool_is_run_and_its_report_is_read(
    name: str,
    arguments: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = small_plan()
    plan_file.save(plan, tmp_path)
    assert main.run(["hls", str(tmp_path)]) == 0
    assert "estimate, never synthesised" in capsys.readouterr().out
    installed(tmp_path, monkeypatch, name)
    assert main.run(["hls", str(tmp_path), "--vitis"]) == 0
    said = capsys.readouterr().out
    assert (
        "Vitis HLS 2022.2" in said
        and "interval 900 to by data cycles, 8,901 LUT" in said
        and "never synthesised" not in said
    )
    assert (tmp_path / "hls" / "called").read_text(encoding="utf-8").strip() == arguments
    found = report.load(plan, tmp_path)
    assert found is not None and found.synthesis is not None and found.synthesis.clock_ns == 7.291
    # It stays, until another plan is there.
    assert main.run(["hls", str(tmp_path)]) == 0 and "Vitis HLS 2022.2" in capsys.readouterr().out
    monkeypatch.setenv("FAILS", "1")
    assert main.run(["hls", str(tmp_path), "--vitis"]) == 2
    assert "(ERROR: [HLS 200-70] no licence); its log:" in capsys.readouterr().err


def test_the_tool_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_file.save(small_plan(), tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main.run(["hls", str(tmp_path), "--vitis"]) == 3
    assert (
        "vitis_hls or vitis-run is not on PATH" in capsys.readouterr().out
        and (tmp_path / "hls" / "top.cpp").exists()
    )


def test_the_tcl_names_files_that_are_there(tmp_path: Path) -> None:
    place = project.write(small_plan(), tmp_path / "with a space")
    tcl, called = tkinter.Tcl(), []
    names = (
        "open_project",
        "set_top",
        "add_files",
        "open_solution",
        "set_part",
        "create_clock",
        "config_export",
    )
    for name in (*names, "csim_design", "csynth_design", "cosim_design", "export_design"):
        tcl.createcommand(name, lambda *arguments, name=name: called.append((name, *arguments)))
    tcl.eval("proc exit {} {}")
    tcl.evalfile(str(place / "hls.tcl"))
    steps = [line[0] for line in called]
    assert (
        steps[-3:] == ["csim_design", "csynth_design", "export_design"]
        and "cosim_design" not in steps
    )
    assert ("set_part", "xc7z020clg400-1") in called and (
        "create_clock",
        "-period",
        "10.000",
        "-name",
        "default",
    ) in called
    files = [
        Path(next(word for word in line[1:] if word != "-tb"))
        for line in called
        if line[0] == "add_files"
    ]
    assert {path.name for path in files} == {
        "top.cpp",
        "testbench.cpp",
        "input.npy",
        "expected.npy",
    }
    assert all(path.is_file() for path in files)
    tcl.setvar("env(SPIKELOOM_COSIM)", "1")
    called.clear()
    tcl.evalfile(str(place / "hls.tcl"))
    assert [line[0] for line in called][-3:] == ["csynth_design", "cosim_design", "export_design"]


def test_the_configuration_names_files_that_are_there(tmp_path: Path) -> None:
    place = project.write(small_plan(), tmp_path)
    lines = (place / "hls_config.cfg").read_text(encoding="utf-8").splitlines()
    named = [line.partition("=")[2] for line in lines if line.startswith(("syn.file=", "tb.file="))]
    assert len(named) == 4 and all((place / name).is_file() for name in named)
    assert "part=xc7z020clg400-1" in lines and "clock=10.000ns" in lines
