"""What a user of the hardware must know to talk to it: stream formats and the map of its counters.
``manifest.json``.

Simulation and the board's driver need this file and numpy, nothing else of the compiler.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import Code, Shape, integer

FORMAT = 2

CONTAINERS = (1, 2, 4, 8, 16)
"""Bits that a word may take in memory."""


def container_bits(steps: int, words: int) -> int:
    """Bits that each of the ``words`` words of an image takes in memory.

    The least of ``CONTAINERS`` that hold the ``steps`` bits of a word and make an image whole
    bytes.
    """
    return next(bits for bits in CONTAINERS if bits >= steps and bits * words % 8 == 0)


@dataclass(frozen=True)
class InputFormat:
    """The input stream: one beat holds ``group`` channels of one position; positions row-major,
    channel groups inside.

    Attributes
    ----------
    shape: channels, height, width of one image. real_shape: of one real input, without the batch.
    code: word format; a word is ``code.steps`` bits.
    group: channels in one beat.
    scale, zero_point, narrow, events: as in :class:`spikeloom.ir.graph.Input`.
    """

    shape: Shape
    real_shape: tuple[int, ...]
    code: Code
    group: int
    scale: float = 1.0
    zero_point: int = 0
    narrow: bool = False
    events: bool = False

    @property
    def beat_bytes(self) -> int:
        return -(-self.group * self.code.steps // 8)

    @property
    def words(self) -> int:
        """Words of one image."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    @property
    def container_bits(self) -> int:
        """Bits of a word in memory, see :func:`container_bits`; below 8 several words share a byte,
        the first in its lowest bits.
        """
        return container_bits(self.code.steps, self.words)

    @property
    def image_bytes(self) -> int:
        """Bytes of one image in memory: (height, width, channel) containers, no padding between
        images.
        """
        return self.words * self.container_bits // 8

    @property
    def beats(self) -> int:
        """Beats of one image."""
        return self.shape[0] // self.group * self.shape[1] * self.shape[2]


@dataclass(frozen=True)
class OutputFormat:
    """The output stream: one value per beat, positions row-major, channels inside.

    Attributes
    ----------
    shape: channels, height, width.
    code: None for signed integers, else the format of the words.
    """

    shape: Shape
    code: Code | None

    @property
    def beats(self) -> int:
        """Beats (values) of one image."""
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass(frozen=True)
class SpikeStream:
    """Spikes that leave a node: ``words`` words of ``steps`` planes per image, counted as
    ``<name>.spikes[t]``, ``.nonzero``, ``.crc``.
    """

    name: str
    steps: int
    words: int


@dataclass(frozen=True)
class Readout:
    """The real output ``scale * v + bias`` of integers v, (O,) or (1,)."""

    scale: tuple[float, ...]
    bias: tuple[float, ...]


@dataclass(frozen=True)
class Manifest:
    """Contents of ``manifest.json``.

    Attributes
    ----------
    network_sha256: the network hash, see :func:`spikeloom.mapping.plan.plan_file.hashes`;
        plan_sha256, weights_sha256: of its two parts.
    top_sha256: of ``rtl/top.v``, so that a manifest cannot be used with other hardware.
    board, clock_mhz: what the plan was made for.
    scale, bias: (O,) or (1,); the real output is ``scale * v + bias`` in float64.
    counters: name to address of every 64-bit counter.
    stages: names in the order of the stream. streams: the input and every node that spikes, in the
        same order.
    memory_width, address_width: bits of the shell's port to external memory.
    load_words: 32-bit words that fill all weight memories at run time, see ``loadfile``; 0 where
        weights are fixed.
    limit_cycles: no transfer at either end for so long means that the hardware hangs.
    readouts: scale and bias with 1, 2, ... time steps, all of them at last; empty where the
        hardware always runs all.
    """

    name: str
    network_sha256: str
    plan_sha256: str
    weights_sha256: str
    top_sha256: str
    board: str
    clock_mhz: float
    input: InputFormat
    output: OutputFormat
    scale: tuple[float, ...]
    bias: tuple[float, ...]
    counters: dict[str, int]
    stages: tuple[str, ...]
    streams: tuple[SpikeStream, ...]
    memory_width: int
    address_width: int
    limit_cycles: int
    load_words: int = 0
    readouts: tuple[Readout, ...] = ()

    def to_json(self) -> str:
        """The same text for the same contents, byte for byte."""
        contents = asdict(self)
        if (
            not self.readouts
        ):  # hardware that has no choice keeps the identity that it had before there was one
            del contents["readouts"]
        return json.dumps({"format": FORMAT, **contents}, indent=1) + "\n"

    @property
    def steps(self) -> int:
        """Numbers of time steps that can be chosen from: 1 to this; 0 where the hardware always
        runs all.
        """
        return len(self.readouts)

    def checked_steps(self, steps: int | None) -> int:
        """What the port and the register ``steps`` take; 0 for all time steps. Raises
        SpikeLoomError where it cannot be chosen.
        """
        if steps is None:
            return 0
        wanted = integer(steps, "time steps")
        if not self.steps:
            raise SpikeLoomError(
                f"{self.name}: the hardware always runs all its time steps; compile it with"
                " --fewer-steps"
            )
        if not 1 <= wanted <= self.steps:
            raise SpikeLoomError(
                f"{self.name}: time steps to run: expected 1 to {self.steps}, got {wanted}"
            )
        return wanted

    def readout(self, steps: int) -> Readout:
        """Scale and bias with so many time steps; 0 for all."""
        return self.readouts[steps - 1] if steps else Readout(self.scale, self.bias)

    @property
    def identity(self) -> str:
        """SHA-256 of ``manifest.json``, which the shell carries in a register."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def from_json(text: str, where: str = "manifest.json") -> Manifest:
    """Raises SpikeLoomError where the text is not a manifest of this format."""
    try:
        data: dict[str, Any] = json.loads(text)
        if data.pop("format") != FORMAT:
            raise SpikeLoomError(
                f"{where}: written by another version of spikeloom; emit the network again"
            )
        source, sink = data["input"], data["output"]
        source["code"] = Code(**source["code"])
        sink["code"] = None if sink["code"] is None else Code(**sink["code"])
        for part, key in (
            (source, "shape"),
            (source, "real_shape"),
            (sink, "shape"),
            (data, "scale"),
            (data, "bias"),
            (data, "stages"),
        ):
            part[key] = tuple(part[key])
        data["readouts"] = tuple(
            Readout(tuple(entry["scale"]), tuple(entry["bias"]))
            for entry in data.get("readouts", ())
        )
        data["streams"] = tuple(SpikeStream(**entry) for entry in data["streams"])
        data["input"], data["output"] = InputFormat(**source), OutputFormat(**sink)
        return Manifest(**data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SpikeLoomError(
            f"{where}: expected a manifest written by 'spikeloom emit', found something else"
            f" ({error})"
        ) from None


def load(folder: Path) -> Manifest:
    """The manifest of an emitted network. Raises SpikeLoomError if there is none."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise SpikeLoomError(
            f"{path}: expected an emitted network, found none; run 'spikeloom emit' first"
        )
    return from_json(path.read_text(encoding="utf-8", errors="replace"), str(path))
