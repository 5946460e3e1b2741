"""Studies: published accelerators, SpikePack against LIF, sweeps."""
