"""What is emitted: the same bytes every time, a manifest that comes back as it was, and Verilog
that Verilator has nothing to say about.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import manifest as manifests
from spikeloom.mapping.plan.plan_file import hashes
from spikeloom_hw.emit import emit, verilog_text
from spikeloom_sim.board.bench import ps7_bench
from spikeloom_sim.board.build import MODELS
from spikeloom_sim.network.lint import lint

from tests.networks import random_plan

AGAIN = """
import numpy as np
from tests.networks import random_plan
from spikeloom_hw.emit import emit
emit(random_plan(np.random.default_rng(5)), {!r})
"""


def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    verilog_text(random_plan(np.random.default_rng(6)))  # what was emitted before does not matter
    written = emit(random_plan(np.random.default_rng(5)), tmp_path / "a")
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "1"}
    subprocess.run(
        [sys.executable, "-c", AGAIN.format(str(tmp_path / "b"))], check=True, env=environment
    )
    files = sorted(
        path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()
    )
    assert [str(path) for path in files] == [
        "manifest.json",
        "rtl/engine.sha256",
        "rtl/ps7_top.v",
        "rtl/shell.v",
        "rtl/top.v",
    ]
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path
    assert manifests.load(tmp_path / "a") == written
    known = hashes(random_plan(np.random.default_rng(5)))
    assert (written.network_sha256, written.plan_sha256, written.weights_sha256) == (
        known.network,
        known.plan,
        known.weights,
    )
    assert (
        written.top_sha256
        == hashlib.sha256((tmp_path / "a" / "rtl" / "top.v").read_bytes()).hexdigest()
    )
    assert str(tmp_path) not in (tmp_path / "a" / "rtl" / "top.v").read_text()


def test_a_yosys_on_path_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = random_plan(np.random.default_rng(1))
    emit(plan, tmp_path / "a")
    (tmp_path / "yosys").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "yosys").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "system")
    emit(plan, tmp_path / "b")
    for name in ("top.v", "shell.v", "ps7_top.v"):
        assert (tmp_path / "a" / "rtl" / name).read_bytes() == (
            tmp_path / "b" / "rtl" / name
        ).read_bytes()
    assert os.environ["AMARANTH_USE_YOSYS"] == "system"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "3", "\ufffd", '{"format": 1}', '{"format": 0}', '{"format": 1, "input": 3}'],
)
def test_a_file_that_is_no_manifest(text: str) -> None:
    with pytest.raises(SpikeLoomError, match="manifest.json"):
        manifests.from_json(text)


@pytest.mark.parametrize("seed", range(6))
def test_lint(tmp_path: Path, seed: int) -> None:
    top = tmp_path / "top.v"
    top.write_text(verilog_text(random_plan(np.random.default_rng(100 + seed))))
    assert lint(top) == []


@pytest.mark.parametrize("board", ["pynq-z2", "zcu104"])
def test_lint_of_the_shell(tmp_path: Path, board: str) -> None:
    """Alone and with its network; and it carries the manifest's identity."""
    for seed in (100, 105):
        plan = replace(random_plan(np.random.default_rng(seed)), board=board)
        written = emit(plan, tmp_path)
        assert lint(tmp_path / "rtl" / "shell.v", tmp_path / "rtl" / "top.v", module="shell") == []
        text = (tmp_path / "rtl" / "shell.v").read_text()
        assert (
            written.identity
            == hashlib.sha256((tmp_path / "manifest.json").read_bytes()).hexdigest()
        )
        for k in range(0, 64, 8):
            assert (
                f"32'h{written.identity[k : k + 8]}" in text
                or f"32'd{int(written.identity[k : k + 8], 16)}" in text
            )
        assert all(
            f" {name}" in text
            for name in ("aclk", "aresetn", "s_axi_control_awaddr", "m_axi_memory_rdata")
        )


def test_lint_of_the_top_of_a_zynq_7000(tmp_path: Path) -> None:
    """Below the model of its processing system; what that drives and nobody needs is left open.
    Another family has no such top.
    """
    plan = random_plan(np.random.default_rng(100))
    emit(plan, tmp_path)
    (tmp_path / "bench.v").write_text(ps7_bench(32, 64), encoding="utf-8")
    rtl = [tmp_path / "rtl" / name for name in ("ps7_top.v", "shell.v", "top.v")]
    found = lint(tmp_path / "bench.v", *rtl, *MODELS, module="bench")
    pins = {line.rpartition("missing pin: ")[2] for line in found if "PINMISSING" in line}
    assert len(pins) == len(found) and pins == {
        "'MAXIGP0WID'",
        "'MAXIGP0WLAST'",
        "'SAXIHP0RID'",
        "'SAXIHP0BID'",
    }
    emit(replace(plan, board="zcu104"), tmp_path)
    assert not (tmp_path / "rtl" / "ps7_top.v").exists()


def test_lint_finds_what_it_should(tmp_path: Path) -> None:
    top = tmp_path / "top.v"
    body = "assign t = a; assign w = clk; assign w = en; always @* if (en) q = a;"
    top.write_text(
        "module top(input clk, input [3:0] a, input en, output reg [3:0] q, output [2:0] t, output"
        f" w);\n{body}\nendmodule\n"
    )
    found = " ".join(lint(top))
    assert all(rule in found for rule in ("WIDTHTRUNC", "LATCH", "MULTIDRIVEN"))
    top.write_text("module top(input clk")
    assert lint(top)
