"""The same network as C++ for Vitis HLS: generated, compiled, simulated, compared."""
