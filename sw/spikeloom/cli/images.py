"""What a command works on: the images that are named, or the folder's test set, all of them or
some; a clock.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array, load_array


def images_of(folder: Path, given: Path | None, labels: Path | None) -> tuple[Array, Array | None]:
    """Input and labels: those named, or the folder's test set."""
    from spikeloom.ir.arrays import nonempty

    if given is not None:
        return nonempty(load_array(given, "the network's input (.npy)")), (
            load_array(labels, "labels (.npy)") if labels else None
        )
    x, y = folder / "test_x.npy", labels or folder / "test_y.npy"
    if not x.exists():
        raise SpikeLoomError(
            f"{x}: expected a test set, found none; name an input with --input x.npy"
        )
    return nonempty(load_array(x)), load_array(y, "labels (.npy)") if y.exists() or labels else None


def image_count(wanted: int | None, there: int, usual: int) -> int:
    """How many images to take. Raises SpikeLoomError where fewer are there."""
    if wanted is not None and wanted > there:
        raise SpikeLoomError(
            f"--images: expected at most {there}, for so many images are there, got {wanted}"
        )
    return wanted or usual


def wave_images(waves: Path | None, wanted: str | None, count: int) -> tuple[int, int]:
    """First and last image of ``3`` or ``3-5``. Raises SpikeLoomError for anything else, and where
    no waves are wanted.
    """
    if waves is None and wanted is not None:
        raise SpikeLoomError(
            "--images: chooses the images of a wave file, expected --waves beside it; all images"
            " are always simulated"
        )
    text = "0" if wanted is None else wanted
    first, _, last = text.partition("-")
    if (
        not first.isdecimal()
        or not (last or first).isdecimal()
        or not int(first) <= int(last or first) < count
    ):
        raise SpikeLoomError(
            f"--images: expected a number or a range within 0-{count - 1}, e.g. 0-2, got {text}"
        )
    return int(first), int(last or first)


def clock_of(text: str) -> float | Literal["auto"]:
    """A clock in MHz, or "auto". Raises SpikeLoomError for anything else."""
    if text == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError:
        raise SpikeLoomError(f"--clock-mhz: expected a number or auto, got {text!r}") from None
