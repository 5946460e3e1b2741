"""From the command to the result, with a flow that stands in for the tools: clocks, missing tools,
failures, what is written where.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from spikeloom import Accelerator
from spikeloom.backend.bitstream import build as making
from spikeloom.backend.bitstream import publish
from spikeloom.backend.bitstream.clocks import TimingError
from spikeloom.backend.bitstream.result import Built
from spikeloom.backend.tools import ToolError
from spikeloom.backend.yosys.cells import NOTHING
from spikeloom.cli import main
from spikeloom.interface import manifest as manifests

from tests.sw.backend.bitstream.files import built


@pytest.fixture
def net(emitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(publish, "bitstreams", lambda: tmp_path / "house")
    return Path(shutil.copytree(emitted, tmp_path / "small"))


def synthesis(**wanted: int) -> Callable[..., Any]:
    """A synthesis that finds that a network takes so much."""
    return lambda *_: SimpleNamespace(total=replace(NOTHING, **wanted))


class Flow(ModuleType):
    """A flow whose design runs at ``limit_mhz``."""

    TOOLS = ("maker",)
    FAMILIES = ("xc7",)
    CLOCK_MHZ: float | None = None

    def __init__(self) -> None:
        super().__init__("tests.standin")
        self.missing: list[str] = []
        self.limit_mhz, self.clocks = 1000.0, list[float]()

    def absent(self) -> list[str]:
        return self.missing

    def prepare(self, network: Path, target: Path) -> None:
        target.mkdir(exist_ok=True)
        shutil.copy(network / "manifest.json", target)

    def build(self, target: Path, progress: Callable[[str, int, int], None]) -> Built:
        progress("placing", 0, 0)
        manifest = manifests.load(target)
        self.clocks.append(manifest.clock_mhz)
        if manifest.clock_mhz > self.limit_mhz:
            raise TimingError(f"{manifest.clock_mhz} MHz: not met", self.limit_mhz)
        return self.collect(target)

    def collect(self, target: Path) -> Built:
        made = built(target / "out", manifests.load(target))
        return Built(
            made.bit, made.hwh, made.tool, {"source": made.tool, "fmax_mhz": self.limit_mhz}
        )


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flow]:
    made = Flow()
    monkeypatch.setitem(making.FLOWS, "standin", "tests.standin")
    monkeypatch.setitem(sys.modules, "tests.standin", made)
    monkeypatch.setattr(making, "resources", synthesis(lut=53_200, ff=106_400, ramb18=280, dsp=220))
    yield made


def run(net: Path, *arguments: str) -> int:
    return main.run(["bitstream", str(net), "--flow", "standin", *arguments])


def published(tmp_path: Path) -> dict[str, Any]:
    return dict(
        json.loads(
            (tmp_path / "house" / "small-pynq-z2" / "report.json").read_text(encoding="utf-8")
        )
    )


def test_built_and_published(
    net: Path, flow: Flow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = manifests.load(net)
    assert run(net, "--board", "pynq-z2") == 0
    out = capsys.readouterr().out
    assert "bitstream for 100 MHz" in out and "fmax_mhz: 1000" in out and flow.clocks == [100.0]
    assert published(tmp_path)["identity"] == before.identity == manifests.load(net).identity
    assert (
        json.loads((net / "report" / "post_route.json").read_text(encoding="utf-8"))["fmax_mhz"]
        == 1000.0
    )


def test_tools_that_are_missing(
    net: Path, flow: Flow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 3, one line, the folder; then what was made elsewhere is taken."""
    flow.missing = ["maker"]
    assert run(net) == 3
    line = capsys.readouterr().err
    assert (
        line.count("\n") == 1
        and line.startswith("maker: not on PATH")
        and str(net / "standin") in line
        and "--from" in line
    )
    assert (
        (net / "standin" / "manifest.json").is_file()
        and not (tmp_path / "house").exists()
        and not (net / "report").exists()
    )
    assert run(net, "--from", str(net / "standin")) == 0
    assert published(tmp_path)["tool"] == "a tool 1.0"


def untouched(net: Path) -> dict[str, bytes]:
    """What belongs to the network itself."""
    return {
        path.name: path.read_bytes()
        for path in (net / "plan.json", net / "manifest.json", *(net / "rtl").iterdir())
    }


def test_a_clock_of_its_own(net: Path, flow: Flow, tmp_path: Path) -> None:
    """Plan, estimates, manifest, Verilog and bitstream are all for it, in a folder of their own."""
    before = untouched(net)
    assert run(net, "--clock-mhz", "50") == 0
    there = net / "at-50-MHz"
    assert (
        Accelerator.load(there).plan.clock_mhz
        == manifests.load(there).clock_mhz
        == published(tmp_path)["clock_mhz"]
        == 50.0
    )
    assert (
        json.loads((there / "estimate_network_performance.json").read_text(encoding="utf-8"))[
            "fclk[mhz]"
        ]
        == 50.0
    )
    assert (
        published(tmp_path)["identity"] == manifests.load(there).identity
        and Accelerator.load(there).emitted
    )
    flow.CLOCK_MHZ = 40.0
    assert run(net) == 0 and flow.clocks == [50.0, 40.0] and untouched(net) == before


def test_a_bitstream_for_another_clock_is_deployed_with_its_own_manifest(
    net: Path, flow: Flow, tmp_path: Path
) -> None:
    assert run(net, "--clock-mhz", "50") == 0
    np.save(net / "test_x.npy", np.zeros((2, 1, 4, 4), dtype=np.float32))
    assert main.run(["deploy", str(net)]) == 0
    there = manifests.load(net / "at-50-MHz")
    assert manifests.load(net / "deploy").identity == there.identity
    assert (
        json.loads((net / "deploy" / "expected.json").read_text(encoding="utf-8"))["identity"]
        == there.identity
    )


def test_the_fastest_clock_is_searched(
    net: Path, flow: Flow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow.limit_mhz, before = 81.0, untouched(net)
    assert run(net, "--clock-mhz", "auto") == 0
    assert flow.clocks[0] == 100.0 and 70 < flow.clocks[-1] <= 81.0
    best = max(clock for clock in flow.clocks if clock <= 81.0)
    assert (
        manifests.load(net / f"at-{best:g}-MHz").identity == published(tmp_path)["identity"]
        and published(tmp_path)["clock_mhz"] == best
    )
    assert "100 MHz: not met" in capsys.readouterr().out and untouched(net) == before


def test_a_clock_that_is_not_met(
    net: Path, flow: Flow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow.limit_mhz = 81.0
    assert run(net) == 2
    assert (
        "not met" in capsys.readouterr().err
        and not (tmp_path / "house").exists()
        and not (net / "report").exists()
    )


def fails(error: Exception) -> Callable[..., Built]:
    def build(*_: object) -> Built:
        raise error

    return build


def test_figures_that_cannot_be_written_publish_nothing(
    net: Path, flow: Flow, tmp_path: Path
) -> None:
    (net / "report" / "post_route.json").mkdir(parents=True)
    assert run(net) == 2 and not (tmp_path / "house").exists()


def test_what_is_replaced_is_said(
    net: Path, flow: Flow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(net) == 0 and "replaces" not in capsys.readouterr().out
    assert (
        run(net, "--clock-mhz", "50") == 0
        and "replaces the bitstream of a tool 1.0 for 100 MHz" in capsys.readouterr().out
    )


def test_two_runs_at_once(
    net: Path, flow: Flow, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is refused, and the first one does not mind."""
    build = flow.build
    found = []

    def meanwhile(*arguments: Any) -> Built:
        found.append(run(net))
        return build(*arguments)

    monkeypatch.setattr(flow, "build", meanwhile)
    assert (
        run(net) == 0
        and found == [2]
        and "another 'spikeloom bitstream' builds in it" in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", ["shell.v", "ps7_top.v"])
def test_verilog_around_the_network_that_was_changed(
    net: Path, flow: Flow, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flow.missing = ["maker"]
    assert run(net) == 3
    work = net / "standin"
    (work / "rtl").mkdir()
    for path in (net / "rtl").iterdir():
        shutil.copy(path, work / "rtl")
    for folder in (work, net):
        with (folder / "rtl" / name).open("a", encoding="utf-8") as stream:
            stream.write("// mine\n")
        capsys.readouterr()
        if folder == work:
            assert (
                run(net, "--from", str(work)) == 2
                and f"{work / 'rtl' / name}: expected the Verilog of" in capsys.readouterr().err
            )
    assert (
        run(net) == 2
        and f"{net / 'rtl' / name}: expected it as it was emitted" in capsys.readouterr().err
    )


def test_a_folder_of_another_network(
    net: Path, flow: Flow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    manifest = manifests.load(net)
    (other / "manifest.json").write_text(
        replace(manifest, top_sha256="0" * 64).to_json(), encoding="utf-8"
    )
    assert (
        run(net, "--from", str(other)) == 2
        and "found another network or plan (small)" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "error",
    [ToolError("maker died; its log: x.log"), OSError(28, "No space left on device", "x.bit")],
)
def test_a_failure_keeps_what_was_published(
    net: Path, flow: Flow, tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(net) == 0
    before = published(tmp_path)
    monkeypatch.setattr(flow, "build", fails(error))
    assert run(net) == 2 and published(tmp_path) == before
    assert publish.verify(tmp_path / "house" / "small-pynq-z2")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--board", "zcu104"), "was compiled for pynq-z2"),
        (("--flow", "magic"), "flow 'magic' is unknown: expected one of vivado, open"),
        (("--clock-mhz", "fast"), "--clock-mhz: expected a number or auto, got 'fast'"),
        (("--clock-mhz", "nan"), "clock must be 1 to 1000 MHz, got nan"),
        (("--clock-mhz", "0"), "clock must be 1 to 1000 MHz, got 0"),
        (("--ooc",), "--ooc: is there with --flow vivado only"),
        (("--from", "nowhere"), "expected the folder in which the tools have run"),
        (("--from", "nowhere", "--clock-mhz", "50"), "leave --clock-mhz away"),
    ],
)
def test_bad_requests(
    net: Path, flow: Flow, arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (net / "manifest.json").read_bytes()
    assert run(net, *arguments) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and says in line and (net / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("clock", [(), ("--clock-mhz", "auto")])
def test_a_network_that_does_not_fit(
    net: Path,
    flow: Flow,
    clock: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Said before the tools run."""
    monkeypatch.setattr(making, "resources", synthesis(lut=53_201, ramb18=300))
    assert run(net, *clock) == 2
    line = capsys.readouterr().err
    assert (
        "does not fit pynq-z2" in line
        and "1 too many" in line
        and "20 too many" in line
        and not flow.clocks
    )


def test_auto_needs_the_tools(net: Path, flow: Flow, capsys: pytest.CaptureFixture[str]) -> None:
    flow.missing = ["maker"]
    assert run(net, "--clock-mhz", "auto") == 2
    assert "searches by building, but maker not found on PATH" in capsys.readouterr().err


def test_a_flow_for_another_family(
    net: Path, flow: Flow, capsys: pytest.CaptureFixture[str]
) -> None:
    flow.FAMILIES = ("xcup",)
    assert run(net) == 2 and "no way to a bitstream for pynq-z2" in capsys.readouterr().err
