"""How long the words of a stage take to scan, from the actual spikes: all that timing and counters
need of the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikeloom.ir.number import Ints
from spikeloom.ir.windows import windows
from spikeloom.mapping.plan.plan import Stage

NEVER = -(1 << 40)


@dataclass(frozen=True, eq=False)
class Work:
    """The scan of one stage.

    ``words`` are those of its source, (N, C, H, W).
    """

    stage: Stage
    words: Ints

    def image(self, index: int) -> Iterator[tuple[int, int, int]]:
        """Per pass in order: its cycles; and the largest ``pop - j`` over its words j but the last
        two, and over all.
        """
        stage = self.stage
        if stage.body.skips:
            pops = self.pops(index)  # (steps, groups, planes, words)
            lead = pops - np.arange(stage.pass_words)
            leads = [
                lead[..., : stage.pass_words - left].max(axis=-1, initial=NEVER) for left in (2, 0)
            ]
            per_group = np.stack([pops[..., -1] + 1, *leads], axis=-1)
            rows = per_group[:, self.groups_of_folds].reshape(-1, 3)
            return iter(rows.tolist())
        plain = [stage.pass_words] + [0 if stage.pass_words > left else NEVER for left in (2, 0)]
        return iter([plain] * (stage.positions * stage.folds * stage.planes))  # type: ignore[list-item]

    def pops(self, index: int) -> Ints:
        """When each word leaves the slowest queue, counted from the start of the pass: (steps, conv
        groups, planes, words of a pass).
        """
        return np.asarray(np.cumsum(self.costs(index), axis=3, dtype=np.int64).max(axis=4) - 1)

    def mean_queue(self, index: int) -> float:
        """Cycles of an image if every pass took what its queues take on average, and not what the
        busiest does.
        """
        per_group = self.costs(index).sum(axis=3, dtype=np.int64).mean(axis=3)
        return float(per_group[:, self.groups_of_folds].sum())

    @property
    def groups_of_folds(self) -> list[int]:
        """Which conv group each fold is of."""
        stage = self.stage
        return [
            fold * stage.folding.elements * stage.groups // stage.o_shape[0]
            for fold in range(stage.folds)
        ]

    def costs(self, index: int) -> Ints:
        """Cycles of each word in each queue: (steps, conv groups, planes, words of a pass,
        queues).
        """
        stage, f, layer = self.stage, self.stage.folding, self.stage.layer
        height, width = stage.i_shape[1:]
        flags = stage.i_code.planes(self.words[index])[: stage.live].astype(np.int16)
        dealt = flags.reshape(stage.planes, -1, f.group, height, width)[:, :, list(stage.dealt)]
        counts = dealt.reshape(stage.planes, -1, f.group // f.banks, height, width).sum(axis=2)
        view = windows(
            counts, layer.kernel, layer.stride, layer.padding
        )  # (planes, groups * words * banks, oh, ow, kh, kw)
        oh, ow, kh, kw = view.shape[2:]
        cost = np.maximum(1, -(-view // f.ports))
        cost = cost.reshape(
            stage.planes, stage.groups, stage.words, f.banks, oh, ow // f.windows, f.windows, kh, kw
        )
        cost = cost.transpose(4, 5, 1, 0, 7, 8, 2, 6, 3).reshape(
            stage.positions, stage.groups, stage.planes, stage.pass_words, -1
        )
        return np.asarray(cost)

    @property
    def synaptic(self) -> Ints:
        """Synapses that added their weight, per image (N,)."""
        stage, layer = self.stage, self.stage.layer
        if not stage.body.adds:
            return np.zeros(len(self.words), dtype=np.int64)
        spikes = stage.i_code.planes(self.words)[: stage.live].sum(axis=(0, 2))
        view = windows(spikes[:, None], layer.kernel, layer.stride, layer.padding)
        return np.asarray(view.sum(axis=(1, 2, 3, 4, 5)) * (stage.o_shape[0] // stage.groups))
