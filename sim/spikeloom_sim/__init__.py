"""SpikeLoom simulation: Verilated networks, benches and bus models."""
