"""The emitted network in Verilator: a shared library with the loop over cycles in C++."""
