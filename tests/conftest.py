"""Options of the test suite, and what it tells at the end."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from spikeloom.cache import builds

from tests import tiers

settings.register_profile("suite", deadline=None)  # a busy machine is no fault of the program
settings.load_profile("suite")


@pytest.fixture
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for one test: what it builds, it really builds."""
    monkeypatch.setenv(builds.PLACE, str(tmp_path_factory.mktemp("cache")))
    return builds.place()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier",
        choices=("check",),
        help="of the files that are not --affected, run the tests of this tier alone",
    )
    parser.addoption(
        "--affected",
        metavar="FILE",
        action="append",
        default=[],
        help="a test file that runs whole with --tier",
    )
    parser.addoption(
        "--random-networks",
        type=int,
        default=40,
        help="how many random networks go through the Verilated hardware",
    )
    parser.addoption(
        "--random-seed",
        type=int,
        default=0,
        help="seed of the first one; the next one has the next seed",
    )
    parser.addoption(
        "--hls-networks",
        type=int,
        default=3,
        help="how many random networks go through the C++ of the HLS flow",
    )
    parser.addoption(
        "--ap-types",
        metavar="DIR",
        help="ap_int.h and hls_stream.h of Vitis HLS, instead of the shim's",
    )
    parser.addoption(
        "--synthesis-components",
        type=int,
        default=2,
        help="how many components of the calibration set Yosys makes again",
    )
    parser.addoption(
        "--fault-runs",
        type=int,
        default=60,
        help="how many random faults the driver meets on the simulated board",
    )
    parser.addoption(
        "--soak-images",
        type=int,
        default=2000,
        help="how many images go through the driver on the simulated board",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tiers.mark(items)
    if config.getoption("--tier") is None:
        return
    whole = set(config.getoption("--affected"))
    left = [
        item
        for item in items
        if not item.get_closest_marker("check") and item.nodeid.partition("::")[0] not in whole
    ]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]


def show_faults(
    terminalreporter: pytest.TerminalReporter, reports: list[pytest.TestReport]
) -> None:
    for seen in (
        value
        for report in reports
        for name, value in report.user_properties
        if name == "fault runs"
    ):
        terminalreporter.section(f"{sum(seen.values())} random faults, and how the call ended")
        for how in sorted(seen):
            terminalreporter.write_line(f"{seen[how]:7d}  {how}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    reports = [
        report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)
    ]
    show_faults(terminalreporter, reports)
    found = [
        json.loads(text)
        for report in reports
        for name, text in report.user_properties
        if name == "coverage"
    ]
    if not found:
        return
    seen: Counter[str] = Counter()
    for coverage in found:
        seen.update(coverage)
    first = config.getoption("--random-seed")
    terminalreporter.section(
        f"{len(found)} random networks, seeds {first} to"
        f" {first + config.getoption('--random-networks') - 1}"
    )
    for name in sorted(seen):
        terminalreporter.write_line(f"{seen[name]:7d}  {name}")
