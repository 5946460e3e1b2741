"""The SpikePack neuron in its parallel form for training, and its serial twin."""

from __future__ import annotations

import torch
from torch import Tensor

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import Code
from spikeloom.nn.neuron import Neuron
from spikeloom.nn.onnx_ops import QuantNode, TableNode


class SpikePack(Neuron):
    """T spikes as one number: the code value nearest to ``z / theta``, times theta. Any shape; same
    shape out.

    base 2: ``theta * clip(round(z / theta), 0, 2^T - 1)``, halves to even. base > 2: nearest of the
    2^T sums of distinct powers of the base, the higher one at equal distance. The gradient passes
    straight through inside the range; theta learns as in LSQ (arXiv 1902.08153). Source of the
    neuron: SpikePack, arXiv 2501.14484.

    steps: T, 1 to 16. base: tau, 2 to 16. theta: the threshold; None finds it on the first batch
    (least squared error). learn: train it. power_of_two: round it to a power of two.

    Raises SpikeLoomError if steps, base or theta is out of range, or the first batch holds nothing
    to calibrate on.
    """

    def __init__(
        self,
        steps: int = 4,
        base: int = 2,
        *,
        theta: float | None = None,
        learn: bool = True,
        power_of_two: bool = False,
    ) -> None:
        code = Code(steps, base)
        if code.spike_train:
            raise SpikeLoomError(
                f"SpikePack: base tau must be 2 or more, got {base}: take IF or LIF for an"
                " unweighted spike train"
            )
        super().__init__(code.steps, theta, learn, power_of_two)
        self._encode(code)

    def _encode(self, code: Code) -> None:
        self.steps, self.code = code.steps, code
        # plain attributes: constants of the code, no state, and the exporter's tracer cannot find
        # buffers inside a function
        self.codebook = torch.from_numpy(code.codebook).to(torch.float32)
        self.midpoints = (self.codebook[1:] + self.codebook[:-1]) / 2

    def set_steps(self, steps: int) -> None:
        """Another T. A threshold that is known already is scaled so that the largest value stays
        the same.

        Raises SpikeLoomError if steps is out of range.
        """
        before = self.code.max_value
        self._encode(Code(steps, self.code.base))
        if self.calibrated:
            self.calibrate(float(self.theta.detach()) * before / self.code.max_value)

    def extra_repr(self) -> str:
        return (
            f"steps={self.steps}, base={self.code.base}, learn={self.log2_theta.requires_grad},"
            f" power_of_two={self.power_of_two}"
        )

    def forward(self, z: Tensor) -> Tensor:
        if torch.onnx.is_in_onnx_export():
            return self._export(z)
        if not self.calibrated:
            self.calibrate(self._best_theta(z.detach()))
        return self.keep(self._value(z, self.theta))

    def _value(self, z: Tensor, theta: Tensor) -> Tensor:
        y = z / theta
        clipped = y.clamp(0, float(self.code.max_value))
        if self.code.plain:
            nearest = clipped.detach().round()
        else:
            nearest = self.codebook.to(z.device)[self._index(z.detach(), theta.detach())]
        # clipped + (nearest - clipped) is exact for halves and integers, but not for coarse codes:
        # so the value comes from a function
        value: Tensor = _Straight.apply(clipped, nearest) * theta  # type: ignore[no-untyped-call]
        return value

    def _index(self, z: Tensor, theta: Tensor) -> Tensor:
        return torch.bucketize(z.contiguous(), self.midpoints.to(z.device) * theta, right=True)

    def serial(self, z: Tensor) -> Tensor:
        """The spike train of each input, one time step after the other: (T, *z.shape), 0.0 or 1.0.

        Packed with the place values of the code, times theta, it equals the parallel form.
        """
        theta = self.fixed_theta
        return self._serial_base2(z, theta) if self.code.plain else self._serial_table(z, theta)

    def _serial_base2(self, z: Tensor, theta: Tensor) -> Tensor:
        u = (z / theta).double() + 0.5  # double holds the half exactly beside every float32
        spikes = []
        for place in self.code.place_values.tolist():
            spike = (u >= place).double()
            u = u - spike * place
            spikes.append(spike)
        spikes[-1] = spikes[-1] * (u != 0)  # a last residue of 0 was a tie: halves go to even
        return torch.stack(spikes).to(z.dtype)

    def _serial_table(self, z: Tensor, theta: Tensor) -> Tensor:
        thresholds = self.midpoints.to(z.device) * theta
        word = torch.zeros_like(z, dtype=torch.int64)
        spikes = []
        for t in range(self.steps):
            bit = 1 << (self.steps - 1 - t)
            spike = z >= thresholds[word + bit - 1]
            word = word + bit * spike
            spikes.append(spike)
        return torch.stack(spikes).to(z.dtype)

    def pack(self, spikes: Tensor) -> Tensor:
        """(T, ...) spikes to the neuron's output value."""
        places = torch.from_numpy(self.code.place_values).to(spikes)
        packed: Tensor = torch.tensordot(places, spikes, dims=1) * self.fixed_theta
        return packed

    def planes(self, out: Tensor) -> Tensor:
        word = torch.bucketize(
            (out.detach() / self.theta.detach()).contiguous(),
            self.midpoints.to(out.device),
            right=True,
        )
        shifts = torch.arange(self.steps - 1, -1, -1, device=out.device).reshape(
            (-1,) + (1,) * out.dim()
        )
        return (word[None] >> shifts) & 1

    def spike_count(self, out: Tensor) -> tuple[Tensor, int]:
        """Value: the true count. Gradient: that of ``log2(1 + w) / 2``, the mean count of set bits
        up to word w, by the fine value of w.
        """
        scale = len(self.midpoints) / (self.code.max_value * self.theta.detach())
        smooth = 0.5 * torch.log2(1 + out * scale).sum()
        count: Tensor = smooth + (self.planes(out).sum() - smooth).detach()
        return count, out.numel()

    def _best_theta(self, z: Tensor) -> float:
        z = z.flatten()[:200_000]
        top = float(z.max()) if z.numel() else 0.0
        if not (top > 0 and torch.isfinite(z).all()):
            raise SpikeLoomError(
                "SpikePack: cannot find a threshold, the first batch is not finite or never"
                " positive: give theta="
            )
        positive = z.clamp(min=0)
        candidates = [top * part / 32 / self.code.max_value for part in range(4, 33)]
        errors = [
            float((self._value(positive, torch.tensor(c)) - positive).square().mean())
            for c in candidates
        ]
        return candidates[errors.index(min(errors))]

    def _export(self, z: Tensor) -> Tensor:
        theta = self.fixed_theta
        if self.code.plain:
            return QuantNode.apply(z, theta, self.steps, self._value)  # type: ignore[no-any-return, no-untyped-call]
        thresholds, values = (
            _untraced((self.midpoints * theta)[None]),
            _untraced(self.codebook * theta),
        )
        return TableNode.apply(z, theta, thresholds, values, self._value)  # type: ignore[no-any-return, no-untyped-call]


class _Straight(torch.autograd.Function):
    """(smooth, exact) -> exact, with the gradient of smooth."""

    @staticmethod
    def forward(ctx: object, smooth: Tensor, exact: Tensor) -> Tensor:
        return exact.clone()

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


def _untraced(constant: Tensor) -> Tensor:
    """The same numbers with no history: the tracer takes them for a constant."""
    return torch.from_numpy(constant.detach().numpy().copy())
