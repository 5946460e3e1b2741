"""SpikeLoom hardware: the engine in Amaranth."""
