"""The frozen network as a torch module: the same integers as the golden model, computed by torch in
float64.

It shares no arithmetic with the golden model: torch convolutions and poolings on values, floor and
comparisons on drives. Exact while every number stays below 2^53.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack, Thresholds
from spikeloom.ir.nodes import Layer, MaxPool, Node, SumPool
from spikeloom.ir.number import Code, Ints
from spikeloom.ir.table import row
from spikeloom.progress import Progress
from spikeloom.verify.words import CHUNK, joined, words_of


def _column(values: Ints) -> Tensor:
    return torch.from_numpy(values).to(torch.float64).reshape(1, -1, 1, 1)


def _places(code: Code) -> Tensor:
    return torch.tensor(code.place_values.tolist(), dtype=torch.float64).reshape(-1, 1, 1, 1, 1)


class Frozen(nn.Module):
    """Real input (N, *real_shape) to real output (N, O) or (N, O, H, W), float64.

    Between nodes travel values (N, C, H, W); spike trains (base 1) as (T, N, C, H, W).
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, x: Tensor) -> Tensor:
        """Raises SpikeLoomError on a wrong shape or numbers that are not finite."""
        values = self.integers(x)
        real = torch.from_numpy(self.graph.scale).reshape(1, -1, 1, 1) * values + torch.from_numpy(
            self.graph.bias
        ).reshape(1, -1, 1, 1)
        return real[:, :, 0, 0] if real.shape[2:] == (1, 1) else real

    @torch.no_grad()
    def trace(self, x: Tensor) -> dict[str, Tensor]:
        """What every node answers: values (N, C, H, W), spike trains (T, N, C, H, W), as
        float64.
        """
        seen = {self.graph.input.name: self._quantize(x)}
        for node in self.graph.nodes[1:]:
            taken = [seen[source] for source in node.inputs]
            seen[node.name] = row(NODES, node, "torch")(self.graph, node, taken)
        return seen

    def integers(self, x: Tensor) -> Tensor:
        """The network's integer output (N, O, H, W), as float64."""
        return total(self.trace(x)[self.graph.output.name])

    def _quantize(self, x: Tensor) -> Tensor:
        source = self.graph.input
        if tuple(x.shape[1:]) != source.real_shape:
            raise SpikeLoomError(
                f"input: expected (batch, {', '.join(map(str, source.real_shape))}), got"
                f" {tuple(x.shape)}"
            )
        if not torch.isfinite(x).all():
            raise SpikeLoomError("input: expected finite numbers, found NaN or infinity")
        code = source.code
        if source.events:
            planes = x.movedim(1, 0).reshape(code.steps, -1, *source.shape).to(torch.float64)
            return planes if code.spike_train else (planes * _places(code)).sum(0)
        y = x.to(torch.float32) / source.scale + source.zero_point
        low = code.min_value + int(source.narrow and code.signed)
        return y.clamp(low, code.max_value).round().to(torch.float64).reshape(-1, *source.shape)


def total(values: Tensor) -> Tensor:
    """Spike trains as counts."""
    return values.sum(0) if values.dim() == 5 else values


def layer(graph: Graph, node: Layer, inputs: Sequence[Tensor]) -> Tensor:
    neuron = node.neuron
    if graph.per_step(node):
        planes = zip(*(x[: neuron.live] for x in inputs), strict=True)
        steps = [drive(node, values) for values in planes]
    else:
        steps = [drive(node, [total(x) for x in inputs])]
    return row(NEURONS, neuron, "torch")(neuron, steps)


def drive(node: Layer, inputs: Sequence[Tensor]) -> Tensor:
    """u of values (N, C, H, W), and of those of a residual behind them."""
    top, left, bottom, right = node.padding
    weight = torch.from_numpy(node.weight).to(torch.float64)
    v = functional.conv2d(
        functional.pad(inputs[0], (left, right, top, bottom)),
        weight,
        stride=node.stride,
        groups=node.groups,
    )
    u = v * _column((1 - 2 * node.negate) * (1 << node.shift)) + _column(node.beta)
    return u if len(inputs) == 1 else u + _column(node.kappa) * inputs[1]


def max_pool(graph: Graph, node: MaxPool, inputs: Sequence[Tensor]) -> Tensor:
    x, (top, left, bottom, right) = inputs[0], node.padding
    sign = _column(1 - 2 * node.flip)
    flat = x.reshape(-1, *x.shape[-3:]) * sign
    padded = functional.pad(flat, (left, right, top, bottom), value=float("-inf"))
    best = functional.max_pool2d(padded, node.kernel, node.stride) * sign
    return best.reshape(*x.shape[:-3], *best.shape[-3:])


def sum_pool(graph: Graph, node: SumPool, inputs: Sequence[Tensor]) -> Tensor:
    top, left, bottom, right = node.padding
    padded = functional.pad(total(inputs[0]), (left, right, top, bottom))
    ones = torch.ones((padded.shape[1], 1, *node.kernel), dtype=torch.float64)
    return functional.conv2d(padded, ones, stride=node.stride, groups=padded.shape[1])


def spikepack(neuron: SpikePack, steps: list[Tensor]) -> Tensor:
    (u,), theta, code = steps, _column(neuron.theta), neuron.code
    if code.plain:
        count = torch.floor(u / theta)
        # A quotient that was rounded up to an integer is one too large: compare the product,
        # which is exact.
        count = count - (count * theta > u).to(torch.float64)
        tied = (
            (count * theta == u)
            & (count % 2 == 1)
            & (count <= (1 << code.steps) - 1)
            & (_column(neuron.tie) == 1)
        )
        count = (count - tied.to(torch.float64)).clamp(0, (1 << code.steps) - 1)
        return count - torch.remainder(count, 1 << code.silent) + code.min_value
    value = torch.zeros_like(u)
    for entry in code.codebook[:: 1 << code.silent].tolist()[1:]:
        value = torch.where(u >= entry * theta, torch.full_like(u, entry), value)
    if not neuron.tie.any():
        return value
    # The last spike is the place value 1; cleared where it left nothing.
    last = torch.from_numpy((torch.arange(1 << code.steps) % 2).numpy()).to(torch.float64)
    index = torch.searchsorted(torch.tensor(code.codebook.tolist(), dtype=torch.float64), value)
    tied = (value * theta == u) & (last[index] == 1) & (_column(neuron.tie) == 1)
    return value - tied.to(torch.float64)


def thresholds(neuron: Thresholds, steps: list[Tensor]) -> Tensor:
    (u,) = steps
    count = torch.zeros(u.shape, dtype=torch.int64)
    for k in range(neuron.thresholds.shape[1]):
        count += (u >= _column(neuron.thresholds[:, k])).to(torch.int64)
    codebook = torch.tensor(
        neuron.code.codebook[:: 1 << neuron.code.silent].tolist(), dtype=torch.float64
    )
    return codebook[count]


def lif(neuron: LIF, steps: list[Tensor]) -> Tensor:
    """A single current is that of every time step."""
    currents = steps if len(steps) > 1 else steps * neuron.live
    theta, membrane, spikes = _column(neuron.theta), torch.zeros_like(steps[0]), []
    for current in currents:
        if neuron.leak:
            membrane = membrane - torch.floor(membrane / 2.0**neuron.leak)
        membrane = membrane + current
        spike = (membrane >= theta).to(torch.float64)
        membrane = torch.where(
            spike == 1,
            torch.zeros_like(membrane) if neuron.hard_reset else membrane - theta,
            membrane,
        )
        spikes.append(spike)
    return torch.stack(spikes + [torch.zeros_like(membrane)] * neuron.code.silent)


def raw(neuron: Raw, steps: list[Tensor]) -> Tensor:
    return steps[0]


NEURONS: dict[type[Neuron], Callable[[Any, list[Tensor]], Tensor]] = {
    SpikePack: spikepack,
    Thresholds: thresholds,
    LIF: lif,
    Raw: raw,
}
"""Values for the drives of each time step, by kind of neuron."""

NODES: dict[type[Node], Callable[[Graph, Any, Sequence[Tensor]], Tensor]] = {
    Layer: layer,
    MaxPool: max_pool,
    SumPool: sum_pool,
}
"""Values for those of a node's inputs, by kind of node. Those of the input are given."""


def torch_words(graph: Graph, x: Array, progress: Progress) -> dict[str, Ints]:
    """Words of every node, computed by torch in float64."""
    network, parts = Frozen(graph), []
    for start in range(0, len(x), CHUNK):
        progress("torch", start, len(x))
        seen = network.trace(
            torch.from_numpy(np.ascontiguousarray(x[start : start + CHUNK], dtype=np.float32))
        )
        parts.append(
            {name: words_of(graph.codes[name], values.numpy()) for name, values in seen.items()}
        )
    progress("torch", len(x), len(x))
    return joined(parts)
