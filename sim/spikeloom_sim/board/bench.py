"""The module around a shell in the simulated board: its ports as they are, with the reset
registered (as in ``spikeloom_sim.network.wrapper``).

Below a model of a processing system it has the same ports.
"""

from __future__ import annotations

from spikeloom.interface.registers import ADDRESS_WIDTH

from spikeloom_sim.network.wrapper import NAME

Ports = tuple[tuple[str, int], ...]
"""Name and width; the direction as the shell sees it is in the name of the constant."""


def control(way: str) -> Ports:
    """Ports of the register bus that the shell reads ("input") or drives ("output")."""
    inputs = {
        "awaddr": ADDRESS_WIDTH,
        "awprot": 3,
        "awvalid": 1,
        "wdata": 32,
        "wstrb": 4,
        "wvalid": 1,
        "bready": 1,
    }
    inputs |= {"araddr": ADDRESS_WIDTH, "arprot": 3, "arvalid": 1, "rready": 1}
    outputs = {
        "awready": 1,
        "wready": 1,
        "bresp": 2,
        "bvalid": 1,
        "arready": 1,
        "rdata": 32,
        "rresp": 2,
        "rvalid": 1,
    }
    return tuple(
        (f"s_axi_control_{name}", width)
        for name, width in (inputs if way == "input" else outputs).items()
    )


def memory(way: str, address_width: int, memory_width: int) -> Ports:
    """Ports of the memory bus that the shell reads ("input") or drives ("output")."""
    inputs = {"arready": 1, "rdata": memory_width, "rresp": 2, "rlast": 1, "rvalid": 1}
    inputs |= {"awready": 1, "wready": 1, "bresp": 2, "bvalid": 1}
    request = {
        "addr": address_width,
        "len": 8,
        "size": 3,
        "burst": 2,
        "cache": 4,
        "prot": 3,
        "valid": 1,
    }
    outputs = {f"a{kind}{name}": width for kind in "rw" for name, width in request.items()}
    outputs |= {
        "rready": 1,
        "wdata": memory_width,
        "wstrb": memory_width // 8,
        "wlast": 1,
        "wvalid": 1,
        "bready": 1,
    }
    return tuple(
        (f"m_axi_memory_{name}", width)
        for name, width in (inputs if way == "input" else outputs).items()
    )


def head(ports: dict[str, Ports]) -> list[str]:
    """The beginning of the module: its ports, the registered reset."""
    lines = [f"module {NAME}(", "  input aclk,", "  input aresetn,"]
    lines.append(
        ",\n".join(
            f"  {way} [{width - 1}:0] {name}"
            for way, group in ports.items()
            for name, width in group
        )
    )
    return [*lines, ");", "  reg resetn = 0;", "  always @(posedge aclk) resetn <= aresetn;"]


def bench(address_width: int, memory_width: int) -> str:
    """Verilog of the module ``bench`` around a module ``shell``."""
    ports = {
        way: control(way) + memory(way, address_width, memory_width) for way in ("input", "output")
    }
    names = [name for group in ports.values() for name, _ in group]
    lines = [*head(ports), "  shell shell("]
    lines.append(
        ",\n".join(
            f"    .{name}({value})"
            for name, value in (
                ("aclk", "aclk"),
                ("aresetn", "resetn"),
                *zip(names, names, strict=True),
            )
        )
    )
    return "\n".join([*lines, "  );", "endmodule", ""])


def ps7_bench(address_width: int, memory_width: int) -> str:
    """The same module around a module ``ps7_top``, which has no ports: the model of the processing
    system inside it has them.

    It reads what comes in by the names of this module; ``breach`` is what it saw go wrong.
    """
    ports = {
        way: control(way) + memory(way, address_width, memory_width) for way in ("input", "output")
    }
    ports["output"] += (("breach", 8),)
    lines = [
        *head(ports),
        "  ps7_top dut();",
        *(f"  assign {name} = dut.ps7.{name};" for name, _ in ports["output"]),
    ]
    return "\n".join([*lines, "endmodule", ""])
