"""Which component of the network a cell belongs to, by the instances around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

SHELL, NETWORK = "shell", "network"
"""Groups beside the layers."""

CORE = ("core",)
"""Instance of the shell inside of its pins."""

TOP = ("core", "engine", "top")
"""Instance of the network inside of the shell."""

OWN = "itself"
"""Part of a group that no instance of its own is."""

Component = tuple[str, str]
"""Group and part: ("conv2", "source"), ("shell", "reader"), ("network", "counters")."""


def finder(stages: Sequence[str]) -> Callable[[tuple[str, ...]], Component]:
    """A function from the place of a cell to its component. ``stages``: names of the layers."""
    ordered = sorted(stages, key=lambda name: (-len(name), name))

    def find(place: tuple[str, ...]) -> Component:
        if place[: len(TOP)] != TOP:
            inner = place[len(CORE) :]
            return (SHELL, inner[0] if inner else OWN)
        inner = place[len(TOP) :]
        if not inner:
            return (NETWORK, OWN)
        for stage in ordered:
            for separator in ("_", "."):
                if inner[0].startswith(stage + separator):
                    return (stage, inner[0][len(stage) + 1 :].replace("_", " "))
        return (NETWORK, inner[0].replace("_", " "))

    return find


def inside(place: tuple[str, ...]) -> tuple[str, ...]:
    """The instances around a cell within its component."""
    outer = TOP if place[: len(TOP)] == TOP else CORE
    return place[len(outer) + 1 :]
