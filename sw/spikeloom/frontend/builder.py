"""Collects source layers while the operators are walked, and closes accumulators with what follows
them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from spikeloom.errors import UnsupportedError
from spikeloom.frontend.signal import PoolStep, Signal, Step
from spikeloom.ir.exact import (
    Affine,
    Linear,
    Quantizer,
    Relu,
    Source,
    SourceLayer,
    SourceNode,
    Threshold,
)
from spikeloom.ir.nodes import Input, MaxPool, Node, SumPool
from spikeloom.ir.number import MAX_STEPS, Code, Ints, Shape
from spikeloom.ir.ranges import reach
from spikeloom.ir.staircase import Rationals
from spikeloom.ir.windows import window_shape


def clean(name: str) -> str:
    """A node name for files and hardware: letters, digits and underscores; "conv1/Conv" becomes
    "conv1".
    """
    parts = [p for p in name.replace(".", "/").split("/") if p]
    if len(parts) > 1 and parts[-1].split("_")[0] in (
        "Conv",
        "Gemm",
        "MatMul",
        "Quant",
        "MaxPool",
        "AveragePool",
        "Add",
        "MultiThreshold",
    ):
        parts = parts[:-1]
    text = re.sub(r"\W+", "_", "_".join(parts), flags=re.ASCII).strip("_") or "node"
    return text if not text[0].isdigit() else f"n{text}"


@dataclass
class Builder:
    """The source network as far as it has been read: nodes in order, with the shape and format of
    each.
    """

    name: str
    nodes: list[SourceNode] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    input: Input | None = None

    def unique(self, name: str) -> str:
        base, name, count = clean(name), clean(name), 1
        while name in self.shapes:
            count += 1
            name = f"{base}_{count}"
        return name

    def add(self, node: SourceNode, shape: Shape, code: Code) -> str:
        self.nodes.append(node)
        self.shapes[node.name], self.codes[node.name] = shape, code
        return node.name

    def add_input(self, node: Input) -> None:
        """Raises UnsupportedError if the network's input is quantized in two ways."""
        if self.input not in (None, node):
            raise UnsupportedError(
                "input: expected one Quant at the network's input, found two; let all branches"
                " start behind the same one"
            )
        if self.input is None:
            self.input = node
            self.add(node, node.shape, node.code)

    def reshape_input(self, signal: Signal, shape: Shape) -> bool:
        """Take the input's words as another map, if nothing but the input exists yet."""
        first = self.input
        if first is None or len(self.nodes) != 1 or signal.main != first.name:
            return False
        self.input = self.nodes[0] = replace(first, shape=shape)
        self.shapes[first.name] = shape
        return True

    def linear_shape(self, linear: Linear) -> Shape:
        kernel = (int(linear.weight.shape[2]), int(linear.weight.shape[3]))
        return window_shape(
            self.shapes[linear.source],
            int(linear.weight.shape[0]),
            kernel,
            linear.stride,
            linear.padding,
            linear.name,
        )

    def linear_of(self, signal: Signal, name: str) -> Linear:
        """The accumulator of a signal under a free name; a node's values become one by a depthwise
        identity.
        """
        if isinstance(signal.main, Linear):
            return replace(signal.main, name=self.unique(signal.main.name))
        channels = self.shapes[signal.main][0]
        return Linear(
            self.unique(name),
            signal.main,
            np.ones((channels, 1, 1, 1), dtype=np.int64),
            groups=channels,
        )

    def node(self, node: Node) -> str:
        """Add a node whose inputs are there already; its name."""
        shape = node.map([self.shapes[source] for source in node.inputs])
        code = node.format([self.codes[source] for source in node.inputs])
        assert code is not None
        return self.add(node, shape, code)

    def max_pool(self, source: str, step: PoolStep, flip: Ints) -> str:
        window = (step.kernel, step.stride, step.padding)
        return self.node(MaxPool(self.unique(step.name), source, *window, flip))

    def sum_pool(self, source: str, step: PoolStep) -> str:
        window = (step.kernel, step.stride, step.padding)
        return self.node(SumPool(self.unique(step.name), source, *window))

    def activate(self, signal: Signal, activation: Quantizer) -> Signal:
        """Close a signal with a quantizer: a layer, and behind it the max pools that stood before
        the quantizer.
        """
        if signal.time is not None:
            raise UnsupportedError(
                f"{activation.name}: a Quant on a tensor with time steps is not supported; sum over"
                " time first, or use an IF/LIF neuron"
            )
        if self._unchanged(signal, activation):
            return signal
        linear = self.linear_of(signal, activation.name)
        chain = tuple(step for step in signal.chain if isinstance(step, (Affine, Relu)))
        layer = SourceLayer(
            linear, signal.gain, signal.offset, signal.skip, signal.skip_gain, chain, activation
        )
        last = self.add(layer, self.linear_shape(linear), activation.code)
        for index, step in enumerate(signal.chain):
            if isinstance(step, PoolStep):
                falling = _falling(signal.chain[index + 1 :], len(signal.gain))
                last = self.max_pool(last, step, falling)
        return Signal(last, activation.gain, activation.offset, signal.map, signal.view)

    def _unchanged(self, signal: Signal, activation: Quantizer) -> bool:
        """Whether the quantizer gives back every value that the signal can take."""
        if not isinstance(signal.main, str) or not signal.plain_words:
            return False
        source, target = self.codes[signal.main], activation.code
        if len(source.codebook) > 1 << 8:
            return False
        outputs = target.codebook
        for value in source.codebook:
            y = signal.gain * int(value) + signal.offset
            rank = activation.cuts.passed(y).sum(axis=1)
            if any(
                g * int(outputs[r]) + o != x
                for g, o, r, x in zip(activation.gain, activation.offset, rank, y, strict=True)
            ):
                return False
        return True

    def spike(self, signal: Signal, neuron: Threshold) -> Signal:
        """Close a signal with an IF or LIF neuron."""
        if signal.chain:
            raise UnsupportedError(
                f"{neuron.name}: ReLU or max pooling directly before a LIF neuron is not supported;"
                " pool after the neuron"
            )
        linear = self.linear_of(signal, neuron.name)
        layer = SourceLayer(
            linear, signal.gain, signal.offset, signal.skip, signal.skip_gain, (), neuron
        )
        last = self.add(layer, signal.map, neuron.code)
        one, zero = signal.gain * 0 + 1, signal.gain * 0
        view = (
            (signal.view[0], neuron.code.steps, *signal.view[1:]) if neuron.repeat else signal.view
        )
        return Signal(last, one, zero, signal.map, view, time=neuron.code.steps)

    def words(self, signal: Signal, name: str) -> Signal:
        """The signal as a node's values: a sum without an activation becomes words wide enough.
        Raises UnsupportedError if it has none.
        """
        if signal.plain_words:
            return signal
        if signal.time is not None:
            raise UnsupportedError(f"{name}: expected spikes; put an IF or LIF neuron before it")
        if signal.chain:
            return self._pooled(signal, name)
        linear = self.linear_of(signal, name)
        if signal.skip is None and self.is_sum_pool(linear):
            kernel = (int(linear.weight.shape[2]), int(linear.weight.shape[3]))
            step = PoolStep(linear.name, kernel, linear.stride, linear.padding)
            last = self.sum_pool(linear.source, step)
            return replace(signal, main=last)
        shift = self._skip_shift(signal, name)
        code = self._sum_code(linear, signal, shift, name)
        layer = SourceLayer(
            linear, signal.gain, signal.offset, signal.skip, signal.skip_gain, (), None, code, shift
        )
        last = self.add(layer, self.linear_shape(linear), code)
        return replace(
            signal, main=last, gain=signal.gain / (1 << shift), skip=None, skip_gain=None
        )

    def _pooled(self, signal: Signal, name: str) -> Signal:
        """A sum with max pools behind it, as words."""
        if any(isinstance(step, Relu) for step in signal.chain):
            raise UnsupportedError(
                f"{name}: expected quantized activations; put a Quant after the Relu before it"
            )
        shape = (
            self.linear_shape(signal.main)
            if isinstance(signal.main, Linear)
            else self.shapes[signal.main]
        )
        words = self.words(replace(signal, chain=(), map=shape), name)
        for step in signal.chain:
            if isinstance(step, PoolStep):
                assert isinstance(words.main, str)
                last = self.max_pool(words.main, step, sign(words.gain))
                words = replace(words, main=last, map=self.shapes[last])
            elif isinstance(step, Affine):
                words = words.affine(step.gain, step.offset)
        return words

    def _skip_shift(self, signal: Signal, name: str) -> int:
        """Fraction bits that make the residual's factor of a bare sum a whole number. Raises
        UnsupportedError if none do.
        """
        if signal.skip_gain is None:
            return 0
        ratios = [k / g if g else None for k, g in zip(signal.skip_gain, signal.gain, strict=True)]
        most = max(0 if r is None else r.denominator for r in ratios)
        if (
            any(r is None or most % r.denominator for r in ratios)
            or most & (most - 1)
            or most > 1 << MAX_STEPS
            or max(abs(r) for r in ratios if r is not None) > 1 << 32
        ):
            raise UnsupportedError(
                f"{name}: an Add without an activation needs equal scales on both sides, or a power"
                " of two between them; use one quantizer for both branches, or put a Quant after"
                " the Add"
            )
        return most.bit_length() - 1

    def is_sum_pool(self, linear: Linear) -> bool:
        """Whether an accumulator only adds up windows of unsigned words, channel by channel."""
        ones = (
            bool((linear.weight == 1).all())
            and linear.groups == linear.weight.shape[0] == self.shapes[linear.source][0]
        )
        return ones and linear.weight[0, 0].size > 1 and not self.codes[linear.source].signed

    def _sum_code(self, linear: Linear, signal: Signal, shift: int, name: str) -> Code:
        lows, highs = reach(linear.weight, self.codes[linear.source])
        low, high = int(lows.min()) << shift, int(highs.max()) << shift
        if signal.skip is not None and signal.skip_gain is not None:
            code = self.codes[signal.skip]
            kappas = [
                int(k / g * (1 << shift))
                for k, g in zip(signal.skip_gain, signal.gain, strict=True)
            ]
            ends = [k * v for k in kappas for v in (code.min_value, code.max_value)]
            low, high = low + min(ends), high + max(ends)
        steps = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + int(low < 0)
        if steps > MAX_STEPS:
            raise UnsupportedError(
                f"{name}: a sum of {steps} bits would leave {linear.name} without an activation, at"
                f" most {MAX_STEPS}; put a Quant between them"
            )
        return Code(max(1, steps), signed=low < 0)

    def finish(self, signal: Signal, name: str) -> Source:
        """The whole network, given its output."""
        if signal.time is not None:
            raise UnsupportedError(
                f"{name}: the network's output has a time axis; sum over the time steps (ReduceSum"
                " over axis 1) first"
            )
        if any(isinstance(step, Relu) for step in signal.chain):
            raise UnsupportedError(
                f"{name}: the network's output must be a sum or a Quant, found a Relu; cut the"
                " graph before it"
            )
        if signal.chain:
            signal = self.words(signal, "sum")
        shift = 0
        if not signal.plain_words or len(self.nodes) == 1 or self.nodes[-1].name != signal.main:
            linear, shift = self.linear_of(signal, "sum"), self._skip_shift(signal, name)
            layer = SourceLayer(
                linear,
                signal.gain,
                signal.offset,
                signal.skip,
                signal.skip_gain,
                (),
                None,
                shift=shift,
            )
            self.nodes.append(layer)
        return Source(self.name, tuple(self.nodes), signal.gain / (1 << shift), signal.offset)


def _falling(steps: tuple[Step, ...], channels: int) -> Ints:
    """(C,) 1 where the steps turn larger into smaller."""
    falling = np.zeros(channels, dtype=np.int64)
    for step in steps:
        if isinstance(step, Affine):
            falling ^= np.array([int(g < 0) for g in step.gain], dtype=np.int64)
    return falling


def sign(values: Rationals) -> Ints:
    """(C,) 1 where negative."""
    return np.array([int(v < 0) for v in values], dtype=np.int64)
