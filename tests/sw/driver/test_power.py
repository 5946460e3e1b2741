"""Power sensors: what is read, and what happens when one cannot be."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from spikeloom.driver import power
from spikeloom.driver.figures import Power


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "INTERVAL", 0.001)


def test_idle_and_active_are_apart() -> None:
    state = {"watts": 1.0}

    def work() -> None:
        state["watts"] = 3.0

    found = power.measure({"INT": lambda: state["watts"]}, work, 0.05)
    assert (
        isinstance(found, Power)
        and found.rails[0].idle == 1.0
        and 1.0 < found.rails[0].active <= 3.0
        and found.samples >= 2
    )


def test_a_sensor_that_cannot_be_read() -> None:
    def broken() -> float:
        raise OSError("no such device")

    assert power.measure({"INT": broken}, lambda: None, 0.01) is None


def test_libraries_that_are_missing() -> None:
    def fails() -> dict[str, object]:
        raise OSError("libsensors")

    assert power.sensors(SimpleNamespace(get_rails=fails)) == {} == power.sensors(SimpleNamespace())
