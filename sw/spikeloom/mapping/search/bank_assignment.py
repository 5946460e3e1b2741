"""Which channels of a beat go to which bank: dealt so that the banks of a layer are done at the
same time on real spikes.

All banks of a pass wait for the slowest one. Where a channel goes is a matter of wires and of the
order of the weights, so that it costs no logic, and the streams between layers stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

import numpy as np
import numpy.typing as npt

from spikeloom.ir.number import Ints
from spikeloom.ir.windows import windows
from spikeloom.mapping.estimate.cycles import evenly
from spikeloom.mapping.plan.plan import Plan, Stage

Counts = npt.NDArray[np.int16]

PASSES = 1024
"""Passes that a layer is looked at on: enough that the order found is as good on other images."""

TRIALS = 4096
"""Exchanges of two channels that are tried."""


def dealt(plan: Plan, trace: Mapping[str, Ints]) -> Plan:
    """The plan with the channels of every event layer dealt to its banks, and with what its scans
    then take beside the estimate.

    Parameters
    ----------
    trace: words of every node, node -> (N, C, H, W), on calibration inputs.
    """
    dealing, spread = {}, {}
    for stage in plan.stages:
        if stage.body.skips:
            flags = passes(stage, trace[stage.layer.source])
            order, cycles = deal(stage, flags)
            if 1 < stage.folding.banks < stage.folding.group:
                dealing[stage.name] = order
            spread[stage.name] = round(cycles / evenly(stage, plan.density[stage.layer.source]), 4)
    return replace(plan, dealing=dealing, spread=spread)


def passes(stage: Stage, words: Ints) -> Counts:
    """Flags of passes that are taken evenly from the images: (group, passes, windows, words of a
    pass).
    """
    f, layer, rng = stage.folding, stage.layer, np.random.default_rng(0)
    each = stage.positions * stage.groups * stage.planes
    images = min(len(words), max(16, ceil(PASSES / each)))
    found = []
    for image in words[:images]:
        flags = stage.i_code.planes(image)[: stage.live]
        view = windows(
            flags, layer.kernel, layer.stride, layer.padding
        )  # (planes, channels, oh, ow, kh, kw)
        planes, _, oh, ow, kh, kw = view.shape
        parts = view.reshape(
            planes, stage.groups, stage.words, f.group, oh, ow // f.windows, f.windows, kh, kw
        )
        flat = parts.transpose(3, 0, 1, 4, 5, 6, 2, 7, 8).reshape(
            f.group, each, f.windows, stage.pass_words
        )
        found.append(flat[:, rng.permutation(each)[: ceil(PASSES / images)]].astype(np.int16))
    return np.concatenate(found, axis=1)


def deal(stage: Stage, flags: Counts) -> tuple[tuple[int, ...], float]:
    """The channels in the order of the banks, and the mean cycles of a pass: exchanges of two
    channels, kept where they make it no longer.

    Parameters
    ----------
    flags: see :func:`passes`.
    """
    f, rng = stage.folding, np.random.default_rng(0)
    part, order = f.group // f.banks, list(stage.dealt)
    counts = (
        flags[order].reshape(f.banks, part, *flags.shape[1:]).sum(axis=1, dtype=np.int16)
    )  # (banks, passes, windows, words)
    cost = cycles(counts, f.ports)
    total = int(cost.max(axis=0).sum())
    for a, b in rng.integers(0, f.group, (TRIALS if 1 < f.banks < f.group else 0, 2)):
        first, second = a // part, b // part
        if first == second:
            continue
        moved = flags[order[b]] - flags[order[a]]
        changed = np.stack([counts[first] + moved, counts[second] - moved])
        tried = cost.copy()
        tried[[first, second]] = cycles(changed, f.ports)
        found = int(tried.max(axis=0).sum())
        if found <= total:
            total, cost = found, tried
            counts[[first, second]] = changed
            order[a], order[b] = order[b], order[a]
    return tuple(order), total / flags.shape[1]


def cycles(counts: Counts, ports: int) -> Ints:
    """Of every pass, that of the slowest window, given the spikes of each word: (..., windows,
    words) -> (...).
    """
    return np.asarray(np.maximum(1, -(-counts // ports)).sum(axis=-1, dtype=np.int64).max(axis=-1))
