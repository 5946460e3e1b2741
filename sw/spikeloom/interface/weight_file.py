"""Weights to load at run time: an ``.npz`` with the words of the load stream, and what the host
must know of the other network.

Written by ``spikeloom weights``, read by the driver; numpy alone.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, first_line
from spikeloom.interface.manifest import Manifest

Words = npt.NDArray[np.uint32]
Reals = npt.NDArray[np.float64]

ARRAYS = ("identity", "network", "words", "scale", "bias", "input_scale", "input_zero_point")


@dataclass(frozen=True, eq=False)
class Load:
    """One set of weights for one piece of hardware.

    Attributes
    ----------
    identity: of the hardware's manifest. network: name of the network that the weights are.
    words: the load stream, 32 bits each; the last one is no weight: it shows that all memories are
        full.
    scale, bias: (O,) or (1,); the real output is ``scale * v + bias``.
    input_scale, input_zero_point: of the real input, as in
        :class:`spikeloom.interface.manifest.InputFormat`.
    """

    identity: str
    network: str
    words: Words
    scale: Reals
    bias: Reals
    input_scale: float
    input_zero_point: int

    @property
    def crc(self) -> int:
        """CRC-32 of the words, as the register ``load_crc`` has it after a load."""
        return zlib.crc32(self.words.astype("<u4").tobytes())

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """What the file holds."""
        return {
            "identity": np.array([self.identity]),
            "network": np.array([self.network]),
            "words": self.words,
            "scale": self.scale,
            "bias": self.bias,
            "input_scale": np.array([self.input_scale]),
            "input_zero_point": np.array([self.input_zero_point]),
        }


def load(path: Path) -> Load:
    """Read a file of ``spikeloom weights``. Raises SpikeLoomError where it is missing, damaged or
    something else.
    """
    existing(path, "weights of 'spikeloom weights' (.npz)")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            if set(archive.files) != set(ARRAYS):
                raise SpikeLoomError(
                    f"{path}: expected weights of 'spikeloom weights', found"
                    f" {', '.join(sorted(archive.files)[:8])}"
                )
            a = {name: archive[name] for name in ARRAYS}
    except (
        zipfile.BadZipFile,
        ValueError,
        EOFError,
        OSError,
        AttributeError,
        TypeError,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise SpikeLoomError(
            f"{path}: expected weights of 'spikeloom weights', found a damaged file"
            f" ({first_line(error)})"
        ) from error
    if a["words"].dtype != np.uint32 or a["words"].ndim != 1 or not len(a["words"]):
        raise SpikeLoomError(
            f"{path}: expected words (n,) of 32 bits, found {a['words'].dtype} of shape"
            f" {a['words'].shape}"
        )
    single = {
        name: a[name].reshape(-1)[0]
        for name in ("identity", "network", "input_scale", "input_zero_point")
        if a[name].size == 1
    }
    if len(single) != 4:
        raise SpikeLoomError(
            f"{path}: expected one identity, name, scale and zero point, found several; make the"
            " file again"
        )
    scale, bias = a["scale"].astype(np.float64), a["bias"].astype(np.float64)
    return Load(
        str(single["identity"]),
        str(single["network"]),
        a["words"],
        scale,
        bias,
        float(single["input_scale"]),
        int(single["input_zero_point"]),
    )


def check(found: Load, manifest: Manifest, where: str) -> None:
    """Raises SpikeLoomError unless these weights are for this hardware."""
    if not manifest.load_words:
        raise SpikeLoomError(
            f"{where}: the weights of {manifest.name} are fixed in its hardware; compile it with"
            " --runtime-weights"
        )
    if found.identity != manifest.identity:
        raise SpikeLoomError(
            f"{where}: weights for other hardware (manifest {found.identity[:12]}, this one is"
            f" {manifest.identity[:12]}); make them with 'spikeloom weights MODEL.onnx --on DIR'"
            " for the folder of this bitstream"
        )
    if len(found.words) != manifest.load_words:
        raise SpikeLoomError(
            f"{where}: expected {manifest.load_words} words for {manifest.name}, found"
            f" {len(found.words)}"
        )
