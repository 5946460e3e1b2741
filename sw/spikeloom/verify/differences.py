"""Where two rungs of the ladder part: the first layer, and in it image, channel, position and
plane.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Code, Ints


@dataclass(frozen=True)
class Difference:
    """The first place in which ``rung`` is not what ``reference`` is.

    Attributes
    ----------
    plane: time step of the first differing spike, from 1; None where integers are compared.
    expected, found: the words or integers there. count, total: differing entries of this layer, and
        all.
    """

    reference: str
    rung: str
    layer: str
    image: int
    channel: int
    row: int
    column: int
    plane: int | None
    expected: int
    found: int
    count: int
    total: int

    def __str__(self) -> str:
        plane = f", plane {self.plane}" if self.plane is not None else ""
        place = (
            f"image {self.image}, channel {self.channel}, position ({self.row},"
            f" {self.column}){plane}"
        )
        count = f"{self.count} of {self.total} entries differ there"
        return (
            f"{self.rung} differs from {self.reference} first at layer {self.layer}: {place}: "
            f"expected {self.expected}, found {self.found}; {count}"
        )


def differing_plane(code: Code | None, expected: int, found: int) -> int | None:
    """The first plane, from 1, in which two words differ."""
    if code is None:
        return None
    mask = (1 << code.steps) - 1
    return code.steps + 1 - ((expected ^ found) & mask).bit_length()


def first_difference(
    graph: Graph, reference: tuple[str, Mapping[str, Ints]], rung: tuple[str, Mapping[str, Ints]]
) -> Difference | None:
    """Compare the words (N, C, H, W) of every node that both rungs know, in the order of the graph;
    None where all are equal.
    """
    (reference_name, expected), (rung_name, found) = reference, rung
    for node in graph.nodes:
        if node.name not in expected or node.name not in found:
            continue
        a, b = expected[node.name], found[node.name]
        unequal = np.argwhere(a != b)
        if len(unequal):
            image, channel, row, column = spot = tuple(int(k) for k in unequal[0])
            x, y = int(a[spot]), int(b[spot])
            plane = differing_plane(graph.codes[node.name], x, y)
            return Difference(
                reference_name,
                rung_name,
                node.name,
                image,
                channel,
                row,
                column,
                plane,
                x,
                y,
                len(unequal),
                a.size,
            )
    return None


def first_count_difference(
    graph: Graph, words: Mapping[str, Ints], counted: Mapping[str, Iterable[int]], rung: str
) -> str | None:
    """Compare spikes per plane that hardware counted with those in ``words``; a line naming the
    first layer and plane that differ.
    """
    for node in graph.nodes:
        code = graph.codes[node.name]
        if code is None or node.name not in counted:
            continue
        expected = code.planes(words[node.name]).reshape(code.steps, -1).sum(axis=1)
        for t, (a, b) in enumerate(zip(expected, counted[node.name], strict=True)):
            if a != b:
                return (
                    f"{rung} counts other spikes first at layer {node.name}, plane {t + 1}:"
                    f" expected {a}, found {b}"
                )
    return None


def first_crc_difference(
    expected: Mapping[str, int], counted: Mapping[str, int], rung: str
) -> str | None:
    """Compare the CRC of every layer's words, in the order of the stream; a line naming the first
    layer that differs.
    """
    for name, value in expected.items():
        if counted.get(name) != value:
            found = "none" if name not in counted else f"{counted[name]:08x}"
            return (
                f"{rung} gives other words first at layer {name.removesuffix('.crc')}: CRC expected"
                f" {value:08x}, found {found}"
            )
    return None


@dataclass(frozen=True)
class OutputCount:
    """How many real outputs of a rung are not the golden model's, and the first of them as text."""

    differing: int
    total: int
    first: str

    def __str__(self) -> str:
        return f"{self.differing} of {self.total} outputs differ" + (
            f", first {self.first}" if self.differing else ""
        )


def count_outputs(
    graph: Graph, words: Mapping[str, Ints], found: npt.NDArray[np.float64], exact: bool
) -> OutputCount:
    """Compare real outputs (N, O, H, W) with those of the golden ``words``: with == in float32
    where ``exact``, else an output differs when another integer is nearer to it.
    """
    code, last = graph.codes[graph.output.name], words[graph.output.name]
    values = last if code is None else code.value(last)
    real = graph.scale.reshape(1, -1, 1, 1) * values + graph.bias.reshape(1, -1, 1, 1)
    unequal = found != real.astype(np.float32)
    if not exact:
        unequal &= ~(np.abs(found - real) < np.abs(graph.scale).reshape(1, -1, 1, 1) / 2)
    places = np.argwhere(unequal)
    if not len(places):
        return OutputCount(0, values.size, "")
    image, channel, row, column = spot = tuple(int(k) for k in places[0])
    where = f"image {image}, channel {channel}, position ({row}, {column})"
    return OutputCount(
        len(places), values.size, f"{where}: expected {real[spot]:.9g}, found {found[spot]:.9g}"
    )
