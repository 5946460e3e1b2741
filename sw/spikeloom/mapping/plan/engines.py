"""Which engine works on which node: the program of a plan.

Today every node but the input has an engine of its own. The program says so step by step, so that
an engine that works on several nodes one after the other is another plan, not another compiler.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spikeloom.errors import SpikeLoomError, UnsupportedError


@dataclass(frozen=True)
class Step:
    """One node, and the engine that works on it. Steps are in the order of the graph."""

    node: str
    engine: str


Program = tuple[Step, ...]


def one_to_one(nodes: Iterable[str]) -> Program:
    """An engine per node, of the same name."""
    return tuple(Step(name, name) for name in nodes)


def checked(program: Program, nodes: Iterable[str], engines: Mapping[str, object]) -> Program:
    """The program itself. Raises SpikeLoomError unless it works on every node once, in the order of
    the graph, on engines that there are, and uses them all.
    """
    wanted, found = list(nodes), [step.node for step in program]
    if wanted != found:
        raise SpikeLoomError(
            f"program: expected one step for each of {', '.join(wanted)}, in this order, found"
            f" {', '.join(found) or 'none'}"
        )
    for step in program:
        if step.engine not in engines:
            raise SpikeLoomError(
                f"program: {step.node}: expected an engine of {', '.join(engines)}, found"
                f" {step.engine}"
            )
    if idle := set(engines) - {step.engine for step in program}:
        raise SpikeLoomError(
            f"program: expected a step for every engine, found none for {', '.join(sorted(idle))}"
        )
    return program


def alone(program: Program) -> Program:
    """The program itself. Raises UnsupportedError where an engine works on several nodes, which
    hardware and cycle model cannot do yet.
    """
    for engine, count in Counter(step.engine for step in program).items():
        if count > 1:
            nodes = ", ".join(step.node for step in program if step.engine == engine)
            raise UnsupportedError(
                f"engine {engine}: expected one node, found {nodes}; give each of them an engine"
            )
    return program
