"""A plan by what its scans take on calibration inputs: chosen by estimate, dealt and measured, and chosen again by what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from spikeloom.code import Ints
from spikeloom.dealing import dealt
from spikeloom.estimate.cycles import network_interval
from spikeloom.plan import Plan

ROUNDS = 4


def settled(plan: Plan, trace: Mapping[str, Ints], choose: Callable[[Plan], Plan], goal: float, rounds: int = ROUNDS) -> Plan:
    """The first plan within ``goal`` cycles an image as measured, or the fastest of all rounds; ``trace`` as for :func:`spikeloom.dealing.dealt`."""
    found = []
    for _ in range(rounds):
        found.append(dealt(choose(plan), trace))
        if network_interval(found[-1]) <= goal:
            return found[-1]
        plan = replace(plan, spread=found[-1].spread)
    return min(found, key=network_interval)
