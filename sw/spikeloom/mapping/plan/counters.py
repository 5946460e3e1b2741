"""What is counted of a network, and at which address: the same in the RTL core, the HLS core and
the driver.
"""

from __future__ import annotations

from spikeloom.mapping.plan.plan import Plan, Stage

WORK = ("busy", "stalled", "starved", "synaptic")
"""Of every accumulator array, in this order."""

MANY = 36
"""Bits of a stream that are counted at once; of more, parts are counted first, one cycle
earlier.
"""


def engines(plan: Plan) -> list[Stage]:
    """Every accumulator array of the network: the stages, each followed by its residual's own."""
    found = []
    for stage in plan.stages:
        found.append(stage)
        if stage.skip_stage is not None:
            found.append(stage.skip_stage)
    return found


def counter_map(plan: Plan) -> list[tuple[str, int]]:
    """Names and addresses of all counters, in order.

    ``cycles`` (active ones), ``images``; per engine ``.busy``, ``.stalled``, ``.starved``,
    ``.synaptic``; per stream of spikes ``.nonzero``, ``.spikes[t]``, t = 0 being the first plane,
    and, with ``plan.checksums``, ``.crc``, see :mod:`spikeloom.mapping.plan.checksums`.
    """
    names = ["cycles", "images"]
    for stage in engines(plan):
        names += [f"{stage.name}.{what}" for what in WORK]
    for node in plan.graph.nodes:
        code = plan.graph.codes[node.name]
        if code is not None:
            names += [f"{node.name}.nonzero"] + [
                f"{node.name}.spikes[{t}]" for t in range(code.steps)
            ]
            names += [f"{node.name}.crc"] * plan.checksums
    return [(name, address) for address, name in enumerate(names)]
