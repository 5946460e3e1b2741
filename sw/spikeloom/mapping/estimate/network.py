"""What lies between the stages, what counts, and what stands around the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import gcd, prod

from spikeloom.interface.boards import find_board
from spikeloom.mapping.estimate.bodies import body
from spikeloom.mapping.estimate.components import Part, bits, fifo, loop, source
from spikeloom.mapping.estimate.memories import Memory, storage
from spikeloom.mapping.estimate.neurons import units
from spikeloom.mapping.plan.counters import MANY
from spikeloom.mapping.plan.plan import Plan, Stage

SHELL, NETWORK = "shell", "network"
"""Groups beside the layers, as the table of a synthesis calls them."""

COUNTER_WIDTH = 64


def stage_parts(stage: Stage, family: str) -> Iterator[Part]:
    """Source, body and head of a stage, those of its residual, and its gather."""
    yield from source(stage, stage.name, "source", family)
    yield from body(stage, stage.name, "body", family)
    yield from units(stage, family)
    skip = stage.skip_stage
    if skip is not None:
        yield from source(skip, stage.name, "skip source", family)
        yield from body(skip, stage.name, "skip body", family)
    if stage.folding.windows > 1:
        yield gather(stage, family)


def gather(stage: Stage, family: str) -> Part:
    """Two buffers per window, and the choice between windows."""
    windows, folds = stage.folding.windows, stage.folds
    width = stage.output_width * stage.folding.elements
    memory = storage(width, 2 * folds, registered=False, family=family) * windows
    registers = 2 * loop(folds) + 2 + loop(windows) + 4
    chosen = width * (1 if windows <= 4 else 2 + (windows > 8))
    return Part(
        stage.name,
        "gather",
        "gather",
        registers,
        {"one": 1, "nest": registers, "chosen": chosen},
        memory,
    )


def link_parts(plan: Plan, family: str) -> Iterator[Part]:
    """Forks, regroups and FIFOs of all edges, the network's own logic, and its counters."""
    for node in plan.graph.nodes:
        o_group = plan.o_group(node.name)
        code = plan.graph.codes[node.name]
        word = code.steps if code is not None else plan[node.name].output_width
        edges = list(plan.consumers(node.name))
        last = node is plan.graph.output
        branches = len(edges) + last
        if branches > 1:
            owner = NETWORK if node is plan.graph.input else node.name
            yield Part(
                owner,
                "fork" if owner != NETWORK else f"{node.name} fork",
                "fork",
                branches,
                {"branches": branches},
            )
        for edge in edges:
            name = "i" if edge.port == "i" else "skip"
            yield from regroups(edge.target, f"{name} regroup", edge.i_group, edge.o_group, word)
            if edge.depth:
                yield fifo(edge.target, f"{name} fifo", edge.o_group * word, edge.depth, family)
        if last:
            yield from regroups(NETWORK, "output regroup", o_group, 1, word)
    yield own(plan)
    yield counters(plan)
    if plan.checksums:
        yield from checks(plan)


def regroups(group: str, part: str, i_group: int, o_group: int, word: int) -> Iterator[Part]:
    """From one width to another, by way of the greatest common divisor where neither divides the
    other.
    """
    common = gcd(i_group, o_group)
    ways = [
        i_group,
        *([common] if common not in (i_group, o_group) else []),
        *([o_group] if o_group != i_group else []),
    ]
    for step, (narrow, wide) in enumerate(zip(ways, ways[1:], strict=False)):
        count = bits(max(narrow, wide) // min(narrow, wide))
        shifted = (narrow - wide) * word if narrow > wide else 0
        registers = max(narrow, wide) * word + count + 1
        yield Part(
            group,
            f"{part}{step}",
            "regroup",
            registers,
            {"one": 1, "count": count, "shifted": shifted},
        )


def counted_streams(plan: Plan) -> Iterator[tuple[int, int]]:
    """Words of a beat and bits of a word, for every stream whose spikes are counted."""
    for node in plan.graph.nodes:
        code = plan.graph.codes[node.name]
        if code is not None:
            first = node is plan.graph.input
            windows = 1 if first else plan[node.name].folding.windows
            yield windows * plan.o_group(node.name), code.steps


def own(plan: Plan) -> Part:
    """Beats of all streams held for one cycle; images counted."""
    streams = list(counted_streams(plan))
    held = sum(words * steps for words, steps in streams)
    channels, height, width = plan.graph.input.shape
    loops = loop(
        channels // plan.input_group * height * width,
        prod(plan.graph.shapes[plan.graph.output.name]),
    )
    return Part(
        NETWORK,
        "itself",
        "network",
        held + len(streams) + loops + 16,
        {"one": 1, "streams": len(streams), "loops": loops},
    )


def counters(plan: Plan) -> Part:
    """64 bits each, and the step that each grows by; for streams that is how many bits of a beat
    are set.
    """
    streams = list(counted_streams(plan))
    steps = [1, 1]
    for stage in plan.stages:
        steps += engine_steps(stage)
    found = counting(steps, streams)
    return replace(
        found, registers=found.registers + COUNTER_WIDTH, amounts={"one": 1, **found.amounts}
    )


def engine_steps(stage: Stage) -> list[int]:
    """Bits of what the counters of a stage grow by, those of its residual included."""
    steps = []
    for engine in (stage, stage.skip_stage):
        if engine is not None:
            steps += [1, 1, 1, issued_bits(engine)] if engine.body.adds else [1, 1, 1]
    return steps


def counting(steps: list[int], streams: list[tuple[int, int]]) -> Part:
    """Counters that grow by so many bits, and those of some streams."""
    every = [*steps, *(bits(words + 1) for words, planes in streams for _ in range(1 + planes))]
    added = sum((words - 1) * (1 + planes) for words, planes in streams)
    amounts = {
        "counters": len(every),
        "steps": sum(every),
        "added": added,
        "words": sum(words for words, _ in streams),
    }
    parts = sum((1 + planes) * counted_in_parts(words) for words, planes in streams)
    return Part(
        NETWORK, "counters", "counters", COUNTER_WIDTH * len(every) + sum(every) + parts, amounts
    )


def counted_in_parts(words: int) -> int:
    """Registers of the parts' counts."""
    return sum(bits(min(MANY, words - k) + 1) for k in range(0, words, MANY)) if words > MANY else 0


def entering(plan: Plan, group: int) -> Iterator[Part]:
    """What grows with the width of the network's input: its share of :func:`own`, :func:`counters`,
    :func:`checks` and :func:`shell`.
    """
    code, (channels, height, width) = plan.graph.input.code, plan.graph.input.shape
    loops = loop(channels // group * height * width)
    yield counting([], [(group, code.steps)])
    yield Part(
        NETWORK, "itself", "network", group * code.steps + 1 + loops, {"streams": 1, "loops": loops}
    )
    yield Part(SHELL, "all", "shell", 0, {"beat": group * code.steps})
    if plan.checksums:
        yield crc(NETWORK, "crc", -(-group * code.steps // 8) * 8)


def leaving(stage: Stage) -> Iterator[Part]:
    """The stream out of the network, from its last stage."""
    yield from regroups(NETWORK, "output regroup", stage.folding.elements, 1, stage.output_width)


def watching(stage: Stage, checksums: bool) -> Iterator[Part]:
    """What counts, holds and checks the words of one stage: its share of :func:`own`,
    :func:`counters` and :func:`checks`.
    """
    streams = (
        []
        if stage.o_code is None
        else [(stage.folding.windows * stage.folding.elements, stage.o_code.steps)]
    )
    yield counting(engine_steps(stage), streams)
    for words, steps in streams:
        yield Part(NETWORK, "itself", "network", words * steps + 1, {"streams": 1})
        if checksums:
            yield crc(stage.name, "crc", -(-words * steps // 8) * 8)


def checks(plan: Plan) -> Iterator[Part]:
    """A CRC of 32 bits per stream, over whole bytes of a beat."""
    names = [node.name for node in plan.graph.nodes if plan.graph.codes[node.name] is not None]
    for name, (words, steps) in zip(names, counted_streams(plan), strict=True):
        first = name == plan.graph.input.name
        yield crc(
            NETWORK if first else name,
            f"{name} crc" if first else "crc",
            -(-words * steps // 8) * 8,
        )


def crc(group: str, part: str, width: int) -> Part:
    return Part(group, part, "crc", 32, {"one": 1, "bits": width})


def issued_bits(stage: Stage) -> int:
    """Bits of the synaptic operations of one cycle."""
    f, body = stage.folding, stage.body
    return bits(body.issued(f, stage.i_code.steps) * body.synapses(f) + 1)


def shell(plan: Plan) -> Part:
    """Bus, registers, memory port and monitor: nearly the same for every network. Its registers
    have coefficients as its LUTs do.
    """
    board = find_board(plan.board)
    width, family = board.memory_width, board.family
    log, words = storage(64, 256, family=family), storage(width, 256, family=family) * 2
    beat = plan.input_group * plan.graph.input.code.steps
    return Part(
        SHELL,
        "all",
        "shell",
        0,
        {"one": 1, "width": width, "beat": beat},
        Memory(bram18=log.bram18 + words.bram18),
    )
