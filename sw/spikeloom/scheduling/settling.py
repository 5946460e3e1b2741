"""A plan by what its scans take on calibration inputs: chosen by estimate, dealt and measured, and chosen again by what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from spikeloom.code import Ints
from spikeloom.dealing import dealt
from spikeloom.estimate.cycles import network_interval
from spikeloom.plan import Plan

ROUNDS = 4


def settled(
    plan: Plan, trace: Mapping[str, Ints], choose: Callable[[Plan, float], Plan], goal: float, rounds: int = ROUNDS
) -> Plan:
    """The first plan within ``goal`` cycles an image as measured, or the fastest of all rounds.

    Arguments: trace: as for :func:`spikeloom.dealing.dealt`. choose: makes a plan within so many cycles as estimated, which are fewer where the
    round before was too slow.
    """
    found, aim = [], goal
    for _ in range(rounds):
        found.append(dealt(choose(plan, aim), trace))
        cycles = network_interval(found[-1])
        if cycles <= goal:
            return found[-1]
        plan, aim = replace(plan, spread=found[-1].spread), aim * goal / cycles
    return min(found, key=network_interval)
