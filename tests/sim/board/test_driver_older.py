"""The driver under the pynq that boards with a Zynq-7000 have."""

from __future__ import annotations

from pathlib import Path

from tests.pynq_versions import run_tests


def test_the_same_driver_under_pynq_3_1() -> None:
    run_tests(
        "3.1.2",
        Path(__file__).with_name("test_driver.py"),
        "-k",
        "outputs or models or selftest or SLVERR",
    )
