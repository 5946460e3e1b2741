"""The board in simulation: the verilated shell under the real pynq classes."""
