"""Load an overlay and make sure that bitstream, register map and manifest belong together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeloom.driver import environment
from spikeloom.driver.errors import MismatchError, SetupError
from spikeloom.driver.port import Port
from spikeloom.files import existing, first_line
from spikeloom.interface import manifest as manifests
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import ADDRESS_WIDTH, MAGIC, MAX_COUNTERS, VERSION

IP = "shell"
"""Name of the shell's type in a hardware handoff file, whoever packaged it; its first register says
what it is.
"""


@dataclass(frozen=True, eq=False)
class Loaded:
    """An overlay that was loaded and checked.

    Attributes
    ----------
    identity: SHA-256 of manifest.json, which is also in the hardware.
    clock_mhz: of the fabric, as pynq reads it; the plan's where it cannot. simulated: whether the
        device is a simulation.
    """

    pynq: Any
    device: Any
    overlay: Any
    port: Port
    manifest: Manifest
    identity: str
    clock_mhz: float
    simulated: bool


def load(bit: Path, manifest_path: Path) -> Loaded:
    """Load a bitstream with its ``.hwh`` beside it. Raises SetupError, MismatchError or
    SpikeLoomError for whatever does not fit.
    """
    existing(manifest_path, "the manifest of the network (manifest.json)")
    text = manifest_path.read_bytes()
    manifest = manifests.from_json(text.decode("utf-8", errors="replace"), str(manifest_path))
    identity = hashlib.sha256(text).hexdigest()
    pynq = environment.pynq_module()
    device = environment.find_device(pynq)
    environment.check_board(manifest.board, device)
    overlay = open_overlay(pynq, device, bit)
    port = Port(find_shell(pynq, device, overlay, bit), manifest)
    check(port, identity, bit)
    clock = environment.clock_mhz(pynq)
    return Loaded(
        pynq,
        device,
        overlay,
        port,
        manifest,
        identity,
        clock or manifest.clock_mhz,
        environment.is_simulated(device),
    )


def open_overlay(pynq: Any, device: Any, bit: Path) -> Any:
    existing(bit, "a bitstream (.bit)")
    existing(bit.with_suffix(".hwh"), "the bitstream's hardware handoff file (.hwh)")
    try:
        return pynq.Overlay(str(bit.resolve()), device=device)
    except (OSError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise SetupError(
            f"{bit}: pynq could not load it ({first_line(error)}); it must be made for this very"
            " board"
        ) from error


def find_shell(pynq: Any, device: Any, overlay: Any, bit: Path) -> Any:
    """The registers of the one shell in an overlay."""
    found = [
        entry
        for entry in overlay.ip_dict.values()
        if str(entry.get("type")).split(":")[2:3] == [IP]
    ]
    if len(found) != 1:
        raise MismatchError(
            f"{bit.with_suffix('.hwh')}: expected one {IP}, found {len(found)}; it is no overlay of"
            " SpikeLoom"
        )
    return pynq.MMIO(int(found[0]["phys_addr"]), 1 << ADDRESS_WIDTH, device=device)


def check(port: Port, identity: str, bit: Path) -> None:
    """Raises MismatchError unless the hardware is a shell of this register map and was built from
    this very manifest.
    """
    manifest = port.manifest
    again = "build the bitstream of this manifest, or take the manifest.json that came with it"
    if port.read("magic") != MAGIC:
        raise MismatchError(
            f"{bit}: expected a SpikeLoom shell, found {port.read('magic'):#010x} in its first"
            " register"
        )
    if port.read("version") != VERSION:
        raise MismatchError(
            f"{bit}: expected register map {VERSION}, found {port.read('version')}; emit and build"
            " the network again"
        )
    if port.identity != identity:
        raise MismatchError(
            f"{bit}: expected the hardware of manifest {identity[:12]}, found that of"
            f" {port.identity[:12]}: another network; {again}"
        )
    for what, wanted, found in (
        ("counters", len(manifest.counters), port.read("counter_count")),
        (
            "bits of a memory word",
            manifest.memory_width,
            8 * port.field("capabilities", "memory_bytes"),
        ),
    ):
        if wanted != found or len(manifest.counters) > MAX_COUNTERS:
            raise MismatchError(f"{bit}: expected {wanted} {what}, found {found}; {again}")
