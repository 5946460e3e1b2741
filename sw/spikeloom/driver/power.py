"""Board power, where the board has sensors: the rails that ``pynq.get_rails()`` names, idle and
while the accelerator works.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from spikeloom.driver.figures import Power, Rail

LEAST_SECONDS = 10.0
"""Shortest loop: sensors average over tens of milliseconds, and regulators settle slowly."""

INTERVAL = 0.05
"""Seconds between two readings."""

Sensors = dict[str, Callable[[], float]]


def sensors(pynq: Any) -> Sensors:
    """Rail name -> what reads its power in watts; empty where the board has no sensors."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rails = pynq.get_rails()
    except (OSError, RuntimeError, AttributeError, TypeError):
        return {}
    return {
        str(name): reader
        for name, reader in ((name, watts(rail)) for name, rail in rails.items())
        if reader is not None
    }


def watts(rail: Any) -> Callable[[], float] | None:
    """What reads the power of one rail, from its own sensor or as volts times amperes; None
    without.
    """
    power, voltage, current = (
        getattr(rail, kind, None) for kind in ("power", "voltage", "current")
    )
    if power is not None:
        return lambda: float(power.value)
    if voltage is not None and current is not None:
        return lambda: float(voltage.value) * float(current.value)
    return None


class Sampler:
    """Reads all rails in a thread of its own while the block runs."""

    def __init__(self, found: Sensors) -> None:
        self.found, self.samples = found, 0
        self.sums = dict.fromkeys(found, 0.0)
        self.stop, self.failed = threading.Event(), False
        self.thread = threading.Thread(target=self.loop, daemon=True)

    def loop(self) -> None:
        try:
            while not self.stop.wait(INTERVAL):
                readings = {name: read() for name, read in self.found.items()}
                for name, value in readings.items():
                    self.sums[name] += value
                self.samples += 1
        except (OSError, ValueError):
            self.failed = True

    def __enter__(self) -> Sampler:
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop.set()
        self.thread.join()

    def means(self) -> dict[str, float]:
        return {name: total / max(1, self.samples) for name, total in self.sums.items()}


def measure(found: Sensors, work: Callable[[], object], seconds: float) -> Power | None:
    """Mean power of every rail, idle and while ``work`` is called over and over, for ``seconds``
    each; None if a sensor cannot be read.
    """
    with Sampler(found) as idle:
        time.sleep(seconds)
    with Sampler(found) as active:
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            work()
    if idle.failed or active.failed or not idle.samples or not active.samples:
        return None
    before, during = idle.means(), active.means()
    return Power(
        seconds, active.samples, tuple(Rail(name, before[name], during[name]) for name in found)
    )


def reason_without(board: str, found: Sensors, simulated: bool) -> str:
    """Why a measurement has no power."""
    if simulated:
        return "simulated: there is nothing to measure power on"
    if not found:
        return (
            "the PYNQ-Z2 has no power sensors"
            if board == "pynq-z2"
            else f"pynq.get_rails() found no power sensor on this {board}"
        )
    return "a power sensor could not be read"
