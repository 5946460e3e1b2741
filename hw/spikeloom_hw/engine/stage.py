"""The numbers of the components of a stage: one function per component."""

from __future__ import annotations

import numpy as np
from spikeloom.ir.number import signed_width
from spikeloom.mapping.plan.stage import Stage

from ..bodies import BODIES, Fill, queues
from ..memory.port import FixedWeights, LoadedWeights, WeightPort
from ..memory.weights import bank_rows, memory_style
from ..neurons import unit
from .accumulate import Accumulator, Greatest, Sum
from .accumulator import AccumulatorArray
from .drive import Drive, Sums
from .neuron_units import NeuronUnits
from .spike_source import SpikeSource


def spike_source(stage: Stage) -> SpikeSource:
    s, f, layer = stage, stage.folding, stage.layer
    return SpikeSource(
        height=s.i_shape[1],
        width=s.i_shape[2],
        beats=s.beats,
        rows=s.rows,
        group=f.group,
        steps=s.i_code.steps,
        kernel=layer.kernel,
        stride=layer.stride,
        top=layer.padding[0],
        left=layer.padding[1],
        o_height=s.o_shape[1],
        o_width=s.o_shape[2],
        windows=f.windows,
        words=s.words,
        fold_words=[s.fold_word(fold) for fold in range(s.folds)],
        planes=[run.planes for run in s.runs],
        queues=queues(s),
        masks=masks(s),
    )


def masks(stage: Stage) -> list[int]:
    """Per fold, the bits of a beat that are inverted before and after the greatest word is
    found; none where words are added.
    """
    if stage.body.adds:
        return []
    steps, group = stage.i_code.steps, stage.folding.group
    words = stage.layer.masks(stage.i_code).reshape(-1, group).tolist()
    return [sum(word << (c * steps) for c, word in enumerate(row)) for row in words]


def accumulator(stage: Stage) -> Accumulator:
    s = stage
    if not s.body.adds:
        return Greatest(s.acc_width, s.i_code.spike_train)
    still = s.planes == 1 or s.per_step
    return Sum(s.acc_width, None if still else s.i_code.base, negates(s))


def negates(stage: Stage) -> bool:
    """Whether the first plane of signed words counts negative."""
    return stage.i_code.signed and not stage.body.whole_words


def weights(stage: Stage, files: bool = False) -> WeightPort:
    """Memories that hold the weights of a stage; ``files``: their rows lie in files."""
    kind = FixedWeights if stage.room is None else LoadedWeights
    return kind(
        rows=[bank_rows(stage, bank) for bank in range(stage.folding.banks)],
        width=stage.stored_width * stage.row_weights,
        style=memory_style(stage),
        files=f"{stage.name}_weights" if files else "",
    )


def accumulators(stage: Stage, fill: Fill = weights) -> AccumulatorArray:
    """``fill``: what fills the port to the weights, where the body has one."""
    return AccumulatorArray(
        body=BODIES[stage.body](stage, fill),
        accumulator=accumulator(stage),
        planes=[run.planes for run in stage.runs],
        folds=stage.folds,
        per_step=stage.per_step,
        body_cycles=stage.body_cycles,
        result_depth=stage.result_depth,
        negates=negates(stage),
    )


def sums(stage: Stage) -> Sums:
    return Sums(stage.acc_width, stage.i_code.base, [run.missing for run in stage.runs])


def drive(stage: Stage) -> Drive | None:
    """What makes the drive of neurons; None where words leave as they are."""
    if stage.neuron is None:
        return None
    s, layer, loads = stage, stage.synapses, stage.room is not None
    betas = np.stack([run.synapses.beta for run in s.runs])
    alike = bool((betas == betas[-1]).all())
    return Drive(
        windows=s.folding.windows,
        elements=s.folding.elements,
        width=s.u_width,
        sums=sums(s),
        joined=None if s.skip_stage is None else sums(s.skip_stage),
        shift=layer.shift,
        negate=layer.negate,
        negates=loads or bool(layer.negate.any()),
        betas=betas[-1:] if alike else betas,
        beta_width=signed_width(s.beta_bound),
        adds=loads or s.beta_bound > 0,
    )


def neuron_units(stage: Stage) -> NeuronUnits:
    s, f, fires = stage, stage.folding, stage.neuron is not None and stage.neuron.fires
    firing = s.o_code is not None and fires
    return NeuronUnits(
        windows=f.windows,
        elements=f.elements,
        folds=s.folds,
        i_width=s.acc_width,
        o_width=s.output_width,
        drive=drive(s),
        masks=masks(s),
        unit=unit(s),
        units=s.unit_count,
        lives=[run.o_code.live for run in s.runs] if firing else [1] * len(s.runs),
        steps=s.o_code.steps if firing else 1,
        sign=s.o_code.sign_bit if firing else 0,
        per_step=s.per_step,
        loads=s.room is not None,
        runs=len(s.runs),
    )
