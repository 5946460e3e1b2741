"""From what two runs of the hardware gave to figures and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spikeloom.interface.figures import Spread
from spikeloom.interface.performance import LayerFigures, Performance, accuracy, confusion
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.checksums import checksums
from spikeloom.mapping.plan.describe import kind
from spikeloom.mapping.plan.plan import Plan
from spikeloom.verify.differences import (
    first_count_difference,
    first_crc_difference,
    first_difference,
)


@dataclass(frozen=True, eq=False)
class Run:
    """What simulating N images gave: output words (N, C, H, W), cycles per image (N,) and between
    images (N - 1,), counters.
    """

    words: Ints
    latency: Ints
    interval: Ints
    counters: Mapping[str, int]


def layer_figures(plan: Plan, counters: Mapping[str, int], images: int) -> tuple[LayerFigures, ...]:
    """One row for the input and one for each stage; a residual's synaptic operations belong to the
    stage that it joins.
    """
    rows = []
    for node in plan.graph.nodes:
        name, code = node.name, plan.graph.codes[node.name]
        engine = {
            what: counters.get(f"{name}.{what}", 0) for what in ("busy", "starved", "stalled")
        }
        rows.append(
            LayerFigures(
                name=name,
                kind="input" if node is plan.graph.input else kind(plan, plan[name]),
                words=int(np.prod(plan.graph.shapes[name])) * images,
                spikes=(
                    tuple(counters[f"{name}.spikes[{t}]"] for t in range(code.steps))
                    if code is not None
                    else ()
                ),
                nonzero=counters.get(f"{name}.nonzero", 0),
                synaptic=counters.get(f"{name}.synaptic", 0)
                + counters.get(f"{name}.skip.synaptic", 0),
                **engine,
            )
        )
    return tuple(rows)


def hardware_differences(
    plan: Plan, expected: Mapping[str, Ints], run: Run, name: str
) -> list[str]:
    """Lines naming where spikes, words or outputs of the hardware are not the golden model's; of
    inner layers it shows counts and CRC.
    """
    spikes = {row.name: row.spikes for row in layer_figures(plan, run.counters, 1) if row.spikes}
    counts = first_count_difference(plan.graph, expected, spikes, name)
    words = (
        first_crc_difference(checksums(plan, expected), run.counters, name)
        if counts is None and plan.checksums
        else None
    )
    outputs = first_difference(
        plan.graph, ("golden", expected), (name, {plan.graph.output.name: run.words})
    )
    return [str(line) for line in (counts, words, outputs) if line is not None]


def values(graph: Graph, words: Ints) -> Ints:
    """The integer output that output words (N, O, H, W) stand for."""
    code = graph.codes[graph.output.name]
    return words if code is None else code.value(words)


def judge(
    plan: Plan,
    expected: Mapping[str, Ints],
    others: Mapping[str, Mapping[str, Ints]],
    single: Run,
    stream: Run,
    truth: Ints | None,
) -> tuple[Performance, tuple[str, ...]]:
    """Figures of two runs, and all differences from the golden words ``expected``; ``others`` are
    words of more rungs by name.
    """
    graph, output = plan.graph, plan.graph.output.name
    differences = hardware_differences(plan, expected, single, "RTL") + hardware_differences(
        plan, expected, stream, "RTL, pipeline full"
    )
    for rung, words in others.items():
        found = first_difference(graph, ("golden", expected), (rung, words))
        differences += [str(found)] if found is not None else []
    rungs = {
        **{rung: words[output] for rung, words in others.items()},
        "golden": expected[output],
        "RTL": single.words,
    }
    answers = {
        rung: golden.dequantize(graph, values(graph, words)) for rung, words in rungs.items()
    }
    images = len(single.words)
    performance = Performance(
        network=graph.name,
        board=plan.board,
        clock_mhz=plan.clock_mhz,
        images=images,
        latency=Spread.of(single.latency),
        interval=Spread.of(stream.interval) if len(stream.interval) else None,
        single=layer_figures(plan, single.counters, images),
        stream=layer_figures(plan, stream.counters, images),
        accuracy=(
            {rung: accuracy(outputs, truth) for rung, outputs in answers.items()}
            if truth is not None
            else {}
        ),
        identical=() if differences else tuple(rungs),
        confusion=confusion(answers["RTL"], truth) if truth is not None else (),
    )
    return performance, tuple(differences)
