"""Whether a network fits its board, and how deep its logic is: Yosys synthesises the emitted
Verilog, component by component.
"""
