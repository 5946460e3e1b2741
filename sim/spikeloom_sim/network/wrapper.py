"""The module around a top in the fast simulation.

It registers the reset: as a register's output the reset no longer makes every next-state function
depend on an input of the model, which Verilator would evaluate a second time in each cycle. That is
worth a third of the speed.
"""

from __future__ import annotations

NAME = "bench"

STEPS = {"steps": 5}
INPUTS = {
    "s_axis_tvalid": 1,
    "s_axis_tlast": 1,
    "m_axis_tready": 1,
    "counter_address": 16,
    "counter_clear": 1,
}
OUTPUTS = {
    "s_axis_tready": 1,
    "m_axis_tdata": 32,
    "m_axis_tvalid": 1,
    "m_axis_tlast": 1,
    "counter_data": 64,
}


def wrapper(module: str, beat_bytes: int, steps: bool = False) -> str:
    """Verilog of the module ``bench`` with the ports of ``module``, whose input beats have so many
    bytes.

    steps: whether the number of time steps can be chosen; the bench has the port anyhow.
    """
    inputs = {"s_axis_tdata": 8 * beat_bytes, **INPUTS, **STEPS}
    ports = ["input clk", "input rst"]
    ports += [
        f"{way} [{width - 1}:0] {name}"
        for way, group in (("input", inputs), ("output", OUTPUTS))
        for name, width in group.items()
    ]
    wires = [".clk(clk)", ".rst(reset)"] + [
        f".{name}({name})" for name in (*inputs, *OUTPUTS) if steps or name not in STEPS
    ]
    lines = [
        f"module {NAME}(",
        ",\n".join(f"  {port}" for port in ports),
        ");",
        "  reg reset = 1;",
        "  always @(posedge clk) reset <= rst;",
    ]
    return "\n".join(
        [
            *lines,
            f"  {module} top(",
            ",\n".join(f"    {wire}" for wire in wires),
            "  );",
            "endmodule",
            "",
        ]
    )
