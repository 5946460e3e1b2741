"""The frozen network over a whole test set: right answers, and how many bits are set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikeloom.files import Array
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Code, Ints
from spikeloom.progress import Progress, silent
from spikeloom.verify import words as rungs


@dataclass(frozen=True, eq=False)
class Spikes:
    """Of a test set. correct: (N,), whether each image is answered right.

    set_bits, bits: sums over the images of the words that leave every node, by its name; none for
    an integer output.
    """

    correct: npt.NDArray[np.bool_]
    set_bits: dict[str, int]
    bits: dict[str, int]

    @property
    def images(self) -> int:
        return len(self.correct)

    @property
    def right(self) -> int:
        return int(self.correct.sum())

    def density(self, name: str) -> float:
        """Share of set bits."""
        return self.set_bits[name] / self.bits[name]


def count(graph: Graph, x: Array, labels: Ints, progress: Progress) -> Spikes:
    """Run real inputs (N, ...) with labels (N,) through torch on the frozen network, in
    portions.
    """
    from spikeloom.verify.torch_model import torch_words

    codes = {name: code for name, code in graph.codes.items() if code is not None}
    set_bits, correct = dict.fromkeys(codes, 0), np.zeros(len(x), dtype=np.bool_)
    for start in range(0, len(x), rungs.CHUNK):
        progress("torch", start, len(x))
        part = slice(start, start + rungs.CHUNK)
        words = torch_words(graph, x[part], silent)
        for name, code in codes.items():
            set_bits[name] += ones(code, words[name])
        correct[part] = answers(graph, words[graph.output.name]) == labels[part]
    progress("torch", len(x), len(x))
    bits = {
        name: len(x) * int(np.prod(graph.shapes[name])) * code.steps for name, code in codes.items()
    }
    return Spikes(correct, set_bits, bits)


def ones(code: Code, words: Ints) -> int:
    """Set bits of words, plane by plane: all planes at once would take T times the memory."""
    return sum(int(((words >> plane) & 1).sum()) for plane in range(code.steps))


def answers(graph: Graph, words: Ints) -> Ints:
    """The class (N,) that output words (N, O, 1, 1) answer."""
    code = graph.codes[graph.output.name]
    values = words if code is None else code.value(words)
    classes: Ints = golden.dequantize(graph, values).argmax(axis=1)
    return classes


def fired(graph: Graph, spikes: Spikes) -> tuple[int, int]:
    """Set bits and bits that the neurons sent: not the input's, and not those that a pool passes
    on.
    """
    names = [layer.name for layer in graph.layers if layer.name in spikes.bits]
    return sum(spikes.set_bits[name] for name in names), sum(spikes.bits[name] for name in names)
