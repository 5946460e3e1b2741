"""The primitive ``PS7``: its inputs by name and width (the names of Xilinx's libraries guide), and
what those rest at that nobody drives.

On this fabric an input without a wire reads 1. So every input that could act is tied: only those of
ports whose clock is left open, and so never ticks, are left open too.
"""

from __future__ import annotations

HIGH = 1
"""Rest of a line that is active low: the fabric never says that it is idle, serial lines idle
high.
"""

RESTS: dict[str, tuple[int, int]] = {
    "DDRARB": (4, 0),
    "EMIOCAN0PHYRX": (1, HIGH),
    "EMIOCAN1PHYRX": (1, HIGH),
    "EMIOENET0EXTINTIN": (1, 0),
    "EMIOENET1EXTINTIN": (1, 0),
    "EMIOENET0MDIOI": (1, HIGH),
    "EMIOENET1MDIOI": (1, HIGH),
    "EMIOGPIOI": (64, 0),
    "EMIOI2C0SCLI": (1, HIGH),
    "EMIOI2C0SDAI": (1, HIGH),
    "EMIOI2C1SCLI": (1, HIGH),
    "EMIOI2C1SDAI": (1, HIGH),
    "EMIOPJTAGTDI": (1, 0),
    "EMIOPJTAGTMS": (1, 0),
    "EMIOSDIO0CDN": (1, 0),
    "EMIOSDIO1CDN": (1, 0),
    "EMIOSDIO0CMDI": (1, 0),
    "EMIOSDIO1CMDI": (1, 0),
    "EMIOSDIO0DATAI": (4, 0),
    "EMIOSDIO1DATAI": (4, 0),
    "EMIOSDIO0WP": (1, 0),
    "EMIOSDIO1WP": (1, 0),
    "EMIOSPI0MI": (1, 0),
    "EMIOSPI1MI": (1, 0),
    "EMIOSPI0SI": (1, 0),
    "EMIOSPI1SI": (1, 0),
    "EMIOSPI0SSIN": (1, HIGH),
    "EMIOSPI1SSIN": (1, HIGH),
    "EMIOSRAMINTIN": (1, 0),
    **{
        f"EMIOUART{k}{line}": (1, HIGH if line == "RX" else 0)
        for k in (0, 1)
        for line in ("CTSN", "DCDN", "DSRN", "RIN", "RX")
    },
    "EMIOUSB0VBUSPWRFAULT": (1, 0),
    "EMIOUSB1VBUSPWRFAULT": (1, 0),
    "EVENTEVENTI": (1, 0),
    "FCLKCLKTRIGN": (4, 0),
    "FPGAIDLEN": (1, HIGH),
    "FTMTF2PDEBUG": (32, 0),
    "FTMTF2PTRIG": (4, 0),
    "FTMTP2FTRIGACK": (4, 0),
    "IRQF2P": (20, 0),
    "SAXIHP0RDISSUECAP1EN": (1, 0),
    "SAXIHP0WRISSUECAP1EN": (1, 0),
}
"""Inputs that are tied: width, value."""

CLOCKLESS = (
    *(f"DMA{k}" for k in range(4)),
    *(f"EMIOENET{k}GMII" for k in (0, 1)),
    "FTMDTRACEIN",
    "MAXIGP1",
    "SAXIACP",
    *(f"SAXIGP{k}" for k in (0, 1)),
    *(f"SAXIHP{k}" for k in (1, 2, 3)),
)
"""What the names of inputs begin with that belong to ports without a clock."""

CLOCKS = (
    "EMIOPJTAGTCK",
    "EMIOSDIO0CLKFB",
    "EMIOSDIO1CLKFB",
    "EMIOSPI0SCLKI",
    "EMIOSPI1SCLKI",
    "EMIOTRACECLK",
    "EMIOTTC0CLKI",
    "EMIOTTC1CLKI",
    "EMIOWDTCLKI",
)
"""Clocks of peripherals that this top does not use; open."""

GP, HP = "MAXIGP0", "SAXIHP0"
"""The port to the registers, and the port to memory."""

CONSTANT = {
    **{
        f"A{way}{name}": value
        for way in "RW"
        for name, value in {"ID": (6, 0), "SIZE": (2, 3), "BURST": (2, 1), "LOCK": (2, 0)}.items()
    },
    **{
        f"A{way}{name}": value
        for way in "RW"
        for name, value in {"CACHE": (4, 3), "PROT": (3, 0), "QOS": (4, 0)}.items()
    },
    "WID": (6, 0),
}
"""Signals of the port to memory that never change: full width, incrementing, one ID (WID is
AWID's), as the shell asks.
"""
