"""Hardware whose time steps can be chosen at run time: which plans can have it, and what one
runs.
"""

from __future__ import annotations

from dataclasses import replace

from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.ir.fewer_steps import most_steps
from spikeloom.mapping.plan.plan import Plan


def selectable(plan: Plan) -> Plan:
    """The same plan for hardware that can run with fewer time steps.

    Raises SpikeLoomError where there are none, where weights can be loaded as well, or naming a
    layer that cannot do with fewer.
    """
    if plan.rooms:
        raise UnsupportedError(
            "--fewer-steps, --runtime-weights: expected one of them; biases for every number of"
            " time steps cannot be loaded"
        )
    if most_steps(plan.graph) == 1:
        raise UnsupportedError(
            "--fewer-steps: every neuron has one time step, and none fewer can be run; leave it"
            " away"
        )
    found = replace(plan, fewer_steps=True)
    _ = found.stages
    return found


def runnable(plan: Plan, steps: int | None) -> Plan:
    """The plan as its hardware runs it with so many time steps; all for None.

    Raises SpikeLoomError where steps is out of range, or the hardware always runs all of them.
    """
    found = plan.with_steps(steps)
    if found is not plan and not plan.fewer_steps:
        raise SpikeLoomError(
            f"{plan.graph.name}: the hardware always runs all {most_steps(plan.graph)} time steps;"
            " compile it with --fewer-steps"
        )
    return found
