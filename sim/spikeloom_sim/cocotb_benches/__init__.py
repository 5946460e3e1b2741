"""cocotb benches of the emitted Verilog: the bare top, and the shell on AXI models."""
