"""The hardware handoff file (``.hwh``) that Vivado wrote: whether it describes the block design
that the driver expects.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as xml

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing
from spikeloom.interface.handoff import INSTANCE, VLNV, divisors, system_of
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import ADDRESS_WIDTH


def check(path: Path, manifest: Manifest) -> None:
    """Raises SpikeLoomError unless the file holds one shell at its address, and the first clock
    divided as planned.
    """
    text = existing(path, "a hardware handoff file (.hwh)").read_text(
        encoding="utf-8", errors="replace"
    )
    try:
        root = xml.fromstring(text.encode())
    except xml.ParseError as error:
        raise SpikeLoomError(
            f"{path}: expected a hardware handoff file in XML, found something else ({error});"
            " build it again"
        ) from error
    check_shell(path, root)
    processor = processing_system(path, root, manifest)
    check_address(path, processor, manifest)
    check_clock(path, processor, manifest)


def wrong(path: Path, what: str, expected: object, found: object) -> SpikeLoomError:
    return SpikeLoomError(
        f"{path}: {what}: expected {expected}, found {found}; build the folder again as it was"
        " written"
    )


def check_shell(path: Path, root: xml.Element) -> None:
    found = [
        module
        for module in root.iter("MODULE")
        if (module.get("VLNV") or "").split(":")[2:3] == [VLNV.split(":")[2]]
    ]
    if len(found) != 1:
        raise wrong(path, "shells", 1, len(found))
    for key, expected in (("VLNV", VLNV), ("INSTANCE", INSTANCE)):
        if found[0].get(key) != expected:
            raise wrong(path, f"{key} of the shell", expected, found[0].get(key))


def processing_system(path: Path, root: xml.Element, manifest: Manifest) -> xml.Element:
    kind = system_of(manifest).module
    found = [module for module in root.iter("MODULE") if module.get("MODTYPE") == kind]
    if len(found) != 1:
        raise wrong(path, f"modules of type {kind}", 1, len(found))
    return found[0]


def check_address(path: Path, processor: xml.Element, manifest: Manifest) -> None:
    system = system_of(manifest)
    found = [place for place in processor.iter("MEMRANGE") if place.get("INSTANCE") == INSTANCE]
    if len(found) != 1:
        raise wrong(path, "address ranges of the shell", 1, len(found))
    expected = (system.master, system.base, system.base + (1 << ADDRESS_WIDTH) - 1)
    try:
        there = (
            found[0].get("MASTERBUSINTERFACE"),
            int(found[0].get("BASEVALUE", ""), 0),
            int(found[0].get("HIGHVALUE", ""), 0),
        )
    except ValueError:
        raise wrong(
            path, "address of the shell", f"{expected[1]:#x}", found[0].get("BASEVALUE")
        ) from None
    if there != expected:
        raise wrong(
            path,
            "address of the shell",
            *(f"{place[0]} {place[1]:#x} to {place[2]:#x}" for place in (expected, there)),
        )


def check_clock(path: Path, processor: xml.Element, manifest: Manifest) -> None:
    """Dividers, because they are what pynq writes into the registers when it loads the overlay."""
    system = system_of(manifest)
    first, second = divisors(system.pll_mhz, manifest.clock_mhz)
    parameters = {entry.get("NAME"): entry.get("VALUE") for entry in processor.iter("PARAMETER")}
    product = 1
    for k in range(2):
        name = system.divisor.format(i=0, k=k)
        value = parameters.get(name)
        if value is None or not value.isdecimal():
            raise wrong(path, name, "a divider", value)
        product *= int(value)
    if product != first * second:
        raise wrong(
            path,
            "divider of the fabric's clock",
            f"{first * second} for {manifest.clock_mhz:g} MHz",
            product,
        )
