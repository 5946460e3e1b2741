"""How many spikes a network fires: a loss to make them fewer, and a meter to read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from spikeloom.errors import SpikeLoomError
from spikeloom.nn.neuron import Neuron


def spike_penalty(model: nn.Module) -> Tensor:
    """Mean number of set bits per activation over all neurons, in the forward pass just done in
    training mode; a scalar.

    The value is the true count. Counting bits has no gradient, so SpikePack lends that of ``log2(1
    + word) / 2`` (a word of n bits has n / 2 set on average) and LIF its surrogate. Fewer set bits
    are fewer cycles.

    Raises SpikeLoomError if the model has no neuron that ran in training mode.
    """
    counts = [
        m.spike_count(m.last)
        for m in model.modules()
        if isinstance(m, Neuron) and m.last is not None
    ]
    if not counts:
        raise SpikeLoomError(
            "spike_penalty: no neuron with a gradient: run the model in training mode first"
        )
    return torch.stack([spikes for spikes, _ in counts]).sum() / sum(number for _, number in counts)


@contextmanager
def density(model: nn.Module) -> Iterator[dict[str, npt.NDArray[np.float64]]]:
    """Measures while its block runs: afterwards the fraction of set bits by plane, (T,), of each
    neuron by module name.

    with density(model) as bits:
        model(x)
    bits["body.2"]  # array of T fractions, first time step first
    """
    spikes: dict[str, npt.NDArray[np.float64]] = {}
    totals: dict[str, int] = {}
    result: dict[str, npt.NDArray[np.float64]] = {}

    def count(name: str, module: nn.Module, inputs: Any, out: Tensor) -> None:
        if isinstance(module, Neuron):
            planes = module.planes(out).flatten(1)
            spikes[name] = spikes.get(name, np.zeros(module.steps)) + planes.sum(1).cpu().numpy()
            totals[name] = totals.get(name, 0) + planes.shape[1]

    hooks = [
        m.register_forward_hook(partial(count, name))
        for name, m in model.named_modules()
        if isinstance(m, Neuron)
    ]
    try:
        yield result
    finally:
        for hook in hooks:
            hook.remove()
        result.update({name: spikes[name] / max(totals[name], 1) for name in spikes})
