"""The frozen network as a torch module: the same integers as the golden model, computed by torch in
float64.

It shares no arithmetic with the golden model: torch convolutions and poolings on values, floor and
comparisons on drives. Exact while every number stays below 2^53.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.graph import Graph, Layer, Pool
from spikeloom.ir.neurons import LIF, SpikePack, Table
from spikeloom.ir.number import Code, Ints


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
            if isinstance(node, Layer):
                seen[node.name] = self._layer(
                    node, seen[node.source], seen[node.skip] if node.skip else None
                )
            elif isinstance(node, Pool):
                seen[node.name] = self._pool(node, seen[node.source])
        return seen

    def integers(self, x: Tensor) -> Tensor:
        """The network's integer output (N, O, H, W), as float64."""
        return self._total(self.trace(x)[self.graph.output.name])

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
            return planes if code.base == 1 else (planes * _places(code)).sum(0)
        y = x.to(torch.float32) / source.scale + source.zero_point
        low = code.min_value + int(source.narrow and code.signed)
        return y.clamp(low, code.max_value).round().to(torch.float64).reshape(-1, *source.shape)

    @staticmethod
    def _total(values: Tensor) -> Tensor:
        """Spike trains as counts."""
        return values.sum(0) if values.dim() == 5 else values

    def _layer(self, layer: Layer, x: Tensor, skip: Tensor | None) -> Tensor:
        if self.graph.per_step(layer):
            assert isinstance(layer.neuron, LIF)
            live = layer.neuron.code.live
            skips = [None] * live if skip is None else list(skip[:live])
            return self._lif(
                layer.neuron,
                [self._drive(layer, a, b) for a, b in zip(x[:live], skips, strict=True)],
            )
        u = self._drive(layer, self._total(x), None if skip is None else self._total(skip))
        neuron = layer.neuron
        if isinstance(neuron, LIF):
            return self._lif(neuron, [u] * neuron.code.live)
        if isinstance(neuron, SpikePack):
            return self._spikepack(neuron, u)
        return self._table(neuron, u) if isinstance(neuron, Table) else u

    def _drive(self, layer: Layer, x: Tensor, skip: Tensor | None) -> Tensor:
        top, left, bottom, right = layer.padding
        weight = torch.from_numpy(layer.weight).to(torch.float64)
        v = functional.conv2d(
            functional.pad(x, (left, right, top, bottom)),
            weight,
            stride=layer.stride,
            groups=layer.groups,
        )
        u = v * _column((1 - 2 * layer.negate) * (1 << layer.shift)) + _column(layer.beta)
        return u if skip is None else u + _column(layer.kappa) * skip

    @staticmethod
    def _spikepack(neuron: SpikePack, u: Tensor) -> Tensor:
        theta, code = _column(neuron.theta), neuron.code
        if code.base == 2:
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

    @staticmethod
    def _table(neuron: Table, u: Tensor) -> Tensor:
        count = torch.zeros(u.shape, dtype=torch.int64)
        for k in range(neuron.thresholds.shape[1]):
            count += (u >= _column(neuron.thresholds[:, k])).to(torch.int64)
        codebook = torch.tensor(
            neuron.code.codebook[:: 1 << neuron.code.silent].tolist(), dtype=torch.float64
        )
        return codebook[count]

    @staticmethod
    def _lif(neuron: LIF, currents: list[Tensor]) -> Tensor:
        theta, membrane, spikes = _column(neuron.theta), torch.zeros_like(currents[0]), []
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

    def _pool(self, pool: Pool, x: Tensor) -> Tensor:
        top, left, bottom, right = pool.padding
        if pool.kind == "sum":
            padded = functional.pad(self._total(x), (left, right, top, bottom))
            ones = torch.ones((padded.shape[1], 1, *pool.kernel), dtype=torch.float64)
            return functional.conv2d(padded, ones, stride=pool.stride, groups=padded.shape[1])
        sign = _column(1 - 2 * pool.flip)
        flat = x.reshape(-1, *x.shape[-3:]) * sign
        padded = functional.pad(flat, (left, right, top, bottom), value=float("-inf"))
        best = functional.max_pool2d(padded, pool.kernel, pool.stride) * sign
        return best.reshape(*x.shape[:-3], *best.shape[-3:])
