"""IP cores of the block design: which parameters each has, and which pins appear with which
parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.sw.backend.vivado.options import TclFailure

CATALOGUE = {
    "processing_system7": ("xilinx.com:ip:processing_system7:5.5",),
    "zynq_ultra_ps_e": ("xilinx.com:ip:zynq_ultra_ps_e:3.4", "xilinx.com:ip:zynq_ultra_ps_e:3.10"),
    "proc_sys_reset": ("xilinx.com:ip:proc_sys_reset:5.0",),
    "smartconnect": ("xilinx.com:ip:smartconnect:1.0",),
}

# Names of UG585/PG082 and PG201, as far as a board's preset sets them.
PS7 = set(
    """
    PCW_USE_M_AXI_GP0 PCW_USE_M_AXI_GP1 PCW_USE_S_AXI_GP0 PCW_USE_S_AXI_HP0 PCW_USE_S_AXI_HP1
    PCW_S_AXI_HP0_DATA_WIDTH PCW_EN_CLK0_PORT
    PCW_EN_CLK1_PORT PCW_EN_RST0_PORT PCW_FPGA_FCLK0_ENABLE PCW_FPGA_FCLK1_ENABLE
    PCW_FPGA0_PERIPHERAL_FREQMHZ PCW_FCLK0_PERIPHERAL_CLKSRC
    PCW_CRYSTAL_PERIPHERAL_FREQMHZ PCW_APU_PERIPHERAL_FREQMHZ PCW_PRESET_BANK0_VOLTAGE
    PCW_PRESET_BANK1_VOLTAGE PCW_UIPARAM_DDR_FREQ_MHZ
    PCW_UIPARAM_DDR_BUS_WIDTH PCW_UIPARAM_DDR_PARTNO PCW_UIPARAM_DDR_DQS_TO_CLK_DELAY_0
    PCW_UIPARAM_DDR_BOARD_DELAY0
    PCW_QSPI_PERIPHERAL_ENABLE PCW_QSPI_GRP_SINGLE_SS_ENABLE
    PCW_QSPI_QSPI_IO PCW_UART0_PERIPHERAL_ENABLE PCW_UART0_UART0_IO PCW_ENET0_PERIPHERAL_ENABLE
    PCW_ENET0_ENET0_IO PCW_ENET0_GRP_MDIO_ENABLE PCW_ENET0_GRP_MDIO_IO
    PCW_USB0_PERIPHERAL_ENABLE PCW_USB0_USB0_IO
    PCW_SD0_PERIPHERAL_ENABLE PCW_SD0_SD0_IO PCW_SD0_GRP_CD_ENABLE PCW_SD0_GRP_CD_IO
    """.split()
)
PS8 = set(
    """
    PSU__USE__M_AXI_GP0 PSU__USE__M_AXI_GP1 PSU__USE__M_AXI_GP2 PSU__MAXIGP0__DATA_WIDTH
    PSU__USE__S_AXI_GP2 PSU__SAXIGP2__DATA_WIDTH
    PSU__FPGA_PL0_ENABLE PSU__CRL_APB__PL0_REF_CTRL__SRCSEL PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ
    PSU__USE__FABRIC__RST
    """.split()
)

PARAMETERS = {
    "processing_system7": PS7,
    "zynq_ultra_ps_e": PS8,
    "proc_sys_reset": {"C_EXT_RESET_HIGH", "C_AUX_RESET_HIGH", "C_NUM_PERP_ARESETN"},
    "smartconnect": {"NUM_SI", "NUM_MI", "NUM_CLKS", "HAS_ARESETN"},
    "shell": set(),
}

DEFAULTS = {
    # As it comes out of the catalogue; with the preset of the board both masters of the full power
    # domain are there.
    "zynq_ultra_ps_e": {
        "PSU__USE__M_AXI_GP0": "1",
        "PSU__USE__M_AXI_GP1": "1",
        "PSU__USE__M_AXI_GP2": "0",
        "PSU__FPGA_PL0_ENABLE": "1",
    },
    "processing_system7": {
        "PCW_USE_M_AXI_GP0": "1",
        "PCW_EN_CLK0_PORT": "1",
        "PCW_EN_RST0_PORT": "1",
        "PCW_FPGA_FCLK0_ENABLE": "1",
    },
}


@dataclass
class Core:
    """A cell of the block design."""

    name: str
    kind: str
    values: dict[str, str] = field(default_factory=dict)

    def set(self, name: str, value: str) -> None:
        if name not in PARAMETERS[self.kind]:
            raise TclFailure(
                f"[Common 17-54] The object 'bd_cell' does not have a property 'CONFIG.{name}'"
            )
        self.values[name] = value

    def on(self, name: str) -> bool:
        return {**DEFAULTS.get(self.kind, {}), **self.values}.get(name) == "1"

    def pins(self) -> dict[str, str]:
        """Pins by name: "O" drives, "I" must be driven, "i" may stay open."""
        found = PINS[self.kind](self)
        return {name: direction for name, direction, there in found if there}

    def interfaces(self) -> dict[str, str]:
        """Interfaces by name: "M" or "S"; "P" for pins of the chip."""
        return {name: mode for name, mode, there in INTERFACES[self.kind](self) if there}


Listed = list[tuple[str, str, bool]]


def ps7_pins(core: Core) -> Listed:
    clocked = core.on("PCW_EN_CLK0_PORT") and core.on("PCW_FPGA_FCLK0_ENABLE")
    return [
        ("FCLK_CLK0", "O", clocked),
        ("FCLK_RESET0_N", "O", core.on("PCW_EN_RST0_PORT")),
        ("M_AXI_GP0_ACLK", "I", core.on("PCW_USE_M_AXI_GP0")),
        ("S_AXI_HP0_ACLK", "I", core.on("PCW_USE_S_AXI_HP0")),
    ]


def ps7_interfaces(core: Core) -> Listed:
    return [
        ("DDR", "P", True),
        ("FIXED_IO", "P", True),
        ("M_AXI_GP0", "M", core.on("PCW_USE_M_AXI_GP0")),
        ("S_AXI_HP0", "S", core.on("PCW_USE_S_AXI_HP0")),
    ]


def ps8_pins(core: Core) -> Listed:
    return [
        ("pl_clk0", "O", core.on("PSU__FPGA_PL0_ENABLE")),
        ("pl_resetn0", "O", True),
        ("maxihpm0_fpd_aclk", "I", core.on("PSU__USE__M_AXI_GP0")),
        ("maxihpm1_fpd_aclk", "I", core.on("PSU__USE__M_AXI_GP1")),
        ("maxihpm0_lpd_aclk", "I", core.on("PSU__USE__M_AXI_GP2")),
        ("saxihp0_fpd_aclk", "I", core.on("PSU__USE__S_AXI_GP2")),
    ]


def ps8_interfaces(core: Core) -> Listed:
    return [
        ("M_AXI_HPM0_FPD", "M", core.on("PSU__USE__M_AXI_GP0")),
        ("M_AXI_HPM1_FPD", "M", core.on("PSU__USE__M_AXI_GP1")),
        ("M_AXI_HPM0_LPD", "M", core.on("PSU__USE__M_AXI_GP2")),
        ("S_AXI_HP0_FPD", "S", core.on("PSU__USE__S_AXI_GP2")),
    ]


def reset_pins(core: Core) -> Listed:
    outputs = (
        "mb_reset",
        "bus_struct_reset",
        "peripheral_reset",
        "interconnect_aresetn",
        "peripheral_aresetn",
    )
    inputs = [
        ("slowest_sync_clk", "I", True),
        ("ext_reset_in", "I", True),
        ("aux_reset_in", "i", True),
        ("dcm_locked", "i", True),
    ]
    return [*inputs, *((name, "O", True) for name in outputs)]


def connect_interfaces(core: Core) -> Listed:
    sources, sinks = int(core.values.get("NUM_SI", "2")), int(core.values.get("NUM_MI", "2"))
    return [
        *((f"S{k:02}_AXI", "S", True) for k in range(sources)),
        *((f"M{k:02}_AXI", "M", True) for k in range(sinks)),
    ]


def clocked_pins(core: Core) -> Listed:
    return [("aclk", "I", True), ("aresetn", "I", True)]


PINS: Mapping = {
    "processing_system7": ps7_pins,
    "zynq_ultra_ps_e": ps8_pins,
    "proc_sys_reset": reset_pins,
    "smartconnect": clocked_pins,
    "shell": clocked_pins,
}
INTERFACES: Mapping = {
    "processing_system7": ps7_interfaces,
    "zynq_ultra_ps_e": ps8_interfaces,
    "proc_sys_reset": lambda core: [],
    "smartconnect": connect_interfaces,
    "shell": lambda core: [("s_axi_control", "S", True), ("m_axi_memory", "M", True)],
}

SPACES = {"processing_system7": ("Data",), "zynq_ultra_ps_e": ("Data",), "shell": ("m_axi_memory",)}

SEGMENTS = {
    "processing_system7": {"S_AXI_HP0": ("HP0_DDR_LOWOCM",)},
    "zynq_ultra_ps_e": {"SAXIGP2": ("HP0_DDR_LOW", "HP0_DDR_HIGH", "HP0_LPS_OCM", "HP0_QSPI")},
    "shell": {"s_axi_control": ("reg0",)},
}
"""Address segments by the slave interface that they are behind."""
