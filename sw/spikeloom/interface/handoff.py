"""The hardware handoff file (``.hwh``) of an overlay: what pynq reads beside a bitstream. Generated
from the register description.

It describes the processing system with its clocks, and the shell with its registers: as much as the
parsers of pynq 3.1 and 4.0 need.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as xml

from spikeloom.errors import SpikeLoomError
from spikeloom.interface.boards import find_board
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import (
    ADDRESS_WIDTH,
    COUNTERS,
    LOG,
    LOG_DEPTH,
    REGISTERS,
    Field,
    Register,
)

INSTANCE = "shell_0"
"""Name of the shell in the block design, so ``overlay.shell_0``."""

VLNV = "spikeloom:spikeloom:shell:1.0"

CONTROL = "s_axi_control"

AXI = "xilinx.com:interface:aximm:1.0"

ACCESS = {"ro": "read-only", "rw": "read-write", "wo": "write-only", "w1c": "read-write"}


@dataclass(frozen=True)
class System:
    """A processing system.

    Attributes
    ----------
    module: type of its IP core. vlnv: of that. master: its port to the shell's registers. base:
        address of the shell.
    pll, pll_mhz: the source of the fabric's clocks, and its frequency. enable, divisor, source:
        names of the parameters of clock {i}.
    frequency: name of the parameter with a clock's frequency.
    """

    module: str
    vlnv: str
    master: str
    base: int
    pll: str
    pll_mhz: float
    enable: str
    divisor: str
    source: str
    frequency: str


# pynq 4.0 looks for the frequency of a Zynq-7000's clock under the name that it has on ZynqMP, and
# cannot load an overlay without it.
SYSTEMS = {
    "xc7": System(
        module="processing_system7",
        vlnv="xilinx.com:ip:processing_system7:5.5",
        master="M_AXI_GP0",
        base=0x4000_0000,
        pll="IO PLL",
        pll_mhz=1000.0,
        enable="PCW_FPGA_FCLK{i}_ENABLE",
        divisor="PCW_FCLK{i}_PERIPHERAL_DIVISOR{k}",
        source="PCW_FCLK{i}_PERIPHERAL_CLKSRC",
        frequency="PSU__CRL_APB__PL{i}_REF_CTRL__ACT_FREQMHZ",
    ),
    "xcup": System(
        module="zynq_ultra_ps_e",
        vlnv="xilinx.com:ip:zynq_ultra_ps_e:3.5",
        master="M_AXI_HPM0_FPD",
        base=0xA000_0000,
        pll="IOPLL",
        pll_mhz=1499.985,
        enable="PSU__FPGA_PL{i}_ENABLE",
        divisor="PSU__CRL_APB__PL{i}_REF_CTRL__DIVISOR{k}",
        source="PSU__CRL_APB__PL{i}_REF_CTRL__SRCSEL",
        frequency="PSU__CRL_APB__PL{i}_REF_CTRL__ACT_FREQMHZ",
    ),
}
"""By the family of the board's FPGA."""


def system_of(manifest: Manifest) -> System:
    """The processing system of the board that a network was planned for."""
    return SYSTEMS[find_board(manifest.board).family]


def divisors(pll_mhz: float, clock_mhz: float) -> tuple[int, int]:
    """Two dividers of 1 to 63 for the fastest clock that is not faster than ``clock_mhz``.

    Raises SpikeLoomError where the clock is slower than they reach.
    """
    pairs = [
        (first, second)
        for first in range(1, 64)
        for second in range(1, first + 1)
        if pll_mhz / (first * second) <= clock_mhz * 1.0001
    ]
    if not pairs:
        raise SpikeLoomError(
            f"clock of {clock_mhz} MHz: expected {pll_mhz / 63**2:.3f} or more; plan with"
            " --clock-mhz"
        )
    return min(pairs, key=lambda pair: pair[0] * pair[1])


def clock_parameters(manifest: Manifest) -> dict[str, str]:
    """Parameters of the four clocks of the fabric; the first one runs."""
    system = system_of(manifest)
    first, second = divisors(system.pll_mhz, manifest.clock_mhz)
    found = {}
    for i in range(4):
        found[system.enable.format(i=i)] = str(int(i == 0))
        found[system.divisor.format(i=i, k=0)] = str(first)
        found[system.divisor.format(i=i, k=1)] = str(second)
        found[system.source.format(i=i)] = system.pll
        found[system.frequency.format(i=i)] = f"{system.pll_mhz / (first * second):.6f}"
    return found


def properties(parent: xml.Element, **values: str) -> None:
    for name, value in values.items():
        xml.SubElement(parent, "PROPERTY", NAME=name.upper(), VALUE=value)


def add_field(parent: xml.Element, field: Field, access: str) -> None:
    properties(
        xml.SubElement(parent, "FIELD", NAME=field.name),
        description=field.text,
        access=access,
        bit_offset=str(field.bit),
        bit_width=str(field.width),
    )


def add_register(parent: xml.Element, name: str, offset: int, register: Register) -> None:
    entry = xml.SubElement(parent, "REGISTER", NAME=name)
    access = ACCESS[register.access]
    properties(
        entry,
        description=register.text,
        address_offset=f"{offset:#x}",
        size=str(register.width),
        access=access,
        is_enabled="true",
    )
    fields = xml.SubElement(entry, "FIELDS")
    for field in register.fields:
        add_field(fields, field, access)


def single_registers() -> Iterable[tuple[str, int, Register]]:
    """Every register with its name and offset; the parts of a repeated one have a number each."""
    for register in REGISTERS:
        for k in range(register.count):
            name = register.name if register.count == 1 else f"{register.name}_{k}"
            yield name, register.offset + k * register.width // 8, register


def bus(parent: xml.Element, name: str, kind: str) -> None:
    xml.SubElement(
        parent,
        "BUSINTERFACE",
        NAME=name,
        TYPE=kind,
        VLNV=AXI,
        BUSNAME=f"{name}_net",
        DATAWIDTH="32",
    )


def module(parent: xml.Element, instance: str, vlnv: str, in_fabric: bool) -> xml.Element:
    _, _, kind, version = vlnv.split(":")
    fabric = str(in_fabric).upper()
    return xml.SubElement(
        parent,
        "MODULE",
        INSTANCE=instance,
        FULLNAME=f"/{instance}",
        MODTYPE=kind,
        VLNV=vlnv,
        HWVERSION=version,
        IS_PL=fabric,
    )


def shell(parent: xml.Element, manifest: Manifest) -> None:
    """The shell: its bus interfaces, its registers, and where counters and log begin."""
    entry = module(parent, INSTANCE, VLNV, in_fabric=True)
    blocks = xml.SubElement(entry, "ADDRESSBLOCKS")
    block = xml.SubElement(
        blocks,
        "ADDRESSBLOCK",
        NAME="reg0",
        INTERFACE=CONTROL,
        USAGE="register",
        RANGE=str(1 << ADDRESS_WIDTH),
        ACCESS="read-write",
    )
    registers = xml.SubElement(block, "REGISTERS")
    for name, offset, register in single_registers():
        add_register(registers, name, offset, register)
    parameters = xml.SubElement(entry, "PARAMETERS")
    for key, value in {
        "IDENTITY": manifest.identity,
        "COUNTERS": f"{COUNTERS:#x}",
        "LOG": f"{LOG:#x}",
        "LOG_DEPTH": str(LOG_DEPTH),
        "C_M_AXI_MEMORY_DATA_WIDTH": str(manifest.memory_width),
        "C_M_AXI_MEMORY_ADDR_WIDTH": str(manifest.address_width),
    }.items():
        xml.SubElement(parameters, "PARAMETER", NAME=key, VALUE=value)
    interfaces = xml.SubElement(entry, "BUSINTERFACES")
    bus(interfaces, CONTROL, "SLAVE")
    bus(interfaces, "m_axi_memory", "MASTER")


def hexadecimal(address: int) -> str:
    """As Vivado writes an address."""
    return f"0x{address:08X}"


def processing_system(parent: xml.Element, manifest: Manifest) -> None:
    """The processing system: its clocks, and the shell in its address map."""
    system = system_of(manifest)
    entry = module(parent, f"{system.module}_0", system.vlnv, in_fabric=False)
    parameters = xml.SubElement(entry, "PARAMETERS")
    for name, value in clock_parameters(manifest).items():
        xml.SubElement(parameters, "PARAMETER", NAME=name, VALUE=value)
    bus(xml.SubElement(entry, "BUSINTERFACES"), system.master, "MASTER")
    xml.SubElement(
        xml.SubElement(entry, "MEMORYMAP"),
        "MEMRANGE",
        ADDRESSBLOCK="reg0",
        BASENAME="C_BASEADDR",
        BASEVALUE=hexadecimal(system.base),
        HIGHNAME="C_HIGHADDR",
        HIGHVALUE=hexadecimal(system.base + (1 << ADDRESS_WIDTH) - 1),
        INSTANCE=INSTANCE,
        IS_DATA="TRUE",
        IS_INSTRUCTION="FALSE",
        MASTERBUSINTERFACE=system.master,
        MEMTYPE="REGISTER",
        SLAVEBUSINTERFACE=CONTROL,
    )


def hwh_text(manifest: Manifest) -> str:
    """The file's text, the same for the same manifest. Raises SpikeLoomError for a board or a clock
    that does not exist.
    """
    root = xml.Element("EDKSYSTEM", EDWVERSION="1.2", VIVADOVERSION="")
    xml.SubElement(root, "SYSTEMINFO", NAME="spikeloom")
    xml.SubElement(root, "EXTERNALPORTS")
    xml.SubElement(root, "EXTERNALINTERFACES")
    modules = xml.SubElement(root, "MODULES")
    processing_system(modules, manifest)
    shell(modules, manifest)
    xml.indent(root)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"
    )
